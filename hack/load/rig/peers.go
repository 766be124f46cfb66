package rig

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/hack/local/process"
)

// Bare starts a bare writer of the corpus.
func (r *Rig) Bare(ctx context.Context, corpus string) (*Server, error) {
	return r.startServer(ctx, "bare", "load", "bare", "--corpus", corpus)
}

// Proxies starts bare TCP proxies to the target, as many as the clients need.
func (r *Rig) Proxies(ctx context.Context, target string, clients int) (proxies []*Server, err error) {
	for range (clients + perProxy - 1) / perProxy {
		p, err := r.startServer(ctx, "proxy", "load", "proxy", "--target", target)
		if err != nil {
			return proxies, err
		}
		proxies = append(proxies, p)
	}
	return proxies, nil
}

// perProxy is how many clients one process takes that has two descriptors for each.
const perProxy = 8000

// Gorilla starts a server of bare gorilla/websocket connections.
func (r *Rig) Gorilla(ctx context.Context) (*Server, error) {
	return r.startServer(ctx, "gorilla", "load", "gorilla")
}

// Gin starts a server of gin that answers every GET of a channel with the bytes of a file.
func (r *Rig) Gin(ctx context.Context, body string) (*Server, error) {
	return r.startServer(ctx, "gin", "load", "gin", "--body", body)
}

// Centrifuge starts a server on the library of that name, a module of its own that is built when it is needed.
func (r *Rig) Centrifuge(ctx context.Context, corpus string) (*Server, error) {
	if err := goBuild(ctx, filepath.Join(r.root, "hack", "load", "peers", "centrifuge"), r.tools, "."); err != nil {
		return nil, err
	}
	return r.startServer(ctx, "centrifuge", "centrifuge", "-corpus", corpus)
}

// Channel is what the clients of peers are subscribed to.
const Channel = "bench"

// RedisServer is a bare Redis, alone and without persistence.
type RedisServer struct {
	Addr   string
	Client *goredis.Client
	cmd    *exec.Cmd
}

// Redis starts a bare Redis.
func (r *Rig) Redis(ctx context.Context) (*RedisServer, error) {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(addr, ":")
	cmd := exec.Command(binary, "--bind", "127.0.0.1", "--port", port, "--protected-mode", "no", "--save", "", "--appendonly", "no",
		"--dir", r.dir.Path, "--maxclients", strconv.Itoa(12_000))
	process.Bind(cmd, syscall.SIGKILL)
	s := &RedisServer{Addr: addr, cmd: cmd, Client: goredis.NewClient(&goredis.Options{Addr: addr})}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := process.Spawn(ctx, cmd, r.File(fmt.Sprintf("redis-%d.log", r.number())), func(ctx context.Context) error {
		return s.Client.Ping(ctx).Err()
	}); err != nil {
		return nil, err
	}
	return s, nil
}

// Stop ends the server.
func (s *RedisServer) Stop() {
	_ = s.Client.Close()
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}
