package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/authn"
	"guildhall.chat/guildhall/api/exports"
	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/api/mail"
	"guildhall.chat/guildhall/api/rest"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/internal/ratelimit"
	"guildhall.chat/guildhall/internal/telemetry"
	"guildhall.chat/guildhall/internal/tracing"
)

type serveCommand struct {
	config.Common
	Dependencies
	Listen         string `help:"Address that clients connect to." default:"127.0.0.1:8082"`
	PublicURL      string `help:"Base URL of the platform as clients see it." default:"http://127.0.0.1:8080"`
	GatewayURL     string `help:"WebSocket URL of the gateway as clients see it." default:"ws://127.0.0.1:8080"`
	Shards         int    `help:"Number of gateway shards; GET /gateway/bot recommends it." default:"1"`
	MaxConcurrency int    `help:"Sessions that a bot may start at once in 5 seconds; GET /gateway/bot tells." default:"1"`
	RateLimits     string `help:"on; for load tests off, or raised: counted, and never reached." enum:"on,off,raised" default:"on"`

	AccessLog uint64 `help:"One in so many requests is logged, and each that failed by a fault of the platform; 0: these alone." default:"100"`

	Registration string `help:"Who may register: everybody (open), who has an invitation (invite), nobody (closed)." enum:"open,invite,closed" default:"open"`

	SMTPAddr             string   `name:"smtp-addr" help:"Mail server, host:port. Without it mail goes to --mail-dir." placeholder:"ADDR"`
	MailFrom             string   `help:"Sender of mails." default:"guildhall@localhost"`
	MailDir              string   `help:"Directory for mails when there is no mail server, one file each." placeholder:"DIR"`
	RequireVerifiedEmail bool     `help:"Users must verify their mail address before they act."`
	TrustedProxies       []string `help:"Networks whose X-Forwarded-For is believed, CIDR, comma-separated." default:"127.0.0.0/8,::1/128"`
}

// stopGrace is how long requests under way may take when the process is told to stop.
const stopGrace = 15 * time.Second

// Run serves until ctx ends and the requests under way are answered.
func (c *serveCommand) Run(ctx context.Context) error {
	metrics.Default.Withhold(onlyWorker...)
	uuid.EnableRandPool() // each request gets an id, which is no secret
	secrets, err := config.LoadSecrets(c.Secrets)
	if err != nil {
		return err
	}
	keys, err := auth.NewKeys(secrets.SigningKeys)
	if err != nil {
		return err
	}
	logger := telemetry.NewLogger(c.LogLevel, "api")
	admin, err := telemetry.NewAdmin(c.AdminAddr, logger)
	if err != nil {
		return err
	}
	stopTracing, err := tracing.Start(c.Tracing, "api", "", logger)
	if err != nil {
		return err
	}
	defer stopTracing()
	back, err := open(ctx, secrets, c.Dependencies, logger)
	if err != nil {
		return err
	}
	defer back.close()
	admin.Ready("postgres", back.store.Ping)

	transport, err := c.mailTransport(secrets)
	if err != nil {
		return err
	}
	queue := mail.NewQueue(transport, logger)

	var limits []ratelimit.Option
	switch c.RateLimits {
	case "off":
		logger.Warn("RATE LIMITS ARE OFF: for load tests only")
		limits = append(limits, ratelimit.Off())
	case "raised":
		logger.Warn("RATE LIMITS ARE RAISED: for load tests only")
		limits = append(limits, ratelimit.Raised())
	}
	limiter := ratelimit.New(back.redis, logger, limits...)
	cfg := rest.Config{
		Logger:         logger,
		Redis:          back.redis,
		Limiter:        limiter,
		Authenticator:  authn.New(back.store, keys, limiter, logger),
		Access:         access.New(back.store, back.publisher),
		VerifiedOnly:   c.RequireVerifiedEmail,
		TrustedProxies: c.TrustedProxies,
		AccessLog:      c.AccessLog,
	}
	c.addRoutes(&cfg, back, keys, queue)
	handler, err := rest.New(cfg)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen for clients: %w", err)
	}
	logger.Info("serving", "listen", listener.Addr().String(), "admin", admin.Addr().String())

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return admin.Run(ctx) })
	group.Go(func() error {
		queue.Run(ctx)
		return nil
	})
	group.Go(func() error {
		exports.NewTeller(back.store, files.NewLinks(c.PublicURL, keys), queue, logger).Run(ctx)
		return nil
	})
	group.Go(func() error { return serveHTTP(ctx, rest.Server(handler), listener) })
	return group.Wait()
}

// serveHTTP serves until ctx ends, then lets the requests under way finish.
func serveHTTP(ctx context.Context, server *http.Server, listener net.Listener) error {
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
		defer cancel()
		stopped <- server.Shutdown(grace)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve clients: %w", err)
	}
	return <-stopped
}

func (c *serveCommand) mailTransport(secrets config.Secrets) (mail.Transport, error) {
	switch {
	case c.SMTPAddr != "":
		return mail.NewSMTP(c.SMTPAddr, c.MailFrom, secrets.SMTPPassword)
	case c.MailDir != "":
		return mail.NewDirectory(c.MailDir, c.MailFrom)
	}
	return nil, config.Errorf("--smtp-addr or --mail-dir is needed: accounts are verified by mail")
}
