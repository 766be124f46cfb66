package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/tracing"
)

// Tx is a transaction in which events may be emitted.
type Tx struct {
	pgx.Tx
	store *Store
	evs   []events.Event
}

// Emit adds an event of a log. It gets its seq when the transaction ends, and is never sent if that fails.
func (tx *Tx) Emit(log snowflake.ID, head events.Header, data any) error {
	e, err := events.New(log, head, data)
	if err != nil {
		return err
	}
	tx.evs = append(tx.evs, e)
	return nil
}

// NewID makes a snowflake.
func (tx *Tx) NewID() snowflake.ID { return tx.store.ids.Next() }

// NewLog makes the log of a new guild or user. It must be made in the transaction that makes its owner.
func (tx *Tx) NewLog(ctx context.Context, id snowflake.ID) error {
	if _, err := tx.Exec(ctx, `insert into logs (id) values ($1)`, id); err != nil {
		return fmt.Errorf("make log %s: %w", id, err)
	}
	return nil
}

// changeAttempts is how often a transaction is tried that Postgres ended for a deadlock or a serialization failure.
const changeAttempts = 5

// Change runs fn in a transaction and publishes the events that it emitted. An error of fn rolls back and is returned as
// it is. fn may run more than once and must not have effects outside the transaction.
func (s *Store) Change(ctx context.Context, fn func(tx *Tx) error) error {
	ctx, span := tracing.Begin(ctx, "change")
	defer span.End()
	for attempt := 1; ; attempt++ {
		begun := time.Now()
		evs, err := s.try(ctx, fn)
		changed(ctx, begun, err)
		if err == nil {
			s.commits.note(evs)
			if len(evs) > 0 && s.publisher != nil {
				s.publisher.Publish(ctx, evs)
			}
			return nil
		}
		if attempt == changeAttempts || !retryable(err) {
			return err
		}
		changeRetries.Inc()
	}
}

func retryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

func (s *Store) try(ctx context.Context, fn func(tx *Tx) error) ([]events.Event, error) {
	ptx, err := s.pool.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = ptx.Rollback(context.WithoutCancel(ctx)) }()
	tx := &Tx{Tx: ptx, store: s}
	if err := fn(tx); err != nil {
		return nil, err
	}
	if err := tx.sequence(ctx); err != nil {
		return nil, err
	}
	if err := ptx.Commit(ctx); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	return tx.evs, nil
}

// sequence gives the emitted events their seqs and writes the outbox. The counters' rows stay locked until the commit,
// so a log's seqs are dense and in the order of commits; they are taken in sorted order, so that two transactions with
// the same logs can't wait for each other.
func (tx *Tx) sequence(ctx context.Context) error {
	if carried := tracing.Carry(ctx); carried != "" {
		for i := range tx.evs {
			tx.evs[i].Head.Trace = carried
		}
	}
	batch := &pgx.Batch{}
	if err := queueOutboxes(batch, tx.evs); err != nil {
		return err
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("write outbox: %w", err)
	}
	return nil
}

// queueOutboxes sorts the events by their logs and queues the insert of each log's.
func queueOutboxes(batch *pgx.Batch, evs []events.Event) error {
	slices.SortStableFunc(evs, func(a, b events.Event) int { return compareID(a.Log, b.Log) })
	for start := 0; start < len(evs); {
		end := start + 1
		for end < len(evs) && evs[end].Log == evs[start].Log {
			end++
		}
		if err := queueOutbox(batch, evs[start:end]); err != nil {
			return err
		}
		start = end
	}
	return nil
}

func compareID(a, b snowflake.ID) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// outboxInsert raises a log's counter by the number of bodies and writes them with their seqs, in one statement. The
// versions move to the seq of the last event that carries the flag. Without the log the seqs are null, which ends the transaction.
const outboxInsert = `
with raised as (
    update logs set
        seq = seq + cardinality($2::bytea[]),
        structure = case when $3::int > 0 then seq + $3 else structure end,
        members = case when $4::int > 0 then seq + $4 else members end
    where id = $1
    returning seq - cardinality($2::bytea[]) as base
), written as (
    insert into outbox (log_id, seq, event)
    select $1, (select base from raised) + ordinal, body from unnest($2::bytea[]) with ordinality as u (body, ordinal)
)
select base from raised`

// queueOutbox queues the insert of one log's events; their Seq is set when the batch's results are read.
func queueOutbox(batch *pgx.Batch, evs []events.Event) error {
	bodies := make([][]byte, len(evs))
	var structure, members int
	now := time.Now().UnixMilli()
	for i := range evs {
		evs[i].Head.At = now
		body, err := evs[i].Body()
		if err != nil {
			return err
		}
		bodies[i] = body
		if evs[i].Head.Structure {
			structure = i + 1
		}
		if evs[i].Head.Membership {
			members = i + 1
		}
	}
	log := evs[0].Log
	batch.Queue(outboxInsert, log, bodies, structure, members).QueryRow(func(row pgx.Row) error {
		var base int64
		if err := row.Scan(&base); err != nil {
			if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && pg.Code == "23502" && pg.ColumnName == "seq" {
				err = ErrNotFound
			}
			return fmt.Errorf("log %s: %w", log, err)
		}
		for i := range evs {
			evs[i].Seq = base + int64(i) + 1
		}
		return nil
	})
	return nil
}
