package store

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/internal/tracing"
)

// The pool of connections.
var (
	poolConnections = metrics.NewReading(metrics.Gauge, "guildhall_postgres_pool_connections",
		"Connections of the process to Postgres, by state: acquired, idle, constructing.", "state")
	poolMax = metrics.NewReading(metrics.Gauge, "guildhall_postgres_pool_max_connections",
		"Connections to Postgres that the process opens at most.")
	poolAcquires = metrics.NewReading(metrics.Counter, "guildhall_postgres_pool_acquires_total",
		"Times that a connection to Postgres was taken from the pool.")
	poolWaits = metrics.NewReading(metrics.Counter, "guildhall_postgres_pool_waits_total",
		"Times that a connection to Postgres was waited for, because none was idle.")
	poolWaited = metrics.NewReading(metrics.Counter, "guildhall_postgres_pool_wait_seconds_total",
		"Time for which connections to Postgres were waited for, because none was idle.")
	poolCanceled = metrics.NewReading(metrics.Counter, "guildhall_postgres_pool_canceled_acquires_total",
		"Times that a connection to Postgres was no longer waited for.")
)

// What is written.
var (
	changeSeconds = metrics.NewHistogram("guildhall_postgres_change_seconds",
		"Time of a transaction that changes something and was committed, from before the wait for a connection until after the commit.", metrics.Latency)
	changeFailures = metrics.NewCounter("guildhall_postgres_change_failures_total",
		"Transactions that were to change something and were not committed because Postgres was not there, or went away.")
	changeRetries = metrics.NewCounter("guildhall_postgres_change_retries_total",
		"Transactions that were done again after a deadlock or a serialization failure.")
	messageBatch = metrics.NewHistogram("guildhall_postgres_message_batch_messages",
		"Messages that were committed together.", prometheus.ExponentialBuckets(1, 2, 8))
)

// What replicas answer.
var (
	reads = metrics.NewCounters("guildhall_postgres_reads_total",
		"Reads that a replica may answer, by what answered: replica or primary.", "target")
	replicaReads = reads.WithLabelValues("replica")
	primaryReads = reads.WithLabelValues("primary")

	fallbacks = metrics.NewCounters("guildhall_postgres_replica_fallbacks_total",
		"Reads that the primary answered because the replica that was asked was behind, or failed, by reason: behind, failed.", "reason")
	fallbacksBehind = fallbacks.WithLabelValues("behind")
	fallbacksFailed = fallbacks.WithLabelValues("failed")
)

// changed observes a transaction that began at a moment, with the trace in ctx.
func changed(ctx context.Context, begun time.Time, err error) {
	switch {
	case err == nil:
		tracing.Observe(changeSeconds, time.Since(begun).Seconds(), trace.SpanContextFromContext(ctx))
	case Unavailable(err):
		changeFailures.Inc()
	}
}

// measure has the pool looked at when metrics are read, until end is called.
func (s *Store) measure() (end func()) {
	stat := s.pool.Stat
	ends := []func(){
		poolConnections.From(func(tell metrics.Tell) {
			now := stat()
			tell(float64(now.AcquiredConns()), "acquired")
			tell(float64(now.IdleConns()), "idle")
			tell(float64(now.ConstructingConns()), "constructing")
		}),
		poolMax.From(func(tell metrics.Tell) { tell(float64(stat().MaxConns())) }),
		poolAcquires.From(func(tell metrics.Tell) { tell(float64(stat().AcquireCount())) }),
		poolWaits.From(func(tell metrics.Tell) { tell(float64(stat().EmptyAcquireCount())) }),
		poolWaited.From(func(tell metrics.Tell) { tell(stat().EmptyAcquireWaitTime().Seconds()) }),
		poolCanceled.From(func(tell metrics.Tell) { tell(float64(stat().CanceledAcquireCount())) }),
	}
	return func() {
		for _, end := range ends {
			end()
		}
	}
}
