package rest

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"

	"guildhall.chat/guildhall/internal/tracing"
)

// traced follows the requests that are chosen. The library for gin makes a span's attributes of every request before it knows
// whether it is one; paths, which have tokens of webhooks and ids, would be among them.
func traced(c *gin.Context) {
	ctx, span := tracing.Request(c.Request.Context(), c.Request.Header, "request")
	if ctx != c.Request.Context() {
		c.Request = c.Request.WithContext(ctx)
	}
	c.Next()
	if !span.IsRecording() {
		return
	}
	route, status := routeOf(c), c.Writer.Status()
	span.SetName(route)
	span.SetAttributes(semconv.HTTPRoute(route), semconv.HTTPResponseStatusCode(status))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, http.StatusText(status))
	}
	span.End()
}

// routeOf names a request in traces, by what is declared of it.
func routeOf(c *gin.Context) string {
	if c.FullPath() == "" {
		return "no route"
	}
	return c.Request.Method + " " + strings.TrimPrefix(c.FullPath(), "/api")
}
