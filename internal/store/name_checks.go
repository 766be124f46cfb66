package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/snowflake"
)

// NameCheck is a member whose names auto-moderation has yet to judge. The database makes it, by triggers, whichever way the
// name changes.
type NameCheck struct {
	User  snowflake.ID
	Event string // "guild_join" or "username_update"; empty: the rules have changed
}

// NameCheckGuilds returns guilds that have names to judge, those first that have waited longest.
func (s *Store) NameCheckGuilds(ctx context.Context, limit int) ([]snowflake.ID, error) {
	guilds, err := collect(ctx, s.pool, scanID, `select guild_id from name_checks group by guild_id order by min(since) limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("guilds with names to judge: %w", err)
	}
	return guilds, nil
}

// TakeNameChecks ends the wait of some members of a guild, which must be held, and returns them. It waits for whoever is just
// renaming them, so that what they are called afterwards is their name.
func (tx *Tx) TakeNameChecks(ctx context.Context, guild snowflake.ID, limit int) ([]NameCheck, error) {
	taken, err := collect(ctx, tx, func(row pgx.Row) (c NameCheck, err error) { return c, row.Scan(&c.User, &c.Event) },
		`delete from name_checks where guild_id = $1 and user_id = any(array(
			select user_id from name_checks where guild_id = $1 order by since, user_id limit $2))
		returning user_id, coalesce(event, '')`, guild, limit)
	if err != nil {
		return nil, fmt.Errorf("names to judge in guild %s: %w", guild, err)
	}
	return taken, nil
}

// DropNameChecks forgets those of a guild that is gone.
func (s *Store) DropNameChecks(ctx context.Context, guild snowflake.ID) error {
	_, err := s.pool.Exec(ctx, `delete from name_checks where guild_id = $1 and not exists (select from guilds where id = $1)`, guild)
	if err != nil {
		return fmt.Errorf("drop names: %w", err)
	}
	return nil
}
