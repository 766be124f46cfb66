// Package store is Postgres: every SQL statement of the platform, one file a resource.
//
// Reads are methods of Store. Writes that clients may hear of go through Change, which is the only place where events get
// their seq: the caller's function writes rows and emits events; then, last of all and in sorted log order, each log's
// counter is raised and the events become outbox rows. After the commit they are handed to the publisher. Messages in
// guilds, the hottest write, have a path of their own that commits concurrent requests together (message_writer.go).
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"guildhall.chat/guildhall/internal/coalesce"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/tracing"
)

// ErrNotFound is returned when the row asked for does not exist.
var ErrNotFound = errors.New("not found")

// ErrTaken is returned when a value that must be unique is in use.
var ErrTaken = errors.New("already taken")

// Publisher takes events that have been committed.
type Publisher interface {
	Publish(ctx context.Context, evs []events.Event)
}

// Store is the platform's Postgres.
type Store struct {
	pool      *pgxpool.Pool
	replicas  *replicas // nil: there are none
	ids       *snowflake.Generator
	publisher Publisher
	linker    Linker
	writers   messageWriters
	commits   commits
	lexemes   *lru.Cache[string, string] // words as the search index has them
	people    *coalesce.Group[peopleOf, map[snowflake.ID]Person]
	unmeasure func()
}

const (
	// statementTimeout ends what hangs; no statement of ours takes seconds.
	statementTimeout = 10 * time.Second
	// DefaultConns is how many connections a process opens at most to the primary, and as many to replicas.
	DefaultConns = 24
)

// Open connects to the primary, with at most DefaultConns connections, and takes a worker number for ids. Nothing is published
// until PublishTo.
func Open(ctx context.Context, dsn string) (*Store, error) { return OpenWith(ctx, dsn, DefaultConns) }

// OpenWith is Open with at most so many connections.
func OpenWith(ctx context.Context, dsn string, conns int32) (*Store, error) {
	return OpenTraced(ctx, dsn, conns, tracing.Postgres())
}

// OpenTraced is OpenWith where a tracer, unless nil, is told of every statement.
func OpenTraced(ctx context.Context, dsn string, conns int32, tracer pgx.QueryTracer) (*Store, error) {
	cfg, err := poolConfig(dsn, conns)
	if err != nil {
		return nil, errors.New("postgres-dsn is not a valid connection string")
	}
	cfg.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	s := &Store{pool: pool, commits: newCommits()}
	s.lexemes, _ = lru.New[string, string](lexemesHeld) // it refuses sizes below one alone
	s.writers.init(s)
	s.people = coalesce.New("read people", statementTimeout, func(ctx context.Context, asked []peopleOf) ([]map[snowflake.ID]Person, error) {
		return people(ctx, s.pool, asked)
	})
	var worker uint16
	if err := pool.QueryRow(ctx, `select nextval('snowflake_worker')`).Scan(&worker); err != nil {
		pool.Close()
		return nil, fmt.Errorf("take a worker number: %w", err)
	}
	s.ids = snowflake.NewGenerator(worker)
	s.unmeasure = s.measure()
	return s, nil
}

// poolConfig is what all connections have. Its error may quote the DSN, which holds a password.
func poolConfig(dsn string, conns int32) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = conns
	cfg.MaxConnIdleTime = time.Minute
	cfg.ConnConfig.RuntimeParams["statement_timeout"] = fmt.Sprint(statementTimeout.Milliseconds())
	cfg.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = fmt.Sprint(statementTimeout.Milliseconds())
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	// What a statement gains by workers or compilation of its own, all others lose.
	cfg.ConnConfig.RuntimeParams["max_parallel_workers_per_gather"] = "0"
	cfg.ConnConfig.RuntimeParams["jit"] = "off"
	// Rows are found by keys, on disks without arms. With the default, meant for others, the newest messages of a channel that has many
	// are looked for among those of all channels.
	cfg.ConnConfig.RuntimeParams["random_page_cost"] = "1.1"
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	return cfg, nil
}

// PublishTo sets where committed events go. It is called once, before the first change.
func (s *Store) PublishTo(p Publisher) { s.publisher = p }

// Close waits for running statements, and for what they committed to be published, and closes the connections. Nobody may be
// using the store.
func (s *Store) Close() {
	s.writers.finish()
	s.unmeasure()
	if s.replicas != nil {
		s.replicas.pool.Close()
	}
	s.pool.Close()
}

// Ping reports whether the primary answers.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

// NewID makes a snowflake.
func (s *Store) NewID() snowflake.ID { return s.ids.Next() }

// notFound turns pgx's no-rows into ErrNotFound.
func notFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// found turns "no row was affected" into ErrNotFound.
func found(tag pgconn.CommandTag, err error) error {
	if err == nil && tag.RowsAffected() == 0 {
		return ErrNotFound
	}
	return err
}
