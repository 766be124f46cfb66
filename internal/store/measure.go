package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Measures are facts about the database for those who watch over it.
type Measures struct {
	Unpublished    int64         // events since the relay's mark
	UnpublishedAge time.Duration // of the oldest
	OutboxBytes    int64

	Deliveries     int64         // that wait
	DeliveryAge    time.Duration // for how long the oldest is due
	DeadDeliveries int64

	Connections       map[string]int64 // of clients, by state: active, idle, idle_in_transaction, other
	MaxConnections    int64
	OldestTransaction time.Duration // its age
	DatabaseBytes     int64

	Written  int64 // where the write-ahead log is, in bytes
	Replicas []Replica
}

// Replica is one that streams from the primary.
type Replica struct {
	Name     string
	Replayed int64 // where it is in the write-ahead log, in bytes
}

// maxReplicas bounds the replicas that are told of.
const maxReplicas = 32

// Measure reads them, in one round trip. Who is neither a superuser nor a member of pg_monitor is not shown all connections and no
// replicas.
// https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-STATS-VIEWS
func (s *Store) Measure(ctx context.Context) (Measures, error) {
	m := Measures{Connections: map[string]int64{"active": 0, "idle": 0, "idle_in_transaction": 0, "other": 0}}
	b := &pgx.Batch{}
	b.Queue(`select count(*), coalesce(extract(epoch from now() - min(created_at)), 0)::float8 from outbox
		where xid >= coalesce((select mark from relay_mark), '0'::xid8)`).QueryRow(func(row pgx.Row) error {
		return row.Scan(&m.Unpublished, seconds(&m.UnpublishedAge))
	})
	b.Queue(`select coalesce(sum(pg_total_relation_size(relid)), 0)::bigint, pg_database_size(current_database()),
		current_setting('max_connections')::bigint from pg_partition_tree('outbox')`).QueryRow(func(row pgx.Row) error {
		return row.Scan(&m.OutboxBytes, &m.DatabaseBytes, &m.MaxConnections)
	})
	b.Queue(`select count(*) filter (where not dead), count(*) filter (where dead),
		coalesce(greatest(extract(epoch from now() - min(due) filter (where not dead)), 0), 0)::float8
		from deliveries`).QueryRow(func(row pgx.Row) error {
		return row.Scan(&m.Deliveries, &m.DeadDeliveries, seconds(&m.DeliveryAge))
	})
	b.Queue(`select case when state in ('active', 'idle') then state when state like 'idle in transaction%' then 'idle_in_transaction'
		else 'other' end, count(*), coalesce(extract(epoch from now() - min(xact_start)), 0)::float8
		from pg_stat_activity where datname = current_database() and backend_type = 'client backend' group by 1`).Query(func(rows pgx.Rows) error {
		var state string
		var n int64
		var oldest time.Duration
		_, err := pgx.ForEachRow(rows, []any{&state, &n, seconds(&oldest)}, func() error {
			m.Connections[state] = n
			m.OldestTransaction = max(m.OldestTransaction, oldest)
			return nil
		})
		return err
	})
	b.Queue(`select (pg_current_wal_lsn() - '0/0')::bigint`).QueryRow(func(row pgx.Row) error { return row.Scan(&m.Written) })
	b.Queue(`select application_name, (replay_lsn - '0/0')::bigint from pg_stat_replication
		where replay_lsn is not null order by 1, replay_lsn desc limit $1`, maxReplicas).Query(func(rows pgx.Rows) error {
		var err error
		m.Replicas, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Replica])
		return err
	})
	if err := s.pool.SendBatch(ctx, b).Close(); err != nil {
		return Measures{}, fmt.Errorf("measure: %w", err)
	}
	return m, nil
}

// seconds scans a number of seconds as a duration.
func seconds(to *time.Duration) *secondsOf { return (*secondsOf)(to) }

type secondsOf time.Duration

// ScanFloat64 implements pgtype.Float64Scanner.
func (s *secondsOf) ScanFloat64(v pgtype.Float8) error {
	*s = secondsOf(v.Float64 * float64(time.Second))
	return nil
}
