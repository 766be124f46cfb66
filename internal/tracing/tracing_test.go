package tracing

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/telemetry"
)

// record switches tracing on for a part of the requests, until the test ends.
func record(t *testing.T, sample float64) *tracetest.InMemoryExporter {
	spans := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(sdk.WithSyncer(spans), sdk.WithSampler(Sampler()))
	t.Cleanup(Use(provider, sample))
	return spans
}

const (
	sampledParent   = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	unsampledParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	theirTrace      = "0af7651916cd43dd8448eb211c80319c"
)

func TestOffCostsNoAllocation(t *testing.T) {
	ctx := context.Background()
	header := http.Header{parentHeader: {sampledParent}}
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "test_seconds"})
	allocations := testing.AllocsPerRun(100, func() {
		c, span := Request(ctx, header, "request")
		span.End()
		c, span = Begin(c, "part")
		span.End()
		c, span = Follow(c, sampledParent, "elsewhere")
		span.End()
		if Carry(c) != "" {
			t.Error("something is carried")
		}
		CarryIn(c, header)
		c, span = Together(c, "all", nil)
		span.End()
		Observe(histogram, 1, trace.SpanContextFromContext(c))
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
	if Postgres() != nil {
		t.Error("Postgres is traced")
	}
}

func TestWhatIsNotChosenCostsNoAllocation(t *testing.T) {
	record(t, 0)
	ctx := context.Background()
	header := http.Header{}
	allocations := testing.AllocsPerRun(100, func() {
		c, span := Request(ctx, header, "request")
		c, part := Begin(c, "part")
		part.End()
		span.End()
		_ = Carry(c)
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestTheCallerDecidesWhatIsTraced(t *testing.T) {
	for _, c := range []struct {
		name, parent  string
		sample        float64
		traced, heard bool // heard: the context has the caller's trace
	}{
		{"nobody says", "", 0, false, false},
		{"all are chosen", "", 1, true, false},
		{"sampled", sampledParent, 0, true, true},
		{"not sampled", unsampledParent, 1, false, false},
		{"garbage", "00-xyz", 0, false, false},
		{"garbage, chosen", "00-xyz", 1, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			spans := record(t, c.sample)
			header := http.Header{}
			if c.parent != "" {
				header.Set("traceparent", c.parent)
			}
			ctx, span := Request(context.Background(), header, "request")
			span.End()
			if got := len(spans.GetSpans()) == 1; got != c.traced {
				t.Errorf("traced: %v", got)
			}
			of := trace.SpanContextFromContext(ctx)
			if heard := of.TraceID().String() == theirTrace; heard != c.heard {
				t.Errorf("has the caller's trace: %v", heard)
			}
			if carried := Carry(ctx); (carried != "") != c.traced {
				t.Errorf("carries %q", carried)
			}
		})
	}
}

func TestPartsOfARequestKnowWhetherItIsTraced(t *testing.T) {
	for sample, want := range map[float64]bool{0: false, 1: true} {
		record(t, sample)
		ctx, span := Request(telemetry.WithRequest(context.Background(), "id"), http.Header{}, "request")
		later, cancel := context.WithCancel(ctx)
		for name, ctx := range map[string]context.Context{"its own": ctx, "derived": later} {
			if got := Recorded(ctx) != nil; got != want {
				t.Errorf("sampled by %v, the context %s: recorded is %v", sample, name, got)
			}
		}
		cancel()
		span.End()
	}
}

func TestOnlyALongWaitForAConnectionHasASpan(t *testing.T) {
	spans := record(t, 1)
	ctx, request := Request(context.Background(), http.Header{}, "request")
	tracer := Postgres().(postgres)
	for _, wait := range []time.Duration{0, 2 * noticeable} {
		asked := tracer.TraceAcquireStart(ctx, nil, pgxpool.TraceAcquireStartData{})
		time.Sleep(wait)
		tracer.TraceAcquireEnd(asked, nil, pgxpool.TraceAcquireEndData{})
	}
	request.End()
	waits := slices.DeleteFunc(spans.GetSpans(), func(s tracetest.SpanStub) bool { return s.Name == "request" })
	if len(waits) == 0 || waits[len(waits)-1].EndTime.Sub(waits[len(waits)-1].StartTime) < noticeable {
		t.Errorf("spans of waits: %+v", waits)
	}
	tracer.TraceAcquireEnd(ctx, nil, pgxpool.TraceAcquireEndData{}) // of one whose beginning was not recorded
}

func TestCallersCanHaveOnlySoManyTraced(t *testing.T) {
	spans := record(t, 0)
	header := http.Header{parentHeader: {sampledParent}}
	const asked = 50 * maxForced
	for range asked {
		_, span := Request(context.Background(), header, "request")
		span.End()
	}
	if n := len(spans.GetSpans()); n < maxForced || n >= asked {
		t.Errorf("%d of %d are traced", n, asked)
	}
}

func TestATraceGoesOnElsewhere(t *testing.T) {
	spans := record(t, 1)
	ctx, request := Request(context.Background(), http.Header{}, "request")
	header := http.Header{}
	CarryIn(ctx, header)
	if Carried(header) != Carry(ctx) || len(Carry(ctx)) != 55 {
		t.Fatalf("carries %q and %q", Carry(ctx), Carried(header))
	}
	_, there := Follow(context.Background(), Carry(ctx), "there")
	there.End()
	request.End()
	got := spans.GetSpans()
	if len(got) != 2 || got[0].Parent.SpanID() != got[1].SpanContext.SpanID() || got[0].SpanContext.TraceID() != got[1].SpanContext.TraceID() {
		t.Errorf("%+v", got)
	}
	for _, carried := range []string{"", "nonsense", unsampledParent} {
		if _, span := Follow(context.Background(), carried, "there"); span.IsRecording() {
			t.Errorf("%q is followed", carried)
		}
	}
}

func TestWhatIsDoneTogetherIsLinked(t *testing.T) {
	spans := record(t, 1)
	var waits []trace.Span
	for range 3 {
		_, span := Request(context.Background(), http.Header{}, "wait")
		waits = append(waits, span)
	}
	_, span := Together(context.Background(), "together", append([]trace.Span{none, nil}, waits...))
	span.End()
	for _, wait := range waits {
		wait.End()
	}
	got := spans.GetSpans()
	if len(got) != 4 {
		t.Fatalf("%d spans", len(got))
	}
	together := got[0]
	if together.Parent.SpanID() != got[1].SpanContext.SpanID() || len(together.Links) != 2 {
		t.Errorf("together has the parent %v and %d links", together.Parent.SpanID(), len(together.Links))
	}
	for _, wait := range got[2:] {
		if len(wait.Links) != 1 || wait.Links[0].SpanContext.SpanID() != together.SpanContext.SpanID() {
			t.Errorf("a wait is linked with %v", wait.Links)
		}
	}
}

func TestBadConfigurationIsRefusedByItsKey(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	for _, c := range []struct {
		config config.Tracing
		key    string
	}{
		{config.Tracing{TraceSample: -0.1}, "--trace-sample"},
		{config.Tracing{TraceSample: 1.1}, "--trace-sample"},
		{config.Tracing{TraceEndpoint: "collector:4318"}, "--trace-endpoint"},
		{config.Tracing{TraceEndpoint: "grpc://collector:4317"}, "--trace-endpoint"},
		{config.Tracing{TraceEndpoint: "http://"}, "--trace-endpoint"},
		{config.Tracing{TraceEndpoint: "http://user:secret@collector"}, "--trace-endpoint"},
		{config.Tracing{TraceEndpoint: "http://collector?key=secret"}, "--trace-endpoint"},
	} {
		_, err := Start(c.config, "test", "", log)
		var bad *config.Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.key) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", c.config, err)
		}
	}
	if On() {
		t.Error("tracing is on")
	}
	for given, want := range map[string]string{
		"http://collector:4318":         "http://collector:4318/v1/traces",
		"https://collector.example/":    "https://collector.example/v1/traces",
		"http://collector:80/otlp/here": "http://collector:80/otlp/here",
	} {
		if got, err := parseEndpoint(given); err != nil || got != want {
			t.Errorf("%s: %q, %v", given, got, err)
		}
	}
}
