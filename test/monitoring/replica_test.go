package monitoring

import (
	"context"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/hack/local/ports"
	"guildhall.chat/guildhall/hack/local/postgres"
	"guildhall.chat/guildhall/hack/local/process"
	"guildhall.chat/guildhall/hack/local/scratch"
	"guildhall.chat/guildhall/test/platform"
)

const (
	replicaName    = "replica-1"
	replicaTimeout = 2 * time.Minute
)

// startReplica starts a streaming replica of the platform's Postgres, until the test ends.
// https://www.postgresql.org/docs/15/warm-standby.html#STREAMING-REPLICATION
func startReplica(t *testing.T, p *platform.Platform) *postgres.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), replicaTimeout)
	defer cancel()
	binaries, err := postgres.Find(ctx, 0)
	must(t, err)
	account, err := process.Unprivileged("postgres", "nobody")
	must(t, err)
	dir, err := scratch.New("replica")
	must(t, err)
	t.Cleanup(func() { check(t, dir.Remove()) })
	port, err := ports.Free()
	must(t, err)
	primary, err := url.Parse(superuserDSN(t, p))
	must(t, err)
	password, _ := primary.User.Password()
	server := &postgres.Server{
		Binaries: binaries, Account: account, Dir: filepath.Join(dir.Path, "data"), Port: port, Password: password,
		Settings: []string{"cluster_name=" + replicaName, "shared_buffers=32MB"}, // the name that the primary knows it by
	}
	must(t, server.Follow(ctx, primary.String()))
	cmd := server.Command()
	cmd.ExtraFiles = append(cmd.ExtraFiles, dir.Lock)
	must(t, process.Spawn(ctx, cmd, filepath.Join(dir.Path, "log"), server.Ready))
	t.Cleanup(func() {
		_ = cmd.Process.Signal(postgres.Stop)
		_ = cmd.Wait()
	})
	return server
}

// superuserDSN is the DSN of the platform's database for its superuser, who has the owner's password.
func superuserDSN(t *testing.T, p *platform.Platform) string {
	t.Helper()
	dsn, err := url.Parse(p.PostgresDSN(t))
	must(t, err)
	password, _ := dsn.User.Password()
	dsn.User = url.UserPassword(postgres.Superuser, password)
	return dsn.String()
}

// execute runs statements on a database, in a connection of their own.
func execute(t *testing.T, dsn string, statements ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), questionTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	must(t, err)
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
