package rest

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	requests = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "guildhall_http_request_duration_seconds",
		Help:    "How long REST requests took, by method, route and status.",
		Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
	}, []string{"method", "route", "status"})
	panics = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_http_panics_total",
		Help: "Requests that ended in a panic, each a bug.",
	})
)

// outcome is what requests are told apart by.
type outcome struct {
	method, route string
	status        int
}

// observers keeps the series of each outcome, so that they need not be looked up by their labels. There are as many as routes
// and statuses.
var observers sync.Map

func observe(method, route string, status int, took time.Duration) {
	key := outcome{method, route, status}
	found, ok := observers.Load(key)
	if !ok {
		route := strings.TrimPrefix(route, "/api")
		if route == "" {
			route = "none"
		}
		observer := requests.WithLabelValues(method, route, strconv.Itoa(status))
		if key.route == "" {
			observer.Observe(took.Seconds()) // the method of what is no route is anything that a client likes
			return
		}
		found, _ = observers.LoadOrStore(key, observer)
	}
	found.(prometheus.Observer).Observe(took.Seconds())
}
