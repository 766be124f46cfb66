package ratelimit

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	refusals = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "guildhall_ratelimit_refusals_total",
		Help: "Requests that a rate limit refused, by the scope told to the client.",
	}, []string{"scope"})
	fallbacks = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_ratelimit_fallbacks_total",
		Help: "Requests that were counted locally because Redis did not answer.",
	})
)
