package rest

import (
	"cmp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/internal/tracing"
)

var (
	requests = metrics.NewHistograms("guildhall_http_request_duration_seconds",
		"How long REST requests took, by method, template of the route and class of the status: 2xx, 3xx, 4xx, 5xx.", metrics.Latency, "method", "route", "status")
	inFlight = metrics.NewGauge("guildhall_http_requests_in_flight",
		"REST requests that are being answered.")
	panics = metrics.NewCounter("guildhall_http_panics_total",
		"Requests that ended in a panic, each a bug.")
)

// outcome is what requests are told apart by.
type outcome struct {
	method, route string
	class         int // of the status: its first digit
}

// observers keeps the series of each outcome, so that they need not be looked up by their labels. There are as many as routes
// and classes.
var observers sync.Map

func observe(method, route string, status int, took time.Duration, of trace.SpanContext) {
	if route == "" {
		method = "other" // that of what is no route is anything that a client likes
	}
	key := outcome{method, route, status / 100}
	found, ok := observers.Load(key)
	if !ok {
		route := cmp.Or(strings.TrimPrefix(route, "/api"), "none")
		found, _ = observers.LoadOrStore(key, requests.WithLabelValues(method, route, strconv.Itoa(key.class)+"xx"))
	}
	tracing.Observe(found.(prometheus.Observer), took.Seconds(), of)
}
