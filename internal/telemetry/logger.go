// Package telemetry is what a running process tells about itself: JSON logs on stderr, and an admin port with liveness,
// readiness and Prometheus metrics. Parts of a program register their readiness checks and collectors with the Admin;
// kubelet and Prometheus ask it.
package telemetry

import (
	"log/slog"
	"os"
)

// NewLogger returns a logger that writes JSON lines of level and above to stderr, each with the service's name.
func NewLogger(level slog.Leveler, service string) *slog.Logger {
	handler := slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level})
	return slog.New(handler).With("service", service)
}
