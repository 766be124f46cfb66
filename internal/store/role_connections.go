package store

import (
	"context"
	"errors"
	"fmt"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// RoleConnectionMetadata returns what an application can say of users.
func (s *Store) RoleConnectionMetadata(ctx context.Context, app snowflake.ID) ([]discord.RoleConnectionMetadata, error) {
	list := []discord.RoleConnectionMetadata{}
	err := s.pool.QueryRow(ctx, `select role_connections_metadata from applications where id = $1`, app).Scan(&list)
	if err != nil {
		return nil, fmt.Errorf("role connections of application %s: %w", app, notFound(err))
	}
	return list, nil
}

// SetRoleConnectionMetadata replaces what an application can say of users.
func (tx *Tx) SetRoleConnectionMetadata(ctx context.Context, app snowflake.ID, list []discord.RoleConnectionMetadata) error {
	err := found(tx.Exec(ctx, `update applications set role_connections_metadata = $2 where id = $1`, app, list))
	if err != nil {
		return fmt.Errorf("set role connections of application %s: %w", app, err)
	}
	return nil
}

// RoleConnection returns what an application says of a user; nothing is said of most.
func (s *Store) RoleConnection(ctx context.Context, app, user snowflake.ID) (discord.RoleConnection, error) {
	c := discord.RoleConnection{Metadata: map[string]string{}}
	err := s.pool.QueryRow(ctx, `select coalesce(platform_name, ''), platform_username, metadata from role_connections
		where application_id = $1 and user_id = $2`, app, user).Scan(&c.PlatformName, &c.PlatformUsername, &c.Metadata)
	if err = notFound(err); err != nil && !errors.Is(err, ErrNotFound) {
		return c, fmt.Errorf("role connection of user %s: %w", user, err)
	}
	return c, nil
}

// SetRoleConnection replaces what an application says of a user.
func (tx *Tx) SetRoleConnection(ctx context.Context, app, user snowflake.ID, c discord.RoleConnection) error {
	_, err := tx.Exec(ctx, `
		insert into role_connections (application_id, user_id, platform_name, platform_username, metadata)
		values ($1, $2, nullif($3, ''), $4, $5)
		on conflict (application_id, user_id) do update set platform_name = excluded.platform_name,
			platform_username = excluded.platform_username, metadata = excluded.metadata`,
		app, user, c.PlatformName, c.PlatformUsername, c.Metadata)
	if err != nil {
		return fmt.Errorf("set role connection of user %s: %w", user, err)
	}
	return nil
}

// DeleteRoleConnection makes an application say nothing of a user.
func (tx *Tx) DeleteRoleConnection(ctx context.Context, app, user snowflake.ID) error {
	_, err := tx.Exec(ctx, `delete from role_connections where application_id = $1 and user_id = $2`, app, user)
	if err != nil {
		return fmt.Errorf("delete role connection of user %s: %w", user, err)
	}
	return nil
}
