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
	historyBytes = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "guildhall_gateway_history_bytes",
		Help: "Payloads kept for sessions that resume on this pod.",
	})
)
