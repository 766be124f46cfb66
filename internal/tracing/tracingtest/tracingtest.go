// Package tracingtest records the spans of a test in memory.
package tracingtest

import (
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"guildhall.chat/guildhall/internal/tracing"
)

// Record switches tracing on, for a part of the requests, until the test ends. Tests that record can't be parallel: tracing is
// the process's.
func Record(t testing.TB, sample float64) *tracetest.InMemoryExporter {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(sdk.WithSyncer(spans), sdk.WithSampler(tracing.Sampler()))
	t.Cleanup(tracing.Use(provider, sample))
	return spans
}
