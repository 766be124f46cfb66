package store

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	reads = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "guildhall_postgres_reads_total",
		Help: "Reads that a replica may answer, by what answered: replica or primary.",
	}, []string{"target"})
	replicaReads = reads.WithLabelValues("replica")
	primaryReads = reads.WithLabelValues("primary")

	fallbacks = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "guildhall_postgres_replica_fallbacks_total",
		Help: "Reads that the primary answered because the replica that was asked was behind, or failed.",
	}, []string{"reason"})
	fallbacksBehind = fallbacks.WithLabelValues("behind")
	fallbacksFailed = fallbacks.WithLabelValues("failed")
)
