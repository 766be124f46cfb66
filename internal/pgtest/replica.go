package pgtest

import (
	"context"
	"errors"
	"net/url"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/hack/local/ports"
	"guildhall.chat/guildhall/hack/local/postgres"
	"guildhall.chat/guildhall/hack/local/process"
	"guildhall.chat/guildhall/hack/local/scratch"
)

// Replica is a streaming standby of the server of this test binary.
type Replica struct {
	// DSN is of the same database, as the same role, as the one that the replica was made for.
	DSN    string
	server *postgres.Server
	log    string
	dir    scratch.Dir
	cmd    *exec.Cmd // nil while it is stopped
}

// NewReplica starts a standby for tests of the database that New gave; it ends with the test.
func NewReplica(t testing.TB, dsn string) *Replica {
	t.Helper()
	primary, err := start()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := scratch.New("replica")
	if err != nil {
		t.Fatal(err)
	}
	port, err := ports.Free()
	if err != nil {
		t.Fatal(err)
	}
	database, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	server := *primary
	server.Dir, server.Port = filepath.Join(dir.Path, "data"), port
	r := &Replica{server: &server, dir: dir, log: filepath.Join(dir.Path, "log")}
	r.DSN = server.DSN(database.User.Username(), database.Path[1:])
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	if err := server.Follow(ctx, primary.DSN(postgres.Superuser, "postgres")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Stop(t) })
	r.Start(t)
	return r
}

// Start starts a replica that was stopped, and waits until it takes reads.
func (r *Replica) Start(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	cmd := r.server.Command()
	cmd.ExtraFiles = append(cmd.ExtraFiles, r.dir.Lock)
	if err := process.Spawn(ctx, cmd, r.log, r.server.Ready); err != nil {
		t.Fatal(err)
	}
	r.cmd = cmd
}

// Stop ends the replica as a crash would; its connections break.
func (r *Replica) Stop(t testing.TB) {
	t.Helper()
	if r.cmd == nil {
		return
	}
	if err := r.cmd.Process.Signal(postgres.Die); err != nil {
		t.Error(err)
	}
	_, _ = r.cmd.Process.Wait()
	r.cmd = nil
}

// Pause holds the replay, so that the replica receives what the primary writes and does not show it.
func (r *Replica) Pause(t testing.TB) {
	t.Helper()
	r.run(t, `select pg_wal_replay_pause()`)
	r.await(t, `select pg_get_wal_replay_pause_state() = 'paused'`)
}

// Resume lets the replay go on.
func (r *Replica) Resume(t testing.TB) {
	t.Helper()
	r.run(t, `select pg_wal_replay_resume()`)
}

// Promote makes the replica a primary of its own.
func (r *Replica) Promote(t testing.TB) {
	t.Helper()
	r.run(t, `select pg_promote(true, 60)`)
}

// await waits until a condition, a query with one bool, is true on the replica.
func (r *Replica) await(t testing.TB, condition string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	conn := r.connect(ctx, t)
	defer func() { _ = conn.Close(ctx) }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		var is bool
		if err := conn.QueryRow(ctx, condition).Scan(&is); err != nil && !errors.Is(err, pgx.ErrNoRows) {
			t.Fatalf("%s: %v", condition, err)
		}
		if is {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: never so", condition)
		}
	}
}

func (r *Replica) run(t testing.TB, statement string) {
	t.Helper()
	conn := r.connect(t.Context(), t)
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (r *Replica) connect(ctx context.Context, t testing.TB) *pgx.Conn {
	t.Helper()
	database, err := url.Parse(r.DSN)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, r.server.DSN(postgres.Superuser, database.Path[1:]))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}
