package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Export is an archive of what is kept about a user, or the wish for one.
type Export struct {
	ID         snowflake.ID  `json:"id"`
	UserID     snowflake.ID  `json:"user_id"`
	AskedBy    *snowflake.ID `json:"asked_by"` // an administrator; nil: the user, or the command line
	State      string        `json:"state"`    // waiting, ready or failed
	Size       int64         `json:"size"`     // bytes
	CreatedAt  time.Time     `json:"created_at"`
	FinishedAt *time.Time    `json:"finished_at"`
	ExpiresAt  *time.Time    `json:"expires_at"`
}

// ExportReady is the state of an export that can be downloaded.
const ExportReady = "ready"

// ErrExportTooSoon is returned to who asks for another export while one is waited for, or too soon after the last.
var ErrExportTooSoon = errors.New("an export has been asked for already")

const exportColumns = `id, user_id, asked_by, state, size, created_at, finished_at, expires_at`

func scanExport(row pgx.Row) (e Export, err error) {
	return e, row.Scan(&e.ID, &e.UserID, &e.AskedBy, &e.State, &e.Size, &e.CreatedAt, &e.FinishedAt, &e.ExpiresAt)
}

// AskExport notes that an export of a user's data is wanted. ErrExportTooSoon while another is waited for, or was asked for
// within every and did not fail; ErrNotFound for bots and deleted accounts.
func (s *Store) AskExport(ctx context.Context, user snowflake.ID, by *snowflake.ID, every time.Duration) (made Export, err error) {
	err = s.Change(ctx, func(tx *Tx) error {
		// The lock makes two who ask at once wait for each other.
		if err := found(tx.Exec(ctx, `select from users where id = $1 and not bot and deleted_at is null for no key update`, user)); err != nil {
			return err
		}
		var soon bool
		err := tx.QueryRow(ctx, `select exists (select from data_exports where user_id = $1
			and (state = 'waiting' or state = 'ready' and created_at > now() - $2::interval))`, user, every).Scan(&soon)
		if err != nil {
			return err
		}
		if soon {
			return ErrExportTooSoon
		}
		made, err = scanExport(tx.QueryRow(ctx, `insert into data_exports (id, user_id, asked_by) values ($1, $2, $3)
			returning `+exportColumns, tx.NewID(), user, by))
		return err
	})
	if err != nil {
		return made, fmt.Errorf("ask for an export of user %s: %w", user, err)
	}
	return made, nil
}

// Exports returns a user's exports, newest first.
func (s *Store) Exports(ctx context.Context, user snowflake.ID, limit int) ([]Export, error) {
	list, err := collect(ctx, s.pool, scanExport, `select `+exportColumns+` from data_exports where user_id = $1
		order by id desc limit $2`, user, limit)
	if err != nil {
		return nil, fmt.Errorf("exports of user %s: %w", user, err)
	}
	return list, nil
}

// Export returns an export that has not expired.
func (s *Store) Export(ctx context.Context, id snowflake.ID) (Export, error) {
	e, err := scanExport(s.pool.QueryRow(ctx, `select `+exportColumns+` from data_exports
		where id = $1 and (expires_at is null or expires_at > now())`, id))
	if err != nil {
		return e, fmt.Errorf("export %s: %w", id, notFound(err))
	}
	return e, nil
}

// TakeExport returns the export that has been due longest and counts an attempt at it, and puts it off until retry: who takes
// it and dies leaves it to the next. One that was attempted most times has failed. ErrNotFound if nothing is due.
func (s *Store) TakeExport(ctx context.Context, retry time.Duration, most int) (e Export, err error) {
	_, err = s.pool.Exec(ctx, `update data_exports set state = 'failed', finished_at = now(), expires_at = now() + interval '7 days'
		where state = 'waiting' and due <= now() and attempts >= $1`, most)
	if err == nil {
		e, err = scanExport(s.pool.QueryRow(ctx, `update data_exports set attempts = attempts + 1, due = now() + $1::interval
			where id = (select id from data_exports where state = 'waiting' and expires_at is null and due <= now() order by due limit 1 for update skip locked)
			returning `+exportColumns, retry))
	}
	if err != nil {
		return e, fmt.Errorf("take export: %w", notFound(err))
	}
	return e, nil
}

// FinishExport notes that the archive is there; ErrNotFound if the export has gone meanwhile.
func (s *Store) FinishExport(ctx context.Context, id snowflake.ID, size int64, lifetime time.Duration) error {
	err := found(s.pool.Exec(ctx, `update data_exports set state = 'ready', size = $2, finished_at = now(), expires_at = now() + $3::interval
		where id = $1 and state = 'waiting' and expires_at is null`, id, size, lifetime))
	if err != nil {
		return fmt.Errorf("finish export %s: %w", id, err)
	}
	return nil
}

// ExpiredExports returns the ids of exports that are to go.
func (s *Store) ExpiredExports(ctx context.Context, limit int) ([]snowflake.ID, error) {
	ids, err := collect(ctx, s.pool, scanID, `select id from data_exports where expires_at <= now() order by expires_at limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("expired exports: %w", err)
	}
	return ids, nil
}

// DropExport forgets an export whose archive is gone.
func (s *Store) DropExport(ctx context.Context, id snowflake.ID) error {
	if _, err := s.pool.Exec(ctx, `delete from data_exports where id = $1`, id); err != nil {
		return fmt.Errorf("drop export %s: %w", id, err)
	}
	return nil
}

// UntoldExport takes an export whose user has not been told that it is ready, and the user's address. ErrNotFound if there is
// none.
func (s *Store) UntoldExport(ctx context.Context) (e Export, address string, err error) {
	err = s.pool.QueryRow(ctx, `update data_exports d set told_at = now() from users u where u.id = d.user_id and d.id = (
			select id from data_exports where state = 'ready' and told_at is null order by id limit 1 for update skip locked)
		returning d.id, d.user_id, d.expires_at, coalesce(u.email, '')`).Scan(&e.ID, &e.UserID, &e.ExpiresAt, &address)
	if err != nil {
		return e, "", fmt.Errorf("untold export: %w", notFound(err))
	}
	return e, address, nil
}

// ExportUntold takes back that the user has been told.
func (s *Store) ExportUntold(ctx context.Context, id snowflake.ID) error {
	if _, err := s.pool.Exec(ctx, `update data_exports set told_at = null where id = $1`, id); err != nil {
		return fmt.Errorf("export %s was not told: %w", id, err)
	}
	return nil
}
