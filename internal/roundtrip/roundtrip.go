// Package roundtrip measures what a process asks its Redis Cluster: each round trip to a node, be it one command or a pipeline
// of many, and the connections to the nodes; and makes a span of each round trip that is for something recorded.
//
// One hook does both, and does little more than call on for what is not recorded: go-redis has each node of a pipeline asked by a
// goroutine of its own, whose stack must not grow for our sake.
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
		"Time of a round trip to a node of the Redis Cluster, by kind: command, pipeline. The wait for a connection is in it.", metrics.Latency, "kind")
	failures = metrics.NewCounter("guildhall_redis_failures_total",
		"Round trips to a node of the Redis Cluster that brought no answer. An error that Redis answers is none.")
	connections = metrics.NewReading(metrics.Gauge, "guildhall_redis_pool_connections",
		"Connections to the nodes of the Redis Cluster, by state: idle, used.", "state")
	poolTimeouts = metrics.NewReading(metrics.Counter, "guildhall_redis_pool_timeouts_total",
		"Times that a connection to the Redis Cluster was waited for in vain.")

	command  = seconds.WithLabelValues("command")
	pipeline = seconds.WithLabelValues("pipeline")
)

// Measure measures the client of this process. It is called before the client is used.
func Measure(rdb *redis.ClusterClient) {
	rdb.OnNewNode(func(node *redis.Client) { node.AddHook(hook{about(node)}) })
	connections.From(func(tell metrics.Tell) {
		stats := rdb.PoolStats()
		tell(float64(stats.IdleConns), "idle")
		tell(max(0, float64(stats.TotalConns)-float64(stats.IdleConns)), "used")
	})
	poolTimeouts.From(func(tell metrics.Tell) { tell(float64(rdb.PoolStats().Timeouts)) })
}

type hook struct{ about trace.SpanStartEventOption }

// DialHook implements redis.Hook.
func (hook) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (h hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		begun := time.Now()
		var span trace.Span
		if tracing.Recording(ctx) {
			ctx, span = h.span(ctx, "redis "+cmd.FullName())
		}
		err := next(ctx, cmd)
		observe(command, begun, span, err)
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (h hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		begun := time.Now()
		var span trace.Span
		if tracing.Recording(ctx) {
			ctx, span = h.span(ctx, "redis pipeline", semconv.DBOperationBatchSize(len(cmds)))
		}
		err := next(ctx, cmds)
		observe(pipeline, begun, span, err)
		return err
	}
}

// observe measures a round trip and ends its span, nil if it has none.
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
