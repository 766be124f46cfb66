package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Guest is a temporary member.
type Guest struct{ Guild, User snowflake.ID }

// guest is the condition of a member whom nobody has made a lasting one.
const guest = `temporary and roles = '{}'`

// Guests returns a page of those who have been temporary members for longer than grace.
func (s *Store) Guests(ctx context.Context, after Guest, grace time.Duration, limit int) ([]Guest, error) {
	rows, err := s.pool.Query(ctx, `select guild_id, user_id from members
		where `+guest+` and (guild_id, user_id) > ($1, $2) and joined_at < now() - make_interval(secs => $3)
		order by guild_id, user_id limit $4`, after.Guild, after.User, grace.Seconds(), limit)
	if err != nil {
		return nil, fmt.Errorf("temporary members: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Guest])
}

// StillGuest locks the guild and reports whether the member is a temporary one yet.
func (tx *Tx) StillGuest(ctx context.Context, g Guest) (still bool, err error) {
	if err := tx.LockGuild(ctx, g.Guild); errors.Is(err, ErrNotFound) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	err = tx.QueryRow(ctx, `select exists (select from members where guild_id = $1 and user_id = $2 and `+guest+`)`,
		g.Guild, g.User).Scan(&still)
	if err != nil {
		return false, fmt.Errorf("temporary member %s: %w", g.User, err)
	}
	return still, nil
}
