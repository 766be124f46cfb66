// Package roundtrip measures what a process asks its Redis Cluster, be it one command or a pipeline of many, and the connections
// to the nodes; and makes a span of what is asked for something recorded.
//
// One hook does both, where the cluster is asked and not where its nodes are: a pipeline takes as long as the slowest of them, and
// go-redis asks each by a goroutine of its own, whose stack must not grow for our sake.
package roundtrip

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"

	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/internal/tracing"
)

var (
	seconds = metrics.NewHistograms("guildhall_redis_round_trip_seconds",
		"Time that the Redis Cluster took to answer, by kind: command, pipeline (as long as its slowest node). The wait for a connection is in it, and what was tried again.",
		metrics.Latency, "kind")
	failures = metrics.NewCounter("guildhall_redis_failures_total",
		"Commands and pipelines that a node of the Redis Cluster did not answer. An error that Redis answers is none.")
	connections = metrics.NewReading(metrics.Gauge, "guildhall_redis_pool_connections",
		"Connections to the nodes of the Redis Cluster, by state: idle, used.", "state")
	poolTimeouts = metrics.NewReading(metrics.Counter, "guildhall_redis_pool_timeouts_total",
		"Times that a connection to the Redis Cluster was waited for in vain.")

	command  = seconds.WithLabelValues("command")
	pipeline = seconds.WithLabelValues("pipeline")
)

// Measure measures the client of this process. It is called before the client is used.
func Measure(rdb *redis.ClusterClient) {
	rdb.AddHook(hook{})
	connections.From(func(tell metrics.Tell) {
		stats := rdb.PoolStats()
		tell(float64(stats.IdleConns), "idle")
		tell(max(0, float64(stats.TotalConns)-float64(stats.IdleConns)), "used")
	})
	poolTimeouts.From(func(tell metrics.Tell) { tell(float64(rdb.PoolStats().Timeouts)) })
}

type hook struct{}

// DialHook implements redis.Hook.
func (hook) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		begun := time.Now()
		var span trace.Span
		if tracing.Recording(ctx) {
			ctx, span = begin(ctx, "redis "+cmd.FullName())
		}
		err := next(ctx, cmd)
		observe(command, begun, span, err)
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		begun := time.Now()
		var span trace.Span
		if tracing.Recording(ctx) {
			ctx, span = begin(ctx, "redis pipeline", semconv.DBOperationBatchSize(len(cmds)))
		}
		err := next(ctx, cmds)
		observe(pipeline, begun, span, worst(cmds, err))
		return err
	}
}

// worst returns the error of a pipeline, of which it is enough that one of the nodes has not answered.
func worst(cmds []redis.Cmder, err error) error {
	if err == nil {
		return nil
	}
	for _, cmd := range cmds {
		if e := cmd.Err(); e != nil && e != redis.Nil && unanswered(e) { //nolint:errorlint // most are Nil as it is, and they are many
			return e
		}
	}
	return err
}

// observe measures what was asked and ends its span, nil if it has none.
func observe(kind prometheus.Observer, begun time.Time, span trace.Span, err error) {
	took := time.Since(begun).Seconds()
	if span == nil {
		kind.Observe(took)
	} else {
		tracing.Observe(kind, took, span.SpanContext())
		end(span, err)
	}
	if unanswered(err) {
		failures.Inc()
	}
}

// unanswered reports whether Redis has said nothing. Somebody who no longer waits for the answer says nothing about Redis.
func unanswered(err error) bool {
	var answer redis.Error // what Redis says, also that there is nothing
	return err != nil && !errors.As(err, &answer) && !errors.Is(err, context.Canceled) && !errors.Is(err, net.ErrClosed)
}
