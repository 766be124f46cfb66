package tracing

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"guildhall.chat/guildhall/internal/telemetry"
)

// traceContext reads and writes W3C trace context.
var traceContext propagation.TraceContext

// Names of the headers, as package http has them and as they are written.
const (
	parentHeader = "Traceparent"
	parentKey    = "traceparent"
)

// none is a span that records nothing.
var none = trace.SpanFromContext(context.Background())

// Request begins the span of a request that comes from outside, if it is chosen.
func Request(ctx context.Context, header http.Header, name string) (context.Context, trace.Span) {
	s := current.Load()
	if s == nil {
		return ctx, none
	}
	chosen := s.sample > 0 && rand.Float64() < s.sample
	if header[parentHeader] == nil {
		if !chosen {
			return ctx, none
		}
		return s.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer))
	}
	heard := traceContext.Extract(ctx, propagation.HeaderCarrier(header))
	parent := trace.SpanContextFromContext(heard)
	switch {
	case !parent.IsValid() && !chosen, parent.IsValid() && (!parent.IsSampled() || !chosen && !s.forced.Allow()):
		return ctx, none
	}
	return s.tracer.Start(heard, name, trace.WithSpanKind(trace.SpanKindServer))
}

// Recorded returns the span of what is done in ctx, or nil if it is not recorded.
func Recorded(ctx context.Context) trace.Span {
	if current.Load() == nil || telemetry.IsRequest(ctx) {
		return nil
	}
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		return span
	}
	return nil
}

// Recording reports whether what is done in ctx is recorded.
func Recording(ctx context.Context) bool { return Recorded(ctx) != nil }

// Begin begins the span of a part of what is recorded in ctx, if anything is.
func Begin(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	if s := current.Load(); s != nil && Recording(ctx) {
		return s.tracer.Start(ctx, name, options...)
	}
	return ctx, none
}

// Carry returns what Follow needs elsewhere, 55 bytes, or "" when ctx is not traced.
func Carry(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	traceContext.Inject(ctx, carrier)
	return carrier[parentKey]
}

// CarryIn puts what Carry returns, if anything, into the header of a request.
func CarryIn(ctx context.Context, header http.Header) {
	if trace.SpanContextFromContext(ctx).IsSampled() {
		traceContext.Inject(ctx, propagation.HeaderCarrier(header))
	}
}

// Carried returns what a header of our own carries.
func Carried(header http.Header) string { return header.Get(parentHeader) }

// Follow begins the span of what goes on here of a trace of another process, or of another time, if carried is one that is
// recorded.
func Follow(ctx context.Context, carried, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	s := current.Load()
	if s == nil || carried == "" {
		return ctx, none
	}
	remote := trace.SpanContextFromContext(traceContext.Extract(context.Background(), propagation.MapCarrier{parentKey: carried}))
	if !remote.IsSampled() {
		return ctx, none
	}
	return s.tracer.Start(trace.ContextWithRemoteSpanContext(ctx, remote), name, options...)
}

// Together begins the span of what is done at once for several, each with a span of its own. It belongs to the trace of the
// first that is recorded; the others are linked with it, both ways.
func Together(ctx context.Context, name string, spans []trace.Span) (context.Context, trace.Span) {
	s := current.Load()
	if s == nil {
		return ctx, none
	}
	first := slices.IndexFunc(spans, recorded)
	if first < 0 {
		return ctx, none
	}
	ctx, made := s.tracer.Start(trace.ContextWithSpan(ctx, spans[first]), name)
	for _, span := range spans[first+1:] {
		if recorded(span) {
			made.AddLink(trace.Link{SpanContext: span.SpanContext()})
			span.AddLink(trace.Link{SpanContext: made.SpanContext()})
		}
	}
	return ctx, made
}

func recorded(span trace.Span) bool { return span != nil && span.IsRecording() }

// Observe adds a value to a histogram, with the trace as its exemplar if it is recorded.
func Observe(h prometheus.Observer, value float64, of trace.SpanContext) {
	if exemplars, ok := h.(prometheus.ExemplarObserver); ok && of.IsSampled() {
		exemplars.ObserveWithExemplar(value, prometheus.Labels{"trace_id": of.TraceID().String()})
		return
	}
	h.Observe(value)
}
