// Package telemetry is what a running process tells about itself: JSON logs on stderr, and an admin port with liveness,
// readiness, Prometheus metrics and the level of the logs. Parts of a program register their readiness checks with the Admin;
// kubelet and Prometheus ask it.
//
// Lines that are logged with a context say which request they belong to, and which trace:
//
//	WithRequest, TraceWith  -->  context  --log.InfoContext-->  {"msg": ..., "request": ..., "trace_id": ...}
package telemetry

import (
	"log/slog"
	"os"
)

// level is that of the process's logs. It is changed on the admin port; see level.go.
var level slog.LevelVar

// NewLogger returns a logger that writes JSON lines of level and above to stderr, each with the service's name. It is called
// once in a process.
func NewLogger(least slog.Level, service string) *slog.Logger {
	level.Set(least)
	handler := slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: &level})
	return slog.New(newContextual(handler)).With("service", service)
}
