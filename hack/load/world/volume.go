package world

import (
	"context"
	"fmt"
)

// Volume is what a database has written so far, in bytes.
type Volume struct {
	WAL      int64 // write-ahead log, ever
	Messages int64 // tables and indexes of messages, their search index included, now
	Outbox   int64 // now
}

// Volume asks Postgres. What its tables are extended by comes in steps of some pages.
func (w *World) Volume(ctx context.Context) (v Volume, err error) {
	const sizeOf = `(select coalesce(sum(pg_total_relation_size(oid)), 0)::bigint from pg_class where relkind = 'r' and relname ~ `
	err = w.conn.QueryRow(ctx, `select (pg_current_wal_lsn() - '0/0')::bigint,
		`+sizeOf+`'^(messages|message_search)(_|$)'),
		`+sizeOf+`'^outbox_')`).Scan(&v.WAL, &v.Messages, &v.Outbox)
	if err != nil {
		return v, fmt.Errorf("world: volume: %w", err)
	}
	return v, nil
}
