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
	partitionLockWait = time.Second
)

const (
	sliceName = "outbox_20060102t1504"
	monthName = "messages_200601"
)

// beginner is what partitions are made on: the pool, or a migration's connection.
type beginner interface {
	querier
	Begin(ctx context.Context) (pgx.Tx, error)
}

// MakePartitions makes the partitions that will be needed next and do not exist.
func (s *Store) MakePartitions(ctx context.Context, now time.Time) error {
	return makePartitions(ctx, s.pool, now)
}

func makePartitions(ctx context.Context, db beginner, now time.Time) error {
	from := now.UTC().Truncate(outboxSlice)
	for range outboxAhead {
		to := from.Add(outboxSlice)
		err := makePartition(ctx, db, partition{
			parent: "outbox", name: from.Format(sliceName), key: "created_at",
			from: from.Format(time.RFC3339), to: to.Format(time.RFC3339),
		})
		if err != nil {
			return err
		}
		from = to
	}
	month := time.Date(now.UTC().Year(), now.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	for range messagesAhead + 1 {
		next := month.AddDate(0, 1, 0)
		err := makePartition(ctx, db, partition{
			parent: "messages", name: month.Format(monthName), key: "id",
			from: snowflake.FromTime(month).String(), to: snowflake.FromTime(next).String(),
		})
		if err != nil {
			return err
		}
		month = next
	}
	return nil
}

// partition is a part of a table that holds a range of its key. All texts are ours.
type partition struct{ parent, name, key, from, to string }

// makePartition makes one partition if it is not there. A range of which the default partition already has rows stays
// there: they would have to be moved under a lock that stops all writes.
func makePartition(ctx context.Context, db beginner, p partition) error {
	var settled bool
	err := db.QueryRow(ctx, fmt.Sprintf(`select to_regclass('%s') is not null
		or exists (select from %s_default where %s >= '%s' and %[3]s < '%[5]s')`, p.name, p.parent, p.key, p.from, p.to)).
		Scan(&settled)
	if err != nil {
		return fmt.Errorf("look for partition %s: %w", p.name, err)
	}
	if settled {
		return nil
	}
	err = withLockWait(ctx, db, fmt.Sprintf(`create table if not exists %s partition of %s for values from ('%s') to ('%s')`,
		p.name, p.parent, p.from, p.to))
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == pgCheckViolation {
		return nil // the first row for the default partition has just come
	}
	if err != nil {
		return fmt.Errorf("make partition %s: %w", p.name, err)
	}
	return nil
}

// pgCheckViolation is what making a partition fails with when the default one has rows of its range.
const pgCheckViolation = "23514"

func withLockWait(ctx context.Context, db beginner, statement string) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, fmt.Sprintf(`set local lock_timeout = %d`, partitionLockWait.Milliseconds())); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, statement)
		return err
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

// spentMark is where neither the relay nor the search index need the outbox before; null while there is no relay.
const spentMark = `select least(mark, (select mark from search_state)) from relay_mark`

// DropOutbox drops the slices of the outbox that ended before the moment and hold nothing that the relay has yet to send
// or the search index to read, and deletes such rows from the default partition. It returns how many slices were dropped.
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
		var unsent bool
		err = s.pool.QueryRow(ctx, `select exists (
			select from `+name+` where xid >= coalesce((`+spentMark+`), '0'))`).Scan(&unsent)
		if err != nil {
			return dropped, fmt.Errorf("look into %s: %w", name, err)
		}
		if unsent {
			continue
		}
		if err := withLockWait(ctx, s.pool, `drop table `+name); err != nil {
			return dropped, fmt.Errorf("drop %s: %w", name, err)
		}
		dropped++
	}
	if _, err := s.deleteBatches(ctx, "outbox_default", `created_at < $1 and xid < (`+spentMark+`)`, before); err != nil {
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
