package delivery

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	batchSize = promauto.NewHistogram(prometheus.HistogramOpts{
		Name:    "guildhall_gateway_batch_dispatches",
		Help:    "Dispatches that were journaled and handed to the lanes together.",
		Buckets: prometheus.ExponentialBuckets(1, 4, 8),
	})
	jumps = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_gateway_journal_jumps_total",
		Help: "Times that the pod went on without its journal: sessions from before can't be resumed elsewhere.",
	})
	historyBytes = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "guildhall_gateway_history_bytes",
		Help: "Payloads kept for sessions that resume on this pod.",
	})
)
