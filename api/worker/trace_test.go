package worker

import (
	"testing"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/redistest"
	"guildhall.chat/guildhall/internal/store"
	"guildhall.chat/guildhall/internal/tracing"
	"guildhall.chat/guildhall/internal/tracing/tracingtest"
)

// What a request left to the relay goes on in the request's trace.
func TestTheRelayFollowsTheTraceOfAnEvent(t *testing.T) {
	spans := tracingtest.Record(t, 1)
	s := newSite(t, redistest.Client(t))
	log := s.newLog()
	ctx, request := tracing.Request(t.Context(), nil, "request")
	err := s.store.Change(ctx, func(tx *store.Tx) error { return tx.Emit(log, events.Header{Type: "TEST"}, nil) })
	request.End()
	if err != nil {
		t.Fatal(err)
	}
	if err := newRelay(s.store, s.publisher).step(t.Context()); err != nil {
		t.Fatal(err)
	}
	byName := map[string]tracetest.SpanStub{}
	for _, span := range spans.GetSpans() {
		if span.SpanContext.TraceID() == request.SpanContext().TraceID() {
			byName[span.Name] = span
		}
	}
	change, relayed, published := byName["change"], byName["relay event"], byName["publish events"]
	if relayed.Parent.SpanID() != change.SpanContext.SpanID() || !relayed.Parent.IsRemote() || !relayed.Parent.IsValid() {
		t.Errorf("the relay's parent is %v, that of the change's span is %v", relayed.Parent.SpanID(), change.SpanContext.SpanID())
	}
	if published.Parent.SpanID() != relayed.SpanContext.SpanID() || !published.Parent.IsValid() {
		t.Errorf("the parent of what is published is %v, not the relay's span %v", published.Parent.SpanID(), relayed.SpanContext.SpanID())
	}
}
