// Command gateway is the WebSocket service: it keeps the sessions of clients and sends them what they may see.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/gateway/fanout"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/gateway/session"
	"guildhall.chat/guildhall/gateway/socket"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/roundtrip"
	"guildhall.chat/guildhall/internal/sessionlimit"
	"guildhall.chat/guildhall/internal/store"
	"guildhall.chat/guildhall/internal/telemetry"
	"guildhall.chat/guildhall/internal/tracing"
)

// maxLanes bounds the goroutines that send.
const maxLanes = 1024

// drainSlack is what the last connections have to end after they were closed.
const drainSlack = 5 * time.Second

type gateway struct {
	config.Common
	config.Redis
	Listen            string        `help:"Address that clients and routers connect to." default:"127.0.0.1:8082"`
	GatewayURL        string        `name:"gateway-url" help:"URL that READY tells clients to resume at." default:"ws://127.0.0.1:8080"`
	Shard             int           `help:"The platform's shard that this pod belongs to." required:""`
	Pod               string        `help:"Name of this pod, a part of its session ids." required:""`
	HeartbeatInterval time.Duration `help:"Told to clients in HELLO." default:"41250ms"`
	ResumeWindow      time.Duration `help:"How long a session waits for its client to come back." default:"5m"`
	MaxConnections    int           `help:"Most client connections at once." default:"15000"`
	DrainPeriod       time.Duration `help:"Over which clients are told to connect elsewhere when the pod is told to stop." default:"20s"`
	MaxConcurrency    int           `help:"Sessions that a bot may start at once in 5 seconds." default:"1"`
	Lanes             int           `help:"Goroutines that send to clients; 0: one a core." default:"0"`
	HistoryBytes      int           `help:"Bytes of dispatches that are kept for clients that resume on this pod." default:"134217728"`
	MaxBacklog        int           `help:"Bytes of events that may wait for a client; one that reads more slowly is closed, and may resume." default:"8388608"`
	JournalBytes      int           `help:"Bytes of this pod's journal in Redis, from which its sessions go on elsewhere." default:"16777216"`
	JournalEntries    int           `help:"Entries of this pod's journal." default:"1000000"`
	RateLimits        string        `help:"on, or off for load tests: frames a minute and sessions that bots may start." enum:"on,off" default:"on"`
}

// collectAt is how much garbage, in percent of what lives, the collector lets come together. Dispatching makes little of it, and
// sessions live long: half of the runtime's usual room costs no measurable time.
const collectAt = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	config.Run("gateway", "Keeps the sessions of gateway clients.", &gateway{})
}

// check refuses values that are well-formed but wrong.
func (g *gateway) check() error {
	switch {
	case g.Shard < 0:
		return config.Errorf("--shard: must be 0 or more")
	case !auth.ValidPodName(g.Pod):
		return config.Errorf("--pod: must be a DNS name in lower case")
	case g.HeartbeatInterval < time.Second:
		return config.Errorf("--heartbeat-interval: must be 1s or more")
	case g.ResumeWindow <= 0:
		return config.Errorf("--resume-window: must be positive")
	case g.MaxConnections < 1:
		return config.Errorf("--max-connections: must be 1 or more")
	case g.MaxConcurrency < 1:
		return config.Errorf("--max-concurrency: must be 1 or more")
	case g.Lanes < 0 || g.Lanes > maxLanes:
		return config.Errorf("--lanes: must be from 0 to %d", maxLanes)
	case g.HistoryBytes < 1<<20, g.JournalBytes < 1<<20:
		return config.Errorf("--history-bytes, --journal-bytes: must be 1 MiB or more")
	case g.MaxBacklog < 64<<10:
		return config.Errorf("--max-backlog: must be 64 KiB or more")
	case g.JournalEntries < 1000:
		return config.Errorf("--journal-entries: must be 1000 or more")
	}
	return nil
}

// postgresConns is how many connections to Postgres a pod opens at most. There are many pods, and a storm of clients comes to all
// of them at once; Postgres has room for a few hundred connections, and the api must not find them taken.
const postgresConns = 12

// redisBuffer is what a connection to Redis buffers each way, in bytes; larger replies and commands pass in parts.
const redisBuffer = 8 << 10

