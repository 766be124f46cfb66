package journal

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	appendSeconds = promauto.NewHistogram(prometheus.HistogramOpts{
		Name:    "guildhall_gateway_journal_append_seconds",
		Help:    "What a batch waited for Redis before it was dispatched.",
		Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16),
	})
	appendFailures = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_gateway_journal_failures_total",
		Help: "Batches that were given up because Redis did not answer in time.",
	})
	entriesWritten = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_gateway_journal_entries_total",
		Help: "Entries journaled.",
	})
	bytesWritten = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_gateway_journal_bytes_total",
		Help: "Bytes of batches journaled.",
	})
	entriesSkipped = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_gateway_journal_skipped_entries_total",
		Help: "Entries not journaled while degraded.",
	})
	batchesResent = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_gateway_journal_resent_batches_total",
		Help: "Batches that Redis had lost in a failover and was sent again.",
	})
	holes = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_gateway_journal_holes_total",
		Help: "Times that the journal began anew: what was dispatched before can't be resumed elsewhere.",
	})
	degraded = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "guildhall_gateway_journal_degraded",
		Help: "1 while dispatches are not journaled.",
	})
	retainedEntries = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "guildhall_gateway_journal_retained_entries",
		Help: "Entries that the journal keeps for resumes elsewhere.",
	})
	retainedBytes = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "guildhall_gateway_journal_retained_bytes",
		Help: "Bytes that the journal keeps for resumes elsewhere.",
	})
)

// Readings of journals, by how they ended.
var reads = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "guildhall_gateway_journal_reads_total",
	Help: "Positions looked for in the journals of other processes, by result.",
}, []string{"result"})

var loadSeconds = promauto.NewHistogram(prometheus.HistogramOpts{
	Name:    "guildhall_gateway_journal_load_seconds",
	Help:    "How long it took to read a journal from Redis, or what is new in it.",
	Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
})
