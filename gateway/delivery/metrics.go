package delivery

import (
	"github.com/prometheus/client_golang/prometheus"

	"guildhall.chat/guildhall/internal/metrics"
)

var (
	batchSize = metrics.NewHistogram("guildhall_gateway_batch_dispatches",
		"Dispatches that were journaled and handed to the lanes together.", prometheus.ExponentialBuckets(1, 4, 8))
	jumps = metrics.NewCounter("guildhall_gateway_journal_jumps_total",
		"Times that the pod went on without its journal: sessions from before can't be resumed elsewhere.")
	latency = metrics.NewHistogram("guildhall_gateway_delivery_seconds",
		"Time from the writing of a change, its commit included, until its dispatch was written to the connections of all its receivers of a lane, as far as clients read.",
		append(metrics.Latency[:len(metrics.Latency):len(metrics.Latency)], 30))
	historyBytes = metrics.NewGauge("guildhall_gateway_history_bytes",
		"Payloads kept for sessions that resume on this pod.")
)
