package store

import (
	"context"
	"errors"
	"fmt"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// ErrOwnsGuilds is returned for an account that can't be deleted yet: its guilds need another owner, or to be deleted.
var ErrOwnsGuilds = errors.New("account owns guilds")

// DisableAccount ends a user's logins, and keeps new ones from being made until EnableAccount.
func (tx *Tx) DisableAccount(ctx context.Context, user snowflake.ID) ([]AccountEpoch, error) {
	if err := found(tx.Exec(ctx, `update users set disabled_at = now() where id = $1 and not bot`, user)); err != nil {
		return nil, fmt.Errorf("disable user %s: %w", user, err)
	}
	return tx.EndAccess(ctx, user)
}

// EnableAccount undoes DisableAccount for a user whose password has been verified; ErrNotFound if it has been changed since.
func (tx *Tx) EnableAccount(ctx context.Context, verified Password) error {
	err := found(tx.Exec(ctx, `update users set disabled_at = null where id = $1 and password_hash = $2`, verified.User, verified.Hash))
	if err != nil {
		return fmt.Errorf("enable user %s: %w", verified.User, err)
	}
	return nil
}

// DeleteAccount makes an account a nameless one at once: nobody can use it, and nothing tells whose it was. What the user wrote
// stays. The user's applications go; LeaveAll does the rest. ErrOwnsGuilds, ErrNotFound.
func (tx *Tx) DeleteAccount(ctx context.Context, user snowflake.ID) ([]AccountEpoch, error) {
	// For update: a guild that is just being made for this owner waits, or is seen below.
	if err := found(tx.Exec(ctx, `select from users where id = $1 and not bot and deleted_at is null for update`, user)); err != nil {
		return nil, fmt.Errorf("delete user %s: %w", user, err)
	}
	var owner bool
	if err := tx.QueryRow(ctx, `select exists (select from guilds where owner_id = $1)`, user).Scan(&owner); err != nil {
		return nil, fmt.Errorf("guilds of user %s: %w", user, err)
	}
	if owner {
		return nil, fmt.Errorf("delete user %s: %w", user, ErrOwnsGuilds)
	}
	ended, err := tx.EndAccess(ctx, user)
	if err != nil {
		return nil, err
	}
	self, err := tx.SelfUser(ctx, user)
	if err != nil {
		return nil, err
	}
	deletedUser(&self)
	if err := tx.UpdateSelf(ctx, self, true); err != nil {
		return nil, err
	}
	// Bots are left without an application, hence without a token: with their owner they leave.
	_, err = tx.Exec(ctx, `update users set deleted_at = now(), password_hash = null, date_of_birth = null, admin = false,
			disabled_at = null, mfa_enabled = false, totp_sealed = null
		where id = $1 or id in (select bot_id from applications where owner_id = $1)`, user)
	if err != nil {
		return nil, fmt.Errorf("delete user %s: %w", user, err)
	}
	// The worker removes the archives.
	if _, err := tx.Exec(ctx, `update data_exports set expires_at = now() where user_id = $1`, user); err != nil {
		return nil, fmt.Errorf("end exports of user %s: %w", user, err)
	}
	for _, table := range personal {
		if _, err := tx.Exec(ctx, `delete from `+table+` where `+ownerColumn(table)+` = $1`, user); err != nil {
			return nil, fmt.Errorf("delete %s of user %s: %w", table, user, err)
		}
	}
	return ended, nil
}

// personal are tables of what is nobody's business but the user's.
var personal = []string{
	"auth_sessions", "email_verifications", "password_resets", "login_tickets", "backup_codes", "user_settings",
	"user_settings_protos", "user_guild_settings", "user_notes", "read_states", "role_connections",
	"oauth2_authorizations", "applications",
}

func ownerColumn(table string) string {
	if table == "applications" {
		return "owner_id"
	}
	return "user_id"
}

// Leaving returns deleted accounts for which LeaveAll has work.
func (s *Store) Leaving(ctx context.Context, limit int) ([]snowflake.ID, error) {
	ids, err := collect(ctx, s.pool, scanID, `select id from users u where deleted_at is not null and (
		exists (select from members where user_id = u.id) or exists (select from relationships where user_id = u.id)) limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("deleted accounts: %w", err)
	}
	return ids, nil
}

// LeaveAll takes a deleted account out of its guilds and of others' lists of friends, a part of them in each change.
func (s *Store) LeaveAll(ctx context.Context, user snowflake.ID) error {
	guilds, err := s.GuildsOf(ctx, user)
	if err != nil {
		return err
	}
	for _, guild := range guilds {
		err := s.Change(ctx, func(tx *Tx) error {
			_, err := tx.RemoveMember(ctx, guild, user)
			return err
		})
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	others, err := collect(ctx, s.pool, scanID, `select other_id from relationships where user_id = $1`, user)
	if err != nil {
		return fmt.Errorf("relationships of user %s: %w", user, err)
	}
	for _, other := range others {
		if err := s.Change(ctx, func(tx *Tx) error { return tx.part(ctx, user, other) }); err != nil {
			return err
		}
	}
	return nil
}

// part ends what two users are to each other.
func (tx *Tx) part(ctx context.Context, user, other snowflake.ID) error {
	pair, err := tx.HoldPair(ctx, user, other)
	if err != nil {
		return err
	}
	if pair.Theirs.Type == discord.RelationshipFriend || pair.Theirs.Type == discord.RelationshipIncoming ||
		pair.Theirs.Type == discord.RelationshipOutgoing {
		if err := tx.Unrelate(ctx, other, pair.Theirs); err != nil {
			return err
		}
	}
	return tx.Unrelate(ctx, user, pair.Mine)
}
