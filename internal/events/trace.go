package events

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"guildhall.chat/guildhall/internal/tracing"
)

// relaying begins a span in the trace of each of the rows that has one: they are sent again, or by somebody else than the
// request that made them.
func relaying(ctx context.Context, rows []Event) (of context.Context, end func()) {
	var spans []trace.Span
	for _, e := range rows {
		if _, span := tracing.Follow(ctx, e.Head.Trace, "relay event"); span.IsRecording() {
			spans = append(spans, span)
		}
	}
	if spans == nil {
		return ctx, func() {}
	}
	ctx, together := tracing.Together(ctx, "publish events", spans)
	return ctx, func() {
		together.End()
		for _, span := range spans {
			span.End()
		}
	}
}
