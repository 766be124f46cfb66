// Package pgtest gives each test a database of its own in a real PostgreSQL.
//
// The first test of a test binary starts one private server, which dies with the binary. A schema is migrated once, into
// a template; each test gets a copy of it, which takes some ten milliseconds.
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/hack/local/ports"
	"guildhall.chat/guildhall/hack/local/postgres"
	"guildhall.chat/guildhall/hack/local/process"
	"guildhall.chat/guildhall/hack/local/scratch"
)

const (
	startTimeout   = 90 * time.Second // initdb on a busy machine
	migrateTimeout = 2 * time.Minute
	dropTimeout    = 30 * time.Second
	// startAttempts allows for a port that somebody takes between our choice and the server's start.
	startAttempts = 3
)

// Migrate brings the database at dsn to the schema that a test expects. It must close its connections.
type Migrate func(ctx context.Context, dsn string) error

// New returns the DSN of a fresh database migrated by migrate, which may be nil. The role of the DSN owns the database
// and is no superuser. The database is dropped when the test ends. migrate is run once a test binary: give a plain
// function, not a closure that does other things in other tests.
func New(t testing.TB, migrate Migrate) (dsn string) {
	t.Helper()
	server, err := start()
	if err != nil {
		t.Fatalf("PostgreSQL for tests (install what is missing with: go run ./hack/local install): %v", err)
	}
	template, err := templateFor(server, migrate)
	if err != nil {
		t.Fatal(err)
	}
	name := nextName("test")
	if err := create(t.Context(), server, name, template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), dropTimeout)
		defer cancel()
		if err := execute(ctx, server, "DROP DATABASE %s WITH (FORCE)", name); err != nil {
			t.Error(err)
		}
	})
	return server.DSN(postgres.Owner, name)
}

// start starts the server of this test binary.
var start = sync.OnceValues(func() (server *postgres.Server, err error) {
	for range startAttempts {
		if server, err = startOnce(); err == nil {
			return server, nil
		}
	}
	return nil, err
})

func startOnce() (*postgres.Server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	binaries, err := postgres.Find(ctx, 0)
	if err != nil {
		return nil, err
	}
	account, err := process.Unprivileged("postgres", "nobody")
	if err != nil {
		return nil, err
	}
	dir, err := scratch.New("postgres")
	if err != nil {
		return nil, err
	}
	port, err := ports.Free()
	if err != nil {
		return nil, err
	}
	server := &postgres.Server{
		Binaries: binaries,
		Account:  account,
		Dir:      filepath.Join(dir.Path, "data"),
		Port:     port,
		Password: rand.Text(),
		// Nothing here needs to outlive a crash.
		Settings: []string{"fsync=off", "full_page_writes=off", "max_connections=400", "shared_buffers=64MB"},
	}
	if err := server.Init(ctx); err != nil {
		return nil, err
	}
	cmd := server.Command()
	cmd.ExtraFiles = append(cmd.ExtraFiles, dir.Lock)
	if err := process.Spawn(ctx, cmd, filepath.Join(dir.Path, "log"), server.Ready); err != nil {
		return nil, err
	}
	return server, server.Provision(ctx, postgres.Owner)
}

var (
	templatesMu sync.Mutex
	templates   = map[uintptr]string{} // migration function -> migrated database
)

func templateFor(server *postgres.Server, migrate Migrate) (string, error) {
	if migrate == nil {
		return "template1", nil
	}
	templatesMu.Lock()
	defer templatesMu.Unlock()
	key := reflect.ValueOf(migrate).Pointer()
	if name, ok := templates[key]; ok {
		return name, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), migrateTimeout)
	defer cancel()
	name := nextName("template")
	if err := create(ctx, server, name, "template1"); err != nil {
		return "", err
	}
	if err := migrate(ctx, server.DSN(postgres.Owner, name)); err != nil {
		return "", fmt.Errorf("migrate: %w", err)
	}
	templates[key] = name
	return name, nil
}

var counter atomic.Int64

func nextName(kind string) string { return fmt.Sprintf("%s_%d", kind, counter.Add(1)) }

func create(ctx context.Context, server *postgres.Server, name, template string) error {
	return execute(ctx, server, "CREATE DATABASE %s OWNER "+postgres.Owner+" TEMPLATE %s", name, template)
}

// execute runs a statement as superuser, outside a transaction; names replace its %s.
func execute(ctx context.Context, server *postgres.Server, statement string, names ...string) error {
	quoted := make([]any, len(names))
	for i, name := range names {
		quoted[i] = pgx.Identifier{name}.Sanitize()
	}
	statement = fmt.Sprintf(statement, quoted...)
	conn, err := pgx.Connect(ctx, server.DSN(postgres.Superuser, "postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