// Run serves until ctx ends and the clients are drained.
func (g *gateway) Run(ctx context.Context) error {
	if err := g.check(); err != nil {
		return err
	}
	secrets, err := config.LoadSecrets(g.Secrets)
	if err != nil {
		return err
	}
	keys, err := auth.NewKeys(secrets.SigningKeys)
	if err != nil {
		return err
	}
	log := telemetry.NewLogger(g.LogLevel, "gateway").With("shard", g.Shard, "pod", g.Pod)
	stopTracing, err := tracing.Start(g.Tracing, "gateway", g.Pod, log)
	if err != nil {
		return err
	}
	defer stopTracing()
	st, err := store.OpenWith(ctx, secrets.PostgresDSN, postgresConns)
	if err != nil {
		return err
	}
	defer st.Close()
	rdb := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: g.RedisAddrs, Password: secrets.RedisPassword,
		// Else go-redis waits for its own timeout whatever the deadline of the context is.
		ContextTimeoutEnabled: true,
		// What RESP3 adds, messages that nobody asked for, is not used, and go-redis looks for them before each answer.
		Protocol: 2,
		// A storm of clients leaves many connections behind, and the default of 32 KiB each way with every one of them.
		ReadBufferSize: redisBuffer, WriteBufferSize: redisBuffer,
	})
	defer func() { _ = rdb.Close() }()
	roundtrip.Measure(rdb)
	if g.RateLimits == "off" {
		log.Warn("RATE LIMITS ARE OFF: any client may send and start sessions as fast as it likes. This is for load tests alone")
	}
	process := journal.NewProcess(g.Pod)
	writer := journal.NewWriter(rdb, process, g.ResumeWindow,
		journal.Config{MaxEntries: g.JournalEntries, MaxBytes: g.JournalBytes}, log)
	defer writer.Close()
	lanes := cmp.Or(g.Lanes, runtime.GOMAXPROCS(0))
	line := delivery.NewLine(writer, delivery.Config{Lanes: lanes, HistoryBytes: g.HistoryBytes}, log)
	feeds := events.NewFeeds(rdb, st, log)
	defer feeds.Close()
	publisher := events.NewPublisher(rdb, st, g.ResumeWindow, log)
	online := session.NewAnnouncer(presence.NewPod(rdb, g.Pod, g.ResumeWindow), st, publisher, log)
	defer online.Stop()
	hub := fanout.NewHub(line, feeds, st, online, log)
	defer hub.Close()
	sessions := session.NewServer(session.Config{
		Pod: g.Pod, ResumeURL: g.GatewayURL, HeartbeatInterval: g.HeartbeatInterval, ResumeWindow: g.ResumeWindow,
		MaxBacklog: g.MaxBacklog, Unlimited: g.RateLimits == "off",
	}, line, session.Journal{
		Process: process, Records: journal.NewSessions(rdb), Reader: journal.NewReader(rdb),
	}, keys, st, hub, sessionlimit.New(rdb, g.MaxConcurrency), online, log)
	defer sessions.Stop()
	// Once the clients have gone, the line is closed before all that feeds it: the journal must not say that the sessions have
	// left the views. They go on elsewhere.
	defer closeLine(line)

	admin, err := telemetry.NewAdmin(g.AdminAddr, log)
	if err != nil {
		return err
	}
	admin.Ready("clients", sessions.Ready)
	admin.Ready("postgres", st.Ping)
	admin.Ready("redis", func(ctx context.Context) error { return rdb.Ping(ctx).Err() })
	listener, err := net.Listen("tcp", g.Listen)
	if err != nil {
		return fmt.Errorf("listen for clients: %w", err)
	}
	handler := socket.Handler(socket.Options{Keys: keys, Log: log, MaxConnections: g.MaxConnections, Draining: sessions.Draining, Open: sessions.Open})
	log.Info("serving", "listen", listener.Addr().String(), "admin", admin.Addr().String())
	return g.serve(ctx, sessions, handler, listener, admin, log)
}

// closeLine ends the line with all that was submitted journaled, if Redis answers.
func closeLine(line *delivery.Line) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	line.Close(ctx)
}

// serve runs the client and the admin port. When ctx ends, the admin port stays until the clients are drained: it says
// that the pod is not ready.
func (g *gateway) serve(ctx context.Context, sessions *session.Server, handler http.Handler, listener net.Listener,
	admin *telemetry.Admin, log *slog.Logger) error {
	adminCtx, stopAdmin := context.WithCancel(context.WithoutCancel(ctx))
	defer stopAdmin()
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return admin.Run(adminCtx) })
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("client port: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		defer stopAdmin()
		<-groupCtx.Done()
		drainCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.DrainPeriod+drainSlack)
		defer cancel()
		// The port stays open meanwhile: who still comes is told to connect elsewhere, not refused.
		sessions.Drain(drainCtx, g.DrainPeriod)
		return server.Close()
	})
	return group.Wait()
}
