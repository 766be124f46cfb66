package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// outboxSlice is the time that one partition of the outbox covers.
	outboxSlice = 10 * time.Minute
	// outboxAhead and messagesAhead are how many partitions exist before they are needed. What no partition covers goes
	// to the default one, which is slower to clean but loses nothing.
	outboxAhead   = 12
	messagesAhead = 2
	// partitionLockWait bounds how long making or dropping one may wait for running statements, and others for it.
	partitionLockWait = 2 * time.Second
)

const sliceName = "outbox_20060102t1504"

// MakePartitions makes the partitions that will be needed next and do not exist.
func (s *Store) MakePartitions(ctx context.Context, now time.Time) error {
	start := now.UTC().Truncate(outboxSlice)
	for i := range outboxAhead {
		from := start.Add(time.Duration(i) * outboxSlice)
		err := s.makePartition(ctx, from.Format(sliceName), "outbox", from.Format(time.RFC3339), from.Add(outboxSlice).Format(time.RFC3339))
		if err != nil {
			return err
		}
	}
	month := time.Date(now.UTC().Year(), now.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	for range messagesAhead + 1 {
		next := month.AddDate(0, 1, 0)
		err := s.makePartition(ctx, month.Format("messages_200601"), "messages",
			snowflake.FromTime(month).String(), snowflake.FromTime(next).String())
		if err != nil {
			return err
		}
		month = next
	}
	return nil
}

// makePartition makes one partition. A range that the default partition has rows of already stays there: they would have
// to be moved under a lock that stops all writes.
func (s *Store) makePartition(ctx context.Context, name, parent, from, to string) error {
	err := s.withLockWait(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, fmt.Sprintf(`create table if not exists %s partition of %s for values from ('%s') to ('%s')`,
			pgx.Identifier{name}.Sanitize(), pgx.Identifier{parent}.Sanitize(), from, to))
		return err
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23514" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make partition %s: %w", name, err)
	}
	return nil
}

func (s *Store) withLockWait(ctx context.Context, fn func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, fmt.Sprintf(`set local lock_timeout = %d`, partitionLockWait.Milliseconds())); err != nil {
			return err
		}
		return fn(tx)
	})
}

// SaveMark keeps how far the relay has come: every event committed before it is in Redis, or was.
func (s *Store) SaveMark(ctx context.Context, mark Mark) error {
	_, err := s.pool.Exec(ctx, `insert into relay_mark (mark) values ($1::xid8)
		on conflict (one) do update set mark = greatest(relay_mark.mark, excluded.mark)`, string(mark))
	if err != nil {
		return fmt.Errorf("save the relay's mark: %w", err)
	}
	return nil
}

// DropOutbox drops the slices of the outbox that ended before the moment and hold nothing that the relay has yet to send,
// and deletes such rows from the default partition. It returns how many slices were dropped.
func (s *Store) DropOutbox(ctx context.Context, before time.Time) (dropped int, err error) {
	slices, err := s.outboxSlices(ctx)
	if err != nil {
		return 0, err
	}
	for _, name := range slices {
		from, err := time.Parse(sliceName, name)
		if err != nil || from.Add(outboxSlice).After(before) {
			continue
		}
		table := pgx.Identifier{name}.Sanitize()
		var unsent bool
		err = s.pool.QueryRow(ctx, `select exists (select from `+table+` where xid >= coalesce((select mark from relay_mark), '0'))`).
			Scan(&unsent)
		if err != nil {
			return dropped, fmt.Errorf("look into %s: %w", name, err)
		}
		if unsent {
			continue
		}
		err = s.withLockWait(ctx, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `drop table `+table)
			return err
		})
		if err != nil {
			return dropped, fmt.Errorf("drop %s: %w", name, err)
		}
		dropped++
	}
	_, err = s.pool.Exec(ctx, `delete from outbox_default where created_at < $1 and xid < (select mark from relay_mark)`, before)
	if err != nil {
		return dropped, fmt.Errorf("clean outbox_default: %w", err)
	}
	return dropped, nil
}

func (s *Store) outboxSlices(ctx context.Context) ([]string, error) {
	rows, err := s.pool.Query(ctx, `select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
		where i.inhparent = 'outbox'::regclass order by c.relname`)
	if err != nil {
		return nil, fmt.Errorf("list slices of the outbox: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list slices of the outbox: %w", err)
	}
	sliced := names[:0]
	for _, name := range names {
		if strings.HasPrefix(name, "outbox_2") {
			sliced = append(sliced, name)
		}
	}
	return sliced, nil
}
