package store_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/pgtest"
	"guildhall.chat/guildhall/internal/store"
)

func TestExpireLogins(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dsn := pgtest.New(t, store.Migrate)
	s, err := store.Open(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	db, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(ctx) }()
	const user = 1
	old, fresh := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	for _, row := range []struct {
		session  int
		expires  time.Time
		lastUsed string
	}{
		{10, old, "2 hours"},  // over
		{11, fresh, "2 days"}, // may still be refreshed
		{12, old, "1 minute"}, // its access token may still be good
	} {
		b := &pgx.Batch{}
		b.Queue(`insert into users (id, username) values ($1, 'person') on conflict do nothing`, user)
		b.Queue(`insert into auth_sessions (id, user_id, last_used) values ($1, $2, now() - $3::text::interval)`,
			row.session, user, row.lastUsed)
		b.Queue(`insert into refresh_tokens (hash, session_id, expires_at) values (int8send($1::bigint), $1::bigint, $2)`,
			row.session, row.expires)
		b.Queue(`insert into email_verifications (hash, user_id, email, expires_at) values (int8send($1::bigint), $2, '', $3)`,
			row.session, user, row.expires)
		if err := db.SendBatch(ctx, b).Close(); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := s.ExpireLogins(ctx)
	if err != nil || removed != 5 {
		t.Errorf("%d rows removed, %v", removed, err)
	}
	var sessions []int64
	if err := db.QueryRow(ctx, `select array_agg(id order by id) from auth_sessions`).Scan(&sessions); err != nil {
		t.Fatal(err)
	}
	if len(sessions) != 2 || sessions[0] != 11 || sessions[1] != 12 {
		t.Errorf("logins left: %v", sessions)
	}
	if again, err := s.ExpireLogins(ctx); err != nil || again != 0 {
		t.Errorf("again: %d, %v", again, err)
	}
}
