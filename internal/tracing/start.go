package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"

	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/telemetry"
)

const (
	// tracesPath is where a collector takes traces, unless the endpoint names another path.
	// https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
	tracesPath = "/v1/traces"
	// stopTimeout bounds how long the end of the process waits for the last spans to be sent.
	stopTimeout = 3 * time.Second
	// complainEvery is how often it is logged that spans can't be sent.
	complainEvery = time.Minute
	// maxForced is how many requests a second are traced because their caller says so. Callers are anybody.
	maxForced = 100
)

// source makes spans. There is none while tracing is off.
type source struct {
	tracer trace.Tracer
	sample float64
	forced *rate.Limiter
}

var current atomic.Pointer[source]

// On reports whether requests may be traced.
func On() bool { return current.Load() != nil }

// Start switches tracing on if an endpoint is configured. The service and the instance name the process in traces; the
// environment variable OTEL_RESOURCE_ATTRIBUTES may say more, and OTEL_EXPORTER_OTLP_HEADERS what the collector wants to be
// sent along. Call stop at the end of the process: it sends what is left.
func Start(c config.Tracing, service, instance string, log *slog.Logger) (stop func(), err error) {
	if c.TraceSample < 0 || c.TraceSample > 1 || c.TraceSample != c.TraceSample {
		return nil, config.Errorf("--trace-sample: must be from 0 to 1")
	}
	if c.TraceEndpoint == "" {
		return func() {}, nil
	}
	endpoint, err := parseEndpoint(c.TraceEndpoint)
	if err != nil {
		return nil, config.Errorf("--trace-endpoint: %w", err)
	}
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	if instance == "" {
		instance, _ = os.Hostname()
	}
	about, err := resource.New(context.Background(), resource.WithTelemetrySDK(), resource.WithAttributes(
		semconv.ServiceNamespace("guildhall"), semconv.ServiceName(service), semconv.ServiceInstanceID(instance),
	), resource.WithFromEnv())
	if err != nil {
		return nil, config.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	complain := rate.Sometimes{Interval: complainEvery}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		complain.Do(func() { log.Warn("traces can't be sent", "error", err) })
	}))
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about), sdk.WithSampler(Sampler()))
	off := Use(provider, c.TraceSample)
	telemetry.TraceWith(traceID)
	log.Info("tracing", "sample", c.TraceSample)
	return func() {
		off()
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		_ = provider.Shutdown(ctx) // the error handler has said why
	}, nil
}

// Sampler records whatever is begun: package tracing begins only what it has chosen, or what follows something recorded.
func Sampler() sdk.Sampler { return sdk.AlwaysSample() }

// Use has spans made by a provider until off is called, for a part of the requests.
func Use(provider trace.TracerProvider, sample float64) (off func()) {
	otel.SetTracerProvider(provider)
	s := &source{
		tracer: provider.Tracer("guildhall.chat/guildhall"), sample: sample, forced: rate.NewLimiter(maxForced, maxForced),
	}
	current.Store(s)
	return func() { current.CompareAndSwap(s, nil) }
}

// traceID is what log lines have of the trace that ctx belongs to.
func traceID(ctx context.Context) string {
	if of := trace.SpanContextFromContext(ctx); of.IsSampled() {
		return of.TraceID().String()
	}
	return ""
}

var errEndpoint = errors.New("must be the http or https URL of a collector that takes OTLP, such as http://collector:4318")

// parseEndpoint returns the URL that traces are posted to.
func parseEndpoint(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" ||
		u.User != nil {
		return "", errEndpoint // the parser's error would quote a password
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = tracesPath
	}
	return u.String(), nil
}
