package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/snowflake"
)

// LoginInfo is a login as its user sees it.
type LoginInfo struct {
	Session   snowflake.ID
	UserAgent string
	LastUsed  time.Time
}

// Logins returns a user's logins that have not ended, those used last first.
func (s *Store) Logins(ctx context.Context, user snowflake.ID, limit int) ([]LoginInfo, error) {
	scan := func(row pgx.Row) (l LoginInfo, err error) { return l, row.Scan(&l.Session, &l.UserAgent, &l.LastUsed) }
	list, err := collect(ctx, s.pool, scan, `select id, user_agent, last_used from auth_sessions
		where user_id = $1 and revoked_at is null order by last_used desc, id desc limit $2`, user, limit)
	if err != nil {
		return nil, fmt.Errorf("logins of user %s: %w", user, err)
	}
	return list, nil
}

// EndLogins ends some of a user's logins and returns the user's new epoch.
func (tx *Tx) EndLogins(ctx context.Context, user snowflake.ID, sessions []snowflake.ID) (epoch int64, err error) {
	if epoch, err = tx.credentialsChanged(ctx, user); err != nil {
		return 0, err
	}
	_, err = tx.endLogins(ctx, `id = any($2)`, user, sessions)
	return epoch, err
}
