package rest

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"
)

// endSpan says in a request's span what became of it. The library for gin makes a span's attributes of every request before it
// knows whether it is traced; paths, which have tokens of webhooks and ids, would be among them.
func endSpan(c *gin.Context, span trace.Span) {
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
