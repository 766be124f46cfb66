package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"guildhall.chat/guildhall/hack/local/frontdoor"
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/telemetry"
)

// frontDoorGrace bounds how long requests under way may delay the stop.
const frontDoorGrace = 3 * time.Second

type runCommand struct {
	Addr     string     `help:"Address of the front door." default:"127.0.0.1:8080"`
	Data     string     `help:"Directory of all data." default:".local" type:"path"`
	Bin      string     `help:"Directory of the service binaries." default:"bin" type:"path"`
	LogLevel slog.Level `help:"Least level that is logged: debug, info, warn or error." default:"info"`
	config.Tracing

	PublicURL            string        `help:"Base of links, if clients don't reach the front door at its address." placeholder:"URL"`
	Shards               int           `help:"Number of gateway shards." default:"2"`
	GatewayPods          int           `help:"Gateway pods of each shard." default:"1"`
	APIs                 int           `name:"apis" help:"Processes of the api." default:"1"`
	Routers              int           `help:"Shard routers." default:"1"`
	RedisReplicas        int           `help:"Replicas of each Redis master." default:"0"`
	RateLimits           string        `help:"on; off or raised for load tests." enum:"on,off,raised" default:"on"`
	FetchAllow           string        `help:"Networks beyond the public internet that URLs of users may lead to, as --fetch-allow of the api." placeholder:"CIDRS"`
	RequireVerifiedEmail bool          `help:"Refuse accounts whose address isn't verified."`
	HeartbeatInterval    time.Duration `help:"Told in HELLO; 0 leaves it to the services."`
	ResumeWindow         time.Duration `help:"How long a dropped session waits; 0 leaves it to the services."`
}

// Validate is called by kong.
func (c *runCommand) Validate() error {
	const most = 64 // processes on one machine
	for _, count := range []struct {
		flag     string
		n, least int
	}{
		{"--shards", c.Shards, 1}, {"--gateway-pods", c.GatewayPods, 1}, {"--apis", c.APIs, 1},
		{"--routers", c.Routers, 1}, {"--redis-replicas", c.RedisReplicas, 0},
	} {
		if count.n < count.least || count.n > most {
			return fmt.Errorf("%s: %d is not from %d to %d", count.flag, count.n, count.least, most)
		}
	}
	return nil
}

// Run runs the platform until ctx ends.
func (c *runCommand) Run(ctx context.Context) error {
	door, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return config.Errorf("front door: %w (choose another address with --addr or GUILDHALL_ADDR)", err)
	}
	defer func() { _ = door.Close() }()

	data, err := openDataDir(ctx, c.Data, os.Stdout)
	if err != nil {
		return err
	}
	defer data.close()

	p, err := newPlatform(ctx, c, data, doorURL(c.PublicURL, door.Addr()))
	if err != nil {
		return err
	}
	defer p.stop()
	if err := p.start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // interrupted
		}
		return err
	}
	return p.serve(ctx, door)
}

// serve opens the front door until ctx ends.
func (p *platform) serve(ctx context.Context, door net.Listener) error {
	log := telemetry.NewLogger(p.options.LogLevel, "front-door")
	server := frontdoor.NewServer(frontdoor.Handler(p.addrs("api", p.options.APIs), p.addrs("shard-router", p.options.Routers), log), log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(door) }()
	p.supervisor.Say("guildhall ready: %s", p.url)
	select {
	case err := <-failed:
		return fmt.Errorf("front door: %w", err)
	case <-ctx.Done():
	}
	p.supervisor.Say("stopping; the data stays in %s", p.data.path)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), frontDoorGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		_ = server.Close() // cuts requests that take longer
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("front door: %w", err)
	}
	return nil
}

// doorURL is the base URL at which clients reach the front door.
func doorURL(public string, addr net.Addr) string {
	if public != "" {
		return public
	}
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "http://" + addr.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
