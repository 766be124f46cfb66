package rest

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
)

// accessLog logs one in so many requests, and each that the platform has failed. A line has the template of the route, never the
// path or the query: those may hold tokens.
type accessLog struct {
	log   *slog.Logger
	every uint64 // 0: only those that failed
	seen  atomic.Uint64
}

func (a *accessLog) note(c *gin.Context, took time.Duration) {
	status := c.Writer.Status()
	failed := status >= http.StatusInternalServerError
	if !failed && (a.every == 0 || a.seen.Add(1)%a.every != 0) {
		return
	}
	level := slog.LevelInfo
	if failed {
		level = slog.LevelWarn
	}
	a.log.LogAttrs(c.Request.Context(), level, "answered",
		slog.String("method", methodOf(c)), slog.String("route", c.FullPath()), slog.Int("status", status),
		slog.Int64("microseconds", took.Microseconds()), slog.Int("bytes", max(0, c.Writer.Size())))
}

// methodOf returns the method, unless the client may have made it up.
func methodOf(c *gin.Context) string {
	if c.FullPath() == "" {
		return "other"
	}
	return c.Request.Method
}
