package delivery

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/tracing"
)

// Trace is what a dispatch adds to the trace of the request that it comes of: a span from the event's arrival until every lane
// has written it, with one for each lane that has receivers.
type Trace struct {
	ctx   context.Context
	span  trace.Span
	lanes atomic.Int32 // that have not written it
}

// Follow begins the trace of an event's dispatch; nil if the event is not traced. The zero time is now.
func Follow(e *events.Event, arrived time.Time) *Trace {
	if e.Head.Trace == "" {
		return nil
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer)}
	if !arrived.IsZero() {
		options = append(options, trace.WithTimestamp(arrived))
	}
	ctx, span := tracing.Follow(context.Background(), e.Head.Trace, "dispatch "+e.Head.Type, options...)
	if !span.IsRecording() {
		return nil
	}
	return &Trace{ctx: ctx, span: span}
}

// traced prepares a batch for the lanes, and returns the spans of those that are traced.
func traced(batch []*Delivery, lanes int) (spans []trace.Span) {
	for _, d := range batch {
		if d.Trace != nil {
			d.Trace.lanes.Store(int32(lanes))
			spans = append(spans, d.Trace.span)
		}
	}
	return spans
}

// queued begins the span of a lane.
func (t *Trace) queued(receivers int) trace.Span {
	_, span := tracing.Begin(t.ctx, "write to clients", trace.WithAttributes(attribute.Int("guildhall.receivers", receivers)))
	return span
}

// written is told that a lane has nothing to do, or nothing more.
func (t *Trace) written() {
	if t.lanes.Add(-1) == 0 {
		t.span.End()
	}
}
