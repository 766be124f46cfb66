package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"guildhall.chat/guildhall/internal/metrics"
)

// shutdownGrace bounds how long a request on the admin port may delay the end of the process.
const shutdownGrace = 2 * time.Second

// Admin serves /healthz, /readyz, /metrics, /log/level and /debug/pprof/ on an address of its own, which is not for clients.
type Admin struct {
	listener  net.Listener
	log       *slog.Logger
	readiness readiness
}

// NewAdmin listens on addr, host:port. Call Run to serve.
func NewAdmin(addr string, log *slog.Logger) (*Admin, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("admin port: %w", err)
	}
	a := &Admin{listener: listener, log: log}
	ready.From(a.readiness.tell)
	built.From(tellBuild)
	return a, nil
}

// Addr returns the address that the admin port listens on.
func (a *Admin) Addr() net.Addr { return a.listener.Addr() }

// Registry takes the collectors of libraries; what is declared in package metrics is behind /metrics anyway.
func (a *Admin) Registry() prometheus.Registerer { return metrics.Default.Registerer() }

// Ready adds a readiness check. The process is ready while every check returns nil; /readyz names those that don't, with
// the error's text. A check must be safe for concurrent use and gets readyTimeout; it may be added while Run serves.
func (a *Admin) Ready(name string, check func(context.Context) error) {
	a.readiness.add(name, check)
}

// Run serves until ctx ends, then shuts down. It returns an error only if serving failed.
func (a *Admin) Run(ctx context.Context) error {
	server := &http.Server{
		Handler:           a.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		if err := server.Shutdown(grace); err != nil {
			_ = server.Close()
		}
	})
	err := server.Serve(a.listener)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("admin port: %w", err)
}

func (a *Admin) handler() http.Handler {
	mux := http.NewServeMux()
	// Alive means that the process answers; what it depends on belongs to readiness, or an outage of Postgres would
	// have every pod restarted.
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.Handle("GET /readyz", &a.readiness)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics.Default.Gatherer(), promhttp.HandlerOpts{
		Registry: a.Registry(),
		// Only this format has exemplars.
		EnableOpenMetrics: true,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelError),
	}))
	mux.HandleFunc("GET /log/level", tellLevel)
	mux.HandleFunc("PUT /log/level", a.setLevel)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
