package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// CommandIndex is what can be invoked somewhere, and by which applications.
type CommandIndex struct {
	Version      snowflake.ID
	Applications []discord.Application
	Commands     []discord.Command
	Permissions  []discord.CommandPermissions
}

// indexSize bounds how many applications an index has; the oldest come first.
const indexSize = 200

// GuildCommandIndex returns the commands of the applications that were added to a guild: those that are everywhere, and the
// guild's own.
func (s *Store) GuildCommandIndex(ctx context.Context, guild snowflake.ID) (*CommandIndex, error) {
	return s.commandIndex(ctx, guild, `a.id in (select application_id from integrations where guild_id = $1)`, guild)
}

// ApplicationCommandIndex returns the commands of one application: those that are everywhere, and those of a guild unless
// that is 0.
func (s *Store) ApplicationCommandIndex(ctx context.Context, app, guild snowflake.ID) (*CommandIndex, error) {
	return s.commandIndex(ctx, guild, `a.id = $1`, app)
}

// DirectCommandIndex returns the commands of the bots among the users: those that are everywhere.
func (s *Store) DirectCommandIndex(ctx context.Context, users []snowflake.ID) (*CommandIndex, error) {
	return s.commandIndex(ctx, 0, `a.bot_id = any($1)`, users)
}

func (s *Store) commandIndex(ctx context.Context, guild snowflake.ID, which string, arg any) (*CommandIndex, error) {
	index := &CommandIndex{}
	var ids []snowflake.ID
	err := s.pool.QueryRow(ctx, `select coalesce(array_agg(id), '{}'), coalesce(max(commands_version), 0) from (
		select a.id, a.commands_version from applications a where `+which+` order by a.id limit $2) as which`, arg, indexSize).
		Scan(&ids, &index.Version)
	if err != nil {
		return nil, fmt.Errorf("applications of a command index: %w", err)
	}
	if len(ids) == 0 {
		return index, nil
	}
	if index.Applications, err = applications(ctx, s.pool, `a.id = any($1)`, ids); err != nil {
		return nil, err
	}
	b := &pgx.Batch{}
	b.Queue(`select `+commandColumns+` from commands c where c.application_id = any($1) and coalesce(c.guild_id, 0) in (0, $2)
		order by c.id`, ids, guild).Query(collectInto(&index.Commands, scanCommand))
	b.Queue(`select target_id, application_id, guild_id, permissions from command_permissions
		where application_id = any($1) and guild_id = $2`, ids, guild).Query(collectInto(&index.Permissions, scanCommandPermissions))
	if err := s.pool.SendBatch(ctx, b).Close(); err != nil {
		return nil, fmt.Errorf("command index: %w", err)
	}
	return index, nil
}

// UserCommandIndex returns the commands of the applications that a user has installed: those that are everywhere.
func (s *Store) UserCommandIndex(ctx context.Context, user snowflake.ID) (*CommandIndex, error) {
	return s.commandIndex(ctx, 0, `a.id in (select application_id from oauth2_authorizations where user_id = $1 and user_install)`, user)
}
