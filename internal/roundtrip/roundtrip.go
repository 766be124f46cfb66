// Package roundtrip measures what a process asks its Redis Cluster: each round trip to a node, be it one command or a pipeline
// of many, and the connections to the nodes.
package roundtrip

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
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
	rdb.OnNewNode(func(node *redis.Client) { node.AddHook(hook{}) })
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
		err := next(ctx, cmd)
		observe(ctx, command, begun, err)
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		begun := time.Now()
		err := next(ctx, cmds)
		observe(ctx, pipeline, begun, err)
		return err
	}
}

func observe(ctx context.Context, kind prometheus.Observer, begun time.Time, err error) {
	tracing.Observe(kind, time.Since(begun).Seconds(), trace.SpanContextFromContext(ctx))
	if unanswered(err) {
		failures.Inc()
	}
}

// unanswered reports whether Redis has said nothing. Somebody who no longer waits for the answer says nothing about Redis.
func unanswered(err error) bool {
	var answer redis.Error // what Redis says, also that there is nothing
	return err != nil && !errors.As(err, &answer) && !errors.Is(err, context.Canceled) && !errors.Is(err, net.ErrClosed)
}
