package tracing_test

import (
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// receiver takes traces by OTLP over HTTP, as a collector does.
type receiver struct {
	URL string

	mu      sync.Mutex
	spans   []span
	raw     []string // what was posted
	changed chan struct{}
}

// span is what the test looks at of one.
type span struct {
	trace, id, parent, name, service string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{changed: make(chan struct{})}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(io.LimitReader(request.Body, 64<<20))
	var posted collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &posted)
	}
	if err != nil || request.URL.Path != "/v1/traces" {
		http.Error(w, "no traces", http.StatusBadRequest)
		return
	}
	r.take(&posted, string(body))
	answer, _ := proto.Marshal(&collector.ExportTraceServiceResponse{})
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(answer)
}

func (r *receiver) take(posted *collector.ExportTraceServiceRequest, body string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raw = append(r.raw, body)
	for _, of := range posted.ResourceSpans {
		service := serviceOf(of)
		for _, scope := range of.ScopeSpans {
			for _, s := range scope.Spans {
				r.spans = append(r.spans, span{
					hex.EncodeToString(s.TraceId), hex.EncodeToString(s.SpanId), hex.EncodeToString(s.ParentSpanId), s.Name, service,
				})
			}
		}
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

func serviceOf(of *wire.ResourceSpans) string {
	for _, attribute := range of.Resource.GetAttributes() {
		if attribute.Key == "service.name" {
			return attribute.Value.GetStringValue()
		}
	}
	return ""
}

// trace is the spans of one, by their ids.
type trace map[string]span

// await waits until a trace has all the paths that are wanted, and returns it. A path is names of spans of a service, from a
// span without a parent here down to the one that is meant.
func (r *receiver) await(t *testing.T, id string, paths ...path) trace {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		r.mu.Lock()
		spans, changed := trace{}, r.changed
		for _, s := range r.spans {
			if s.trace == id {
				spans[s.id] = s
			}
		}
		r.mu.Unlock()
		missing := spans.without(paths)
		if len(missing) == 0 {
			return spans
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("trace %s lacks %q; it has %q", id, missing, slices.Sorted(maps.Keys(spans.paths())))
		}
	}
}

// path is a span with those above it: "service: name", divided by " > ".
type path string

func (spans trace) without(paths []path) (missing []path) {
	have := spans.paths()
	for _, wanted := range paths {
		if !have[wanted] {
			missing = append(missing, wanted)
		}
	}
	return missing
}

func (spans trace) paths() map[path]bool {
	have := map[path]bool{}
	for _, s := range spans {
		var names []string
		for at, ok := s, true; ok && len(names) < 32; at, ok = spans[at.parent] {
			names = append([]string{at.service + ": " + at.name}, names...)
		}
		have[path(strings.Join(names, " > "))] = true
	}
	return have
}

// has reports whether there is a span of a trace.
func (r *receiver) has(trace string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.spans, func(s span) bool { return s.trace == trace })
}

// said reports whether anything that was posted has the text.
func (r *receiver) said(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, body := range r.raw {
		if strings.Contains(body, text) {
			return true
		}
	}
	return false
}
