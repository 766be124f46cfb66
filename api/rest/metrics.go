package rest

import (
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
