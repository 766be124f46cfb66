package main

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/internal/telemetry"
	"guildhall.chat/guildhall/shard-router/placement"
	"guildhall.chat/guildhall/shard-router/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// flags are good ones.
func flags() *router {
	return &router{
		Shards:            1,
		Pods:              []string{"0/gateway-0-0@127.0.0.1:1"},
		HeartbeatInterval: 41250 * time.Millisecond,
		MaxConnections:    10,
		MaxPending:        10,
		MaxPerPod:         10,
	}
}

// watching changes good flags to good ones of a router on Kubernetes.
func watching(r *router) {
	r.Shards, r.Pods = 0, nil
	r.GatewayService, r.ShardMap = "talk/chat-gateway", "talk/chat-shard-map"
}

func TestBadFlagsAreNamed(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*router){
		"--shards":             func(r *router) { r.Shards = 0 },
		"--max-connections":    func(r *router) { r.MaxConnections = 0 },
		"--max-pending":        func(r *router) { r.MaxPending = -1 },
		"--max-per-pod":        func(r *router) { r.MaxPerPod = 0 },
		"--heartbeat-interval": func(r *router) { r.HeartbeatInterval = 41250 },
		"--pods":               func(r *router) { r.Shards = 2 },
		"--pods or":            func(r *router) { r.Pods = nil },
		"--pods and":           func(r *router) { r.GatewayService, r.ShardMap = "talk/chat-gateway", "talk/chat-shard-map" },
		"--shards: is":         func(r *router) { watching(r); r.Shards = 2 },
		"--shard-map":          func(r *router) { watching(r); r.ShardMap = "" },
		"--gateway-service":    func(r *router) { watching(r); r.GatewayService = "chat-gateway" },
	} {
		r := flags()
		spoil(r)
		err := r.Run(t.Context())
		var bad *config.Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error of the configuration that names %s", err, want)
		}
	}
}

func TestMissingKeysStopTheStart(t *testing.T) {
	t.Parallel()
	r := flags()
	r.Secrets = t.TempDir()
	if err := r.Run(t.Context()); err == nil || !strings.Contains(err.Error(), config.SigningKeysFile) {
		t.Errorf("got %v", err)
	}
}

func TestTakenAddressStopsTheStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	r := flags()
	r.Secrets = t.TempDir()
	key := base64.StdEncoding.EncodeToString(make([]byte, config.MinSigningKey))
	if err := os.WriteFile(filepath.Join(r.Secrets, config.SigningKeysFile), []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	r.AdminAddr, r.Listen = "127.0.0.1:0", taken.Addr().String()
	if err := r.Run(t.Context()); err == nil || !strings.Contains(err.Error(), r.Listen) {
		t.Errorf("got %v", err)
	}
}

func TestStopDrainsAndTellsThatItIsNotReady(t *testing.T) {
	t.Parallel()
	r := flags()
	r.DrainPeriod = time.Hour // the client goes before
	pods, err := placement.ParseStatic(r.Pods, r.Shards)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := auth.NewKeys([][]byte{make([]byte, config.MinSigningKey)})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	admin, err := telemetry.NewAdmin("127.0.0.1:0", log)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	limits := proxy.DefaultLimits()
	p := proxy.New(proxy.Config{Shards: func() int { return 1 }, HeartbeatInterval: r.HeartbeatInterval, Limits: limits},
		placement.NewTable(pods, r.MaxPerPod), keys,
		proxy.NewMetrics(metrics.New()), log)
	admin.Ready("clients", p.Ready)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.serve(ctx, p, unchanging, listener, admin, log) }()

	client, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+listener.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ready := func() int {
		t.Helper()
		web := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := web.Get("http://" + admin.Addr().String() + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	if got := ready(); got != 200 {
		t.Errorf("readyz says %d", got)
	}
	stop()
	deadline := time.Now().Add(10 * time.Second)
	for ready() != 503 {
		if time.Now().After(deadline) {
			t.Fatal("readyz stays 200")
		}
	}
	_ = client.Close()
	if err := <-done; err != nil {
		t.Errorf("serve: %v", err)
	}
}
