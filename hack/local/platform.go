package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"guildhall.chat/guildhall/hack/local/install"
	"guildhall.chat/guildhall/hack/local/ports"
	"guildhall.chat/guildhall/hack/local/postgres"
	"guildhall.chat/guildhall/hack/local/rediscluster"
	"guildhall.chat/guildhall/hack/local/status"
	"guildhall.chat/guildhall/hack/local/supervise"
	"guildhall.chat/guildhall/internal/config"
)

const (
	initTimeout      = 2 * time.Minute
	provisionTimeout = 30 * time.Second
	formTimeout      = time.Minute
	migrateTimeout   = 10 * time.Minute
)

// platform is everything that runs behind the front door.
type platform struct {
	options    *runCommand
	data       *dataDir
	url        string // of the front door
	postgres   *postgres.Server
	redis      *rediscluster.Cluster
	ports      map[string]int // by child, or child and use
	supervisor *supervise.Supervisor
}

// newPlatform finds the programs and settles ports and secrets. It starts nothing.
func newPlatform(ctx context.Context, options *runCommand, data *dataDir, url string) (*platform, error) {
	for _, binary := range []string{"api", "gateway", "shard-router"} {
		if _, err := exec.LookPath(filepath.Join(options.Bin, binary)); err != nil {
			return nil, config.Errorf("--bin: %w (make build makes the binaries)", err)
		}
	}
	version, err := existingPostgres(data)
	if err != nil {
		return nil, err
	}
	programs, err := install.Ensure(ctx, version, os.Stdout)
	if err != nil {
		return nil, err
	}
	p := &platform{options: options, data: data, url: url}
	if p.ports, err = choosePorts(data, options); err != nil {
		return nil, err
	}
	if p.postgres, err = newPostgres(data, programs.Postgres, p.ports["postgres"]); err != nil {
		return nil, err
	}
	if p.redis, err = newRedis(data, programs.Redis, options.RedisReplicas, p.ports); err != nil {
		return nil, err
	}
	if _, err := data.secret(config.SigningKeysFile, newSigningKey); err != nil {
		return nil, err
	}
	if err := data.writeSecret(config.PostgresDSNFile, p.dsn()); err != nil {
		return nil, err
	}
	p.supervisor = supervise.New(supervise.Config{
		Terminal: os.Stdout,
		Colour:   isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == "", // https://no-color.org
		LogDir:   data.file("log"),
		Inherit:  data.children,
		Timing:   supervise.DefaultTiming,
		Changed:  p.report,
	})
	return p, nil
}

func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// choosePorts gives every listener its port, the same as last time where it is free.
func choosePorts(data *dataDir, options *runCommand) (map[string]int, error) {
	names := []string{"postgres", "migrate-admin", "worker-admin"}
	for i := range redisNodes(options.RedisReplicas) {
		names = append(names, redisName(i), redisName(i)+"-bus")
	}
	services := append(numbered("api", options.APIs), numbered("shard-router", options.Routers)...)
	for shard := range options.Shards {
		services = append(services, numbered(gatewayName(shard), options.GatewayPods)...)
	}
	for _, name := range services {
		names = append(names, name, name+"-admin")
	}
	book, err := ports.Open(data.file("ports.json"))
	if err != nil {
		return nil, err
	}
	chosen := make(map[string]int, len(names))
	for _, name := range names {
		if chosen[name], err = book.Port(name); err != nil {
			return nil, err
		}
	}
	return chosen, nil
}

func (p *platform) addr(name string) string { return ports.Addr(p.ports[name]) }

// addrs are the addresses of a service of which there are count.
func (p *platform) addrs(name string, count int) (addrs []string) {
	for _, each := range numbered(name, count) {
		addrs = append(addrs, p.addr(each))
	}
	return addrs
}

// held says whether somebody wants a child to stay away.
func (p *platform) held(name string) func() bool {
	return func() bool {
		_, err := os.Stat(p.data.file(status.HoldDir, name))
		return err == nil
	}
}

func (p *platform) dsn() string { return p.postgres.DSN(postgres.Owner, postgres.Owner) }

// start starts everything in the order in which it depends on each other.
func (p *platform) start(ctx context.Context) error {
	steps := []struct {
		what string
		do   func(context.Context) error
	}{
		{"PostgreSQL and Redis", p.startStores},
		{"migrations", p.migrate},
		{"api, worker and " + strconv.Itoa(p.options.Shards) + " gateway shards", p.startServices},
		{"shard router", p.startRouter},
	}
	for _, step := range steps {
		begin := time.Now()
		p.supervisor.Say("starting: %s", step.what)
		if err := step.do(ctx); err != nil {
			return err
		}
		p.supervisor.Say("    done: %s (%v)", step.what, time.Since(begin).Round(100*time.Millisecond))
	}
	return nil
}

func (p *platform) stop() {
	p.supervisor.Stop()
	if err := status.Remove(p.data.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		p.supervisor.Say("%v", err)
	}
}

// report writes the status file.
func (p *platform) report(states []supervise.State) {
	current := status.Platform{
		URL: p.url, PID: os.Getpid(), PostgresDSN: p.dsn(), MailDir: p.data.file("mail"),
		Children: make([]status.Child, len(states)),
	}
	for i, s := range states {
		current.Children[i] = status.Child(s)
	}
	if err := status.Write(p.data.path, current); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err) // the supervisor is in the middle of its report
	}
}

func newPassword() string { return rand.Text() }
