// Command shard-router is the WebSocket front door: it greets clients and joins each to the gateway pod it belongs to.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/internal/telemetry"
	"guildhall.chat/guildhall/internal/tracing"
	"guildhall.chat/guildhall/shard-router/placement"
	"guildhall.chat/guildhall/shard-router/proxy"
)

// drainSlack is what the last connections have to end after their clients were told.
const drainSlack = 5 * time.Second

type router struct {
	config.Common
	Listen            string         `help:"Address that clients connect to." default:"127.0.0.1:8081"`
	Shards            int            `help:"Number of gateway shards, with --pods." placeholder:"N"`
	Pods              []string       `help:"Gateway pods, shard/name@host:port, comma-separated, that never change." placeholder:"PODS"`
	GatewayService    string         `help:"Headless Service of the gateway, in place of --pods: its pods are watched." placeholder:"NAMESPACE/NAME"`
	ShardMap          string         `help:"ConfigMap with the shard map (keys generation, shards), in place of --shards: it is watched." placeholder:"NAMESPACE/NAME"`
	HeartbeatInterval time.Duration  `help:"Told to clients in HELLO." default:"41250ms"`
	MaxConnections    int            `help:"Most client connections at once; each takes two descriptors." default:"9000"`
	MaxPending        int            `help:"Most connections that have not identified yet." default:"2000"`
	MaxPerPod         int            `help:"Most connections that this router puts on one gateway pod." default:"9000"`
	TrustedProxies    []netip.Prefix `help:"Networks whose X-Forwarded-For is believed, CIDR, comma-separated." placeholder:"CIDRS"`
	DrainPeriod       time.Duration  `help:"Over which clients are told to connect anew when the router is told to stop." default:"20s"`
}

func main() {
	config.Run("shard-router", "Greets gateway clients and joins each to its gateway pod.", &router{})
}

// Run serves until ctx ends and the connections are drained.
func (r *router) Run(ctx context.Context) error {
	if err := r.check(); err != nil {
		return err
	}
	signing, err := config.LoadSigningKeys(r.Secrets)
	if err != nil {
		return err
	}
	keys, err := auth.NewKeys(signing)
	if err != nil {
		return err
	}
	log := telemetry.NewLogger(r.LogLevel, "shard-router")
	stopTracing, err := tracing.Start(r.Tracing, "shard-router", "", log)
	if err != nil {
		return err
	}
	defer stopTracing()
	admin, err := telemetry.NewAdmin(r.AdminAddr, log)
	if err != nil {
		return err
	}
	pods, err := r.source(log)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", r.Listen)
	if err != nil {
		return fmt.Errorf("listen for clients: %w", err)
	}

	limits := proxy.DefaultLimits()
	limits.Connections, limits.Pending = r.MaxConnections, r.MaxPending
	table := placement.NewTable(pods.Source, r.MaxPerPod)
	declare(metrics.Default).from(table, pods)
	p := proxy.New(proxy.Config{
		Shards:            pods.shards,
		HeartbeatInterval: r.HeartbeatInterval,
		TrustedProxies:    r.TrustedProxies,
		Limits:            limits,
	}, table, keys, proxy.NewMetrics(metrics.Default), log)
	admin.Ready("clients", p.Ready)
	admin.Ready("gateway", pods.ready)
	log.Info("serving", "listen", listener.Addr().String(), "admin", admin.Addr().String())
	return r.serve(ctx, p, pods.follow, listener, admin, log)
}

// check refuses values that are well-formed but wrong.
func (r *router) check() error {
	for flag, value := range map[string]int{
		"--max-connections": r.MaxConnections, "--max-pending": r.MaxPending, "--max-per-pod": r.MaxPerPod,
	} {
		if value < 1 {
			return config.Errorf("%s: must be 1 or more", flag)
		}
	}
	if r.HeartbeatInterval < time.Second {
		return config.Errorf("--heartbeat-interval: must be 1s or more")
	}
	return r.checkSource()
}

// serve runs follow, the client and the admin port. When ctx ends, the admin port stays until the clients are drained: it
// says that the router is not ready. Pods are followed as long, for who comes is still placed.
func (r *router) serve(ctx context.Context, p *proxy.Proxy, follow func(context.Context) error, listener net.Listener,
	admin *telemetry.Admin, log *slog.Logger) error {
	adminCtx, stopAdmin := context.WithCancel(context.WithoutCancel(ctx))
	defer stopAdmin()
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return admin.Run(adminCtx) })
	group.Go(func() error { return follow(adminCtx) })

	server := p.Server()
	server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("client port: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		defer stopAdmin()
		<-groupCtx.Done()
		drainCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.DrainPeriod+drainSlack)
		defer cancel()
		// The port stays open meanwhile: who comes before the front door has noticed is answered, not refused.
		p.Drain(drainCtx, r.DrainPeriod)
		return server.Close()
	})
	return group.Wait()
}
