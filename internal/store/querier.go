package store

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// querier is what reads need: the pool, a transaction, or a connection to a replica.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// snapshot sends what queue queues so that all of it sees one moment, in one round trip.
func (s *Store) snapshot(ctx context.Context, queue func(b *pgx.Batch)) error {
	b := &pgx.Batch{}
	b.Queue(`begin transaction read only isolation level repeatable read`)
	queue(b)
	b.Queue(`commit`)
	// A connection that is left within a transaction, because a query failed, is closed by the pool.
	return s.pool.SendBatch(ctx, b).Close()
}

// collect runs a query and scans every row with the resource's own scan function.
func collect[T any](ctx context.Context, q querier, scan func(pgx.Row) (T, error), sql string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (T, error) { return scan(row) })
}

// withLast is a row with one more column after those that a resource's scan function reads.
type withLast struct {
	pgx.Row
	last any
}

// Scan reads the row's other columns into dest.
func (r withLast) Scan(dest ...any) error { return r.Row.Scan(append(dest, r.last)...) }
