package ratelimit

import (
	"github.com/prometheus/client_golang/prometheus"

	"guildhall.chat/guildhall/internal/metrics"
)

var (
	refusals = metrics.NewCounters("guildhall_ratelimit_refusals_total",
		"Requests that a rate limit refused, by the scope told to the client.", "scope")
	fallbacks = metrics.NewCounter("guildhall_ratelimit_fallbacks_total",
		"Requests that were counted locally because Redis did not answer.")
)

// refused has the counter of each scope.
var refused = map[string]prometheus.Counter{
	"user": refusals.WithLabelValues("user"), "shared": refusals.WithLabelValues("shared"), "global": refusals.WithLabelValues("global"),
}
