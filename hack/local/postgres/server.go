// Package postgres makes and describes a private PostgreSQL server on a loopback port: Init makes its data directory once,
// Command is the process to run, Ready and Provision speak to it.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/hack/local/ports"
	"guildhall.chat/guildhall/hack/local/process"
)

// Names in every server.
const (
	// Owner is the ordinary role that owns the databases, so that migrations get no right here that they lack elsewhere.
	Owner = "guildhall"
	// Superuser may make databases and roles.
	Superuser = "postgres"
)

// Stop is the signal for a fast, clean shutdown; Die for one that leaves recovery to the next start.
// https://www.postgresql.org/docs/15/server-shutdown.html
const (
	Stop = syscall.SIGINT
	Die  = syscall.SIGQUIT
)

// Server is a private PostgreSQL. Fill it in before use.
type Server struct {
	Binaries Binaries
	Account  process.Account
	Dir      string   // data directory; its parent must exist and be reachable for Account
	Port     int      // on 127.0.0.1
	Password string   // of Superuser and Owner
	Settings []string // name=value, over the defaults
}

// DataVersion returns the major version that made the data in dir, or 0 if there is none.
func DataVersion(dir string) (int, error) {
	content, err := os.ReadFile(filepath.Join(dir, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(content)))
}

// Init makes the data directory unless it is there. An interrupted Init leaves nothing that a later one would take for
// data.
func (s *Server) Init(ctx context.Context) error {
	version, err := DataVersion(s.Dir)
	if err != nil || version != 0 {
		return err
	}
	fresh := s.Dir + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	if err := s.Account.Own(fresh); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	passwordFile, err := s.passwordFile()
	if err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	defer func() { _ = os.Remove(passwordFile) }()
	cmd := exec.CommandContext(ctx, filepath.Join(s.Binaries.Dir, "initdb"),
		"--pgdata", fresh, "--username", Superuser, "--pwfile", passwordFile, "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--locale", "C", "--no-sync")
	cmd.Dir = "/" // the account may not reach ours
	process.Bind(cmd, syscall.SIGKILL)
	s.Account.Apply(cmd)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb in %s: %w\n%s", fresh, err, output)
	}
	return os.Rename(fresh, s.Dir)
}

// passwordFile writes the password to a file that only the account can read.
func (s *Server) passwordFile() (string, error) {
	file, err := os.CreateTemp(filepath.Dir(s.Dir), "password-")
	if err != nil {
		return "", err
	}
	_, err = file.WriteString(s.Password + "\n")
	return file.Name(), errors.Join(err, file.Close(), s.Account.Own(file.Name()))
}

// Command is the server process. Its log goes to its stderr.
func (s *Server) Command() *exec.Cmd {
	settings := append([]string{
		"listen_addresses=127.0.0.1",
		"port=" + strconv.Itoa(s.Port),
		"unix_socket_directories=", // a path could exceed the 107 bytes that a socket's may have
		"max_connections=200",
		"shared_buffers=256MB",
		"random_page_cost=1.1", // as the api has it
		"log_min_messages=warning",
	}, s.Settings...)
	args := []string{"-D", s.Dir}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(filepath.Join(s.Binaries.Dir, "postgres"), args...)
	cmd.Dir = "/"
	process.Bind(cmd, Die)
	s.Account.Apply(cmd)
	return cmd
}

// Ready returns nil once the server takes connections.
func (s *Server) Ready(ctx context.Context) error {
	return s.as(ctx, Superuser, func(conn *pgx.Conn) error { return conn.Ping(ctx) })
}

// Provision makes the role Owner if it is missing, and the database, owned by it. The role may watch over the server, so that
// the worker can tell of replicas and of others' transactions.
func (s *Server) Provision(ctx context.Context, database string) error {
	return s.as(ctx, Superuser, func(conn *pgx.Conn) error {
		var role, base bool
		err := conn.QueryRow(ctx,
			`SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1), EXISTS (SELECT FROM pg_database WHERE datname = $2)`,
			Owner, database).Scan(&role, &base)
		if err != nil {
			return fmt.Errorf("provision database %s: %w", database, err)
		}
		if !role {
			// The password is ours, of letters and digits: it needs no quoting.
			if _, err := conn.Exec(ctx, fmt.Sprintf(`CREATE ROLE %s LOGIN PASSWORD '%s'`, Owner, s.Password)); err != nil {
				return fmt.Errorf("provision role %s: %w", Owner, err)
			}
		}
		if _, err := conn.Exec(ctx, `GRANT pg_monitor TO `+Owner); err != nil {
			return fmt.Errorf("provision role %s: %w", Owner, err)
		}
		if !base {
			if _, err := conn.Exec(ctx, fmt.Sprintf(`CREATE DATABASE %s OWNER %s`, pgx.Identifier{database}.Sanitize(), Owner)); err != nil {
				return fmt.Errorf("provision database %s: %w", database, err)
			}
		}
		return nil
	})
}

func (s *Server) as(ctx context.Context, user string, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.DSN(user, "postgres"))
	if err != nil {
		return err
	}
	return errors.Join(do(conn), conn.Close(ctx))
}

// DSN returns the connection string of a user and database.
func (s *Server) DSN(user, database string) string {
	dsn := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(user, s.Password),
		Host:     ports.Addr(s.Port),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return dsn.String()
}
