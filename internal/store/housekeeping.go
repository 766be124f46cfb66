package store

import (
	"context"
	"fmt"
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// deleteBatch bounds how many rows one statement deletes, and so how long it holds their locks.
	deleteBatch = 1000
	// auditKept is how long entries of audit logs are kept.
	// https://discord.com/developers/docs/resources/audit-log
	auditKept = 45 * 24 * time.Hour
)

// deleteBatches deletes the rows of a table that meet a condition, in small statements.
func (s *Store) deleteBatches(ctx context.Context, table, condition string, args ...any) (deleted int64, err error) {
	statement := fmt.Sprintf(`delete from %s where ctid = any(array(select ctid from %[1]s where %s limit %d))`,
		table, condition, deleteBatch)
	for {
		tag, err := s.pool.Exec(ctx, statement, args...)
		if err != nil {
			return deleted, fmt.Errorf("delete from %s: %w", table, err)
		}
		deleted += tag.RowsAffected()
		if tag.RowsAffected() < deleteBatch {
			return deleted, nil
		}
	}
}

// ExpireLogins removes refresh tokens and mail verifications that are too old to be used, and the logins that nobody can
// use any more. It returns how many rows went.
func (s *Store) ExpireLogins(ctx context.Context) (removed int64, err error) {
	return s.deleteAll(ctx, []expiry{
		{table: "refresh_tokens", condition: `expires_at < now()`},
		{table: "email_verifications", condition: `expires_at < now()`},
		{table: "password_resets", condition: `expires_at < now()`},
		{table: "login_tickets", condition: `expires_at < now()`},
		// The last access token lives for minutes after the last refresh.
		{table: "auth_sessions", condition: `last_used < now() - interval '1 hour'
			and not exists (select from refresh_tokens r where r.session_id = auth_sessions.id)`},
	})
}

// ExpireRecords removes invites that have expired and entries of audit logs past 45 days. It returns how many rows went.
func (s *Store) ExpireRecords(ctx context.Context) (removed int64, err error) {
	return s.deleteAll(ctx, []expiry{
		{table: "invites", condition: `expires_at < now()`},
		{table: "registration_invitations", condition: `expires_at < now()`},
		{table: "message_mentions", condition: `message_id < $1`, args: []any{snowflake.FromTime(time.Now().Add(-mentionsKept))}},
		{table: "dismissed_mentions", condition: `message_id < $1`, args: []any{snowflake.FromTime(time.Now().Add(-recentMentions))}},
		{table: "audit_log", condition: `id < $1`, args: []any{snowflake.FromTime(time.Now().Add(-auditKept))}},
	})
}

// expiry says which rows of a table are of no use any more.
type expiry struct {
	table, condition string
	args             []any
}

func (s *Store) deleteAll(ctx context.Context, list []expiry) (removed int64, err error) {
	for _, e := range list {
		n, err := s.deleteBatches(ctx, e.table, e.condition, e.args...)
		removed += n
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}
