package tracing

import (
	"context"
	"errors"
	"net"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"
)

// Redis has a span made of each round trip to a node that is for something recorded. Call it before the client is used. It
// does nothing while tracing is off.
//
// go-redis has an instrumentation of its own, which writes out every command of every pipeline before it knows whether
// anything is recorded, and names guilds by the keys.
func Redis(rdb *redis.ClusterClient) {
	if !On() {
		return
	}
	rdb.OnNewNode(func(node *redis.Client) {
		host, port, _ := net.SplitHostPort(node.Options().Addr)
		node.AddHook(nodeHook{trace.WithAttributes(
			semconv.DBSystemNameRedis, semconv.ServerAddress(host), attribute.String("server.port", port),
		)})
	})
}

// nodeHook traces what one node is asked.
type nodeHook struct{ about trace.SpanStartEventOption }

func (nodeHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h nodeHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if !recording(ctx) {
			return next(ctx, cmd)
		}
		ctx, span := Begin(ctx, "redis "+cmd.FullName(), trace.WithSpanKind(trace.SpanKindClient), h.about)
		err := next(ctx, cmd)
		endRedis(span, err)
		return err
	}
}

func (h nodeHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if !recording(ctx) {
			return next(ctx, cmds)
		}
		ctx, span := Begin(ctx, "redis pipeline", trace.WithSpanKind(trace.SpanKindClient), h.about,
			trace.WithAttributes(semconv.DBOperationBatchSize(len(cmds))))
		err := next(ctx, cmds)
		endRedis(span, err)
		return err
	}
}

// endRedis ends a round trip's span. Of an error it has the kind alone: texts of Redis quote keys.
func endRedis(span trace.Span, err error) {
	var refused redis.Error
	switch {
	case err == nil || errors.Is(err, redis.Nil):
	case errors.As(err, &refused):
		span.SetStatus(codes.Error, "refused")
	case errors.Is(err, context.DeadlineExceeded):
		span.SetStatus(codes.Error, "no answer in time")
	default:
		span.SetStatus(codes.Error, "no answer")
	}
	span.End()
}
