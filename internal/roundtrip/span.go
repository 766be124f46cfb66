package roundtrip

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"

	"guildhall.chat/guildhall/internal/tracing"
)

// begin begins the span of what is asked. go-redis has an instrumentation of its own, which writes out every command of every
// pipeline before it knows whether anything is recorded, and names guilds by the keys.
func begin(ctx context.Context, name string, of ...attribute.KeyValue) (context.Context, trace.Span) {
	return tracing.Begin(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(append(of, semconv.DBSystemNameRedis)...))
}

// end ends the span. Of an error it has the kind alone: texts of Redis quote keys.
func end(span trace.Span, err error) {
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
