package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Outbox returns the events of a log after a seq, ascending; see events.Source.
func (s *Store) Outbox(ctx context.Context, log snowflake.ID, after int64, limit int) ([]events.Event, error) {
	rows, err := s.pool.Query(ctx,
		`select seq, event from outbox where log_id = $1 and seq > $2 order by seq limit $3`, log, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read outbox of %s: %w", log, err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (events.Event, error) {
		var seq int64
		var body []byte
		if err := row.Scan(&seq, &body); err != nil {
			return events.Event{}, err
		}
		return events.Decode(log, seq, body)
	})
}

// Mark is a place in the order of commits: every transaction before it is over.
type Mark string

func (m Mark) xid() string {
	if m == "" {
		return "0"
	}
	return string(m)
}

// byKey has the rest of a transaction find rows by their indexes. The outbox and the messages grow faster than Postgres counts what
// is in them, a new slice has never been counted; by its guess it would read and sort all of them for the few that are new.
func byKey(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `select set_config(name, 'off', true) from unnest(array['enable_seqscan', 'enable_bitmapscan', 'enable_sort',
		'enable_hashjoin', 'enable_mergejoin']) as name`)
	if err != nil {
		return fmt.Errorf("set how rows are found: %w", err)
	}
	return nil
}

// HeadsSince returns the newest seq of each log that has events committed since the mark, and the next mark. The empty
// mark means all that the outbox has. No commit can fall between two calls, however long its transaction took.
func (s *Store) HeadsSince(ctx context.Context, since Mark) (heads []events.Head, next Mark, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly},
		func(tx pgx.Tx) error {
			if err := byKey(ctx, tx); err != nil {
				return err
			}
			if err := tx.QueryRow(ctx, `select pg_snapshot_xmin(pg_current_snapshot())::text`).Scan(&next); err != nil {
				return err
			}
			rows, err := tx.Query(ctx,
				`select log_id, max(seq) from outbox where xid >= $1::xid8 group by log_id`, since.xid())
			if err != nil {
				return err
			}
			heads, err = pgx.CollectRows(rows, pgx.RowToStructByPos[events.Head])
			return err
		})
	if err != nil {
		return nil, since, fmt.Errorf("read heads of the outbox: %w", err)
	}
	return heads, next, nil
}
