package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"guildhall.chat/guildhall/internal/coalesce"
)

// replicas answer reads in the primary's stead, and never with less than it would tell: a read asks the primary how far its log
// has come, which is before the read and after everything that anybody can have been told, and a replica answers once it has
// replayed as much. One that doesn't within catchUp, or can't be asked, costs the read that time, and the primary answers.
type replicas struct {
	pool *pgxpool.Pool
	// head is how far the primary's log is written: whatever can be seen on the primary is before it.
	head *coalesce.Keyed[struct{}, string]
	// rests is until when nobody asks a replica, in ns since the epoch; 0 while the last one answered.
	rests atomic.Int64
	lost  atomic.Bool // the last one that was asked failed
	log   *slog.Logger
}

const (
	// replicaTimeout bounds a read of a replica; then there is still time for the primary.
	replicaTimeout = 2 * time.Second
	// replicaConnect bounds how long a read waits for a connection to a replica.
	replicaConnect = 500 * time.Millisecond
	// replicaLifetime is how long a connection is used: so that a replica which comes back, or is new, gets its share of what a
	// Service or a proxy in front of them hands out.
	replicaLifetime = 5 * time.Minute
	// catchUp is how long a read waits for a replica to come up to the primary, asking again after catchUpStep.
	catchUp     = 12 * time.Millisecond
	catchUpStep = 2 * time.Millisecond
	// restBehind and restFailed are how long the primary is asked alone after a replica was behind, or failed.
	restBehind = 100 * time.Millisecond
	restFailed = time.Second
)

var errBehind = errors.New("the replica is behind")

// errNoStandby is of a server that is none, or that gets nothing from a primary: nobody knows how old its data is.
var errNoStandby = errors.New("the replica does not follow a primary")

// ReadFrom lets streaming replicas answer reads that would be much work for the primary. Of several that the DSN names, the first
// that answers is used; a primary among them is not. It does not wait for them: without any the primary answers, which is logged.
// It is called once, before the first read.
func (s *Store) ReadFrom(ctx context.Context, dsn string, log *slog.Logger) error {
	cfg, err := poolConfig(dsn, DefaultConns)
	if err != nil {
		return errors.New("postgres-replica-dsn is not a valid connection string")
	}
	cfg.MaxConnLifetime = replicaLifetime
	cfg.ConnConfig.Tracer = s.pool.Config().ConnConfig.Tracer
	cfg.ConnConfig.ConnectTimeout = replicaTimeout
	cfg.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsStandby
	cfg.ConnConfig.RuntimeParams["statement_timeout"] = fmt.Sprint(replicaTimeout.Milliseconds())
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("connect to replicas: %w", err)
	}
	s.replicas = &replicas{pool: pool, log: log, head: coalesce.NewKeyed("ask how far the primary is", replicaTimeout, func(ctx context.Context, _ struct{}) (lsn string, err error) {
		err = s.pool.QueryRow(ctx, `select pg_current_wal_flush_lsn()::text`).Scan(&lsn)
		return lsn, err
	})}
	return nil
}

// read runs a read on a replica, or on the primary. The function may run twice: it sets its results, and does nothing else.
func (s *Store) read(ctx context.Context, fn func(ctx context.Context, q querier) error) error {
	if r := s.replicas; r != nil && r.awake() {
		err := r.read(ctx, fn)
		switch {
		case err == nil || errors.Is(err, ErrNotFound):
			replicaReads.Inc()
			return err
		case ctx.Err() != nil:
			return err
		case errors.Is(err, errBehind):
			fallbacksBehind.Inc()
		default:
			fallbacksFailed.Inc()
		}
	}
	primaryReads.Inc()
	return fn(ctx, s.pool)
}

// readOne is Store.read with a result.
func readOne[T any](ctx context.Context, s *Store, fn func(ctx context.Context, q querier) (T, error)) (result T, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		var err error
		result, err = fn(ctx, q)
		return err
	})
	return result, err
}

// list is collect on a replica, or on the primary.
func list[T any](ctx context.Context, s *Store, scan func(pgx.Row) (T, error), sql string, args ...any) ([]T, error) {
	return readOne(ctx, s, func(ctx context.Context, q querier) ([]T, error) { return collect(ctx, q, scan, sql, args...) })
}

// awake reports whether a replica may be asked. Of those who come when a rest is over one tries; the others wait for what becomes
// of that.
func (r *replicas) awake() bool {
	until := r.rests.Load()
	if until == 0 {
		return true
	}
	now := time.Now()
	return now.UnixNano() >= until && r.rests.CompareAndSwap(until, now.Add(restFailed).UnixNano())
}

func (r *replicas) read(ctx context.Context, fn func(ctx context.Context, q querier) error) error {
	head, err := r.head.Ask(ctx, struct{}{})
	if err != nil {
		return fmt.Errorf("how far the primary is: %w", err) // which says nothing against the replica
	}
	asked := ctx
	ctx, cancel := context.WithTimeout(ctx, replicaTimeout)
	defer cancel()
	err = r.readAt(ctx, head, fn)
	switch {
	case err == nil || errors.Is(err, ErrNotFound):
		if r.rests.Load() != 0 {
			r.rests.Store(0)
			if r.lost.Swap(false) {
				r.log.Info("a replica answers again")
			}
		}
	case errors.Is(err, errBehind):
		r.rests.Store(time.Now().Add(restBehind).UnixNano())
	case asked.Err() == nil:
		r.rests.Store(time.Now().Add(restFailed).UnixNano())
		if !r.lost.Swap(true) {
			r.log.Warn("no replica answers, so the primary does", "error", err)
		}
	}
	return err
}

// readAt runs fn on a connection to a replica that has replayed the log up to head.
func (r *replicas) readAt(ctx context.Context, head string, fn func(ctx context.Context, q querier) error) error {
	conn, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if err := reach(ctx, conn, head); err != nil {
		if errors.Is(err, errNoStandby) {
			_ = conn.Conn().Close(ctx) // the next connection may find another server
		}
		return err
	}
	return fn(ctx, conn)
}

func (r *replicas) connect(ctx context.Context) (*pgxpool.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, replicaConnect)
	defer cancel()
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to a replica: %w", err)
	}
	return conn, nil
}

// reach waits for a replica to replay the log up to head. What it then is asked on the same connection sees all of that.
func reach(ctx context.Context, conn *pgxpool.Conn, head string) error {
	for start := time.Now(); ; {
		var follows, there bool
		// A standby that was cut off from its primary, or took another way than the one that was elected, receives nothing.
		err := conn.QueryRow(ctx, `select pg_is_in_recovery() and exists (select from pg_stat_wal_receiver),
			coalesce(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false)`, head).Scan(&follows, &there)
		switch {
		case err != nil:
			return fmt.Errorf("how far the replica is: %w", err)
		case !follows:
			return errNoStandby
		case there:
			return nil
		case time.Since(start) > catchUp:
			return errBehind
		}
		select {
		case <-time.After(catchUpStep):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
