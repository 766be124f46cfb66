// Package config reads what a program is told: flags, environment and secret files.
//
// Run fills a kong command structure from the flags and from GUILDHALL_<FLAG> variables (a flag wins), refuses what it
// does not know, and calls the Run method of the selected command with a context that ends on SIGINT or SIGTERM. The
// command then reads its secrets with LoadSecrets from the directory that the flags named.
package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Prefix begins the name of every environment variable that Guildhall reads.
const Prefix = "GUILDHALL"

// Exit codes of every program.
const (
	exitFailed = 1
	exitUsage  = 2 // bad flags, environment or secrets: starting again does not help
)

// Common holds the flags that every long-running program has. Embed it.
type Common struct {
	Secrets   string     `help:"Directory that holds the secrets, one file each." placeholder:"DIR" required:""`
	AdminAddr string     `help:"Address of the admin port (/healthz, /readyz, /metrics)." default:"127.0.0.1:9090"`
	LogLevel  slog.Level `help:"Least level that is logged: debug, info, warn or error." default:"info"`
	Tracing
}

// Tracing holds the flags that say which requests are traced, and where to.
type Tracing struct {
	TraceEndpoint string  `help:"URL of a collector that takes traces by OTLP over HTTP. Without it nothing is traced." placeholder:"URL"`
	TraceSample   float64 `help:"Part of the requests that are traced, from 0 to 1, beside those whose traceparent says so." default:"0.01"`
}

// Redis holds the flags of a program that talks to the Redis Cluster. Embed it.
type Redis struct {
	RedisAddrs []string `help:"Seed addresses of the Redis Cluster, host:port, comma-separated." placeholder:"ADDRS" required:""`
}

// Files holds the flags that say where uploaded files are kept. Embed it.
type Files struct {
	FilesDir    string `help:"Directory for uploaded files, on a platform of one machine." placeholder:"DIR" xor:"files"`
	S3Endpoint  string `name:"s3-endpoint" env:"GUILDHALL_S3_ENDPOINT" help:"URL of an S3-compatible service for uploaded files. Without it and --files-dir nobody can upload." placeholder:"URL" xor:"files"`
	S3Bucket    string `name:"s3-bucket" env:"GUILDHALL_S3_BUCKET" help:"Bucket for uploaded files; it must exist." default:"guildhall"`
	S3Region    string `name:"s3-region" env:"GUILDHALL_S3_REGION" help:"Region of the bucket." default:"us-east-1"`
	S3Prefix    string `name:"s3-prefix" env:"GUILDHALL_S3_PREFIX" help:"Put before the name of each object, for a bucket that others use too." placeholder:"TEXT"`
	S3PathStyle bool   `name:"s3-path-style" env:"GUILDHALL_S3_PATH_STYLE" help:"Address the bucket in the path, not in the host name, as most services but Amazon's need." default:"true" negatable:""`
}

// Run parses the process's arguments and environment into cli, a pointer to a kong structure, runs the selected
// command and exits: 0 when it returned nil, 2 when the configuration is wrong, 1 when anything else is.
//
// A command is a type with the method Run(context.Context) error; the context ends on SIGINT or SIGTERM.
func Run(name, description string, cli any) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends a process that is slow to stop
	code := run(ctx, name, description, cli, os.Args[1:], os.Environ(), os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, name, description string, cli any, args, environ []string, stderr io.Writer) int {
	parsed, err := parse(name, description, cli, args, environ)
	if err == nil {
		parsed.BindTo(ctx, (*context.Context)(nil))
		err = parsed.Run()
	}
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintf(stderr, "%s: %v\n", name, err)
	var bad *Error
	if errors.As(err, &bad) {
		return exitUsage
	}
	return exitFailed
}

func parse(name, description string, cli any, args, environ []string) (*kong.Context, error) {
	parser, err := kong.New(cli,
		kong.Name(name),
		kong.Description(description),
		kong.DefaultEnvars(Prefix),
	)
	if err != nil {
		return nil, fmt.Errorf("building the command line: %w", err)
	}
	if err := checkEnvironment(parser.Model.Node, environ); err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return nil, &Error{err: err}
	}
	return parsed, nil
}

// Error is a mistake in the configuration. Its text names the flag, variable or file.
type Error struct{ err error }

func (e *Error) Error() string { return e.err.Error() }

func (e *Error) Unwrap() error { return e.err }

// Errorf makes an Error; a command returns it for values that are well-formed but wrong. Name the key in the text.
func Errorf(format string, args ...any) error {
	return &Error{err: fmt.Errorf(format, args...)}
}
