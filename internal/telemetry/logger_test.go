package telemetry

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestLinesNameTheirRequestAndTrace(t *testing.T) {
	TraceWith(func(ctx context.Context) string {
		if RequestOf(ctx) == "" {
			return ""
		}
		return "4bf92f35"
	})
	t.Cleanup(func() { traceOf.Store(nil) })
	var out bytes.Buffer
	log := slog.New(newContextual(slog.NewTextHandler(&out, nil)))
	ctx := WithRequest(t.Context(), "abc")
	log.InfoContext(ctx, "plain")
	log.With("k", 1).InfoContext(ctx, "with")
	log.WithGroup("g").With("x", 2).InfoContext(ctx, "grouped", "k", 1)
	bound := Bound(ctx, log)
	bound.With("k", 1).WithGroup("g").Info("bound", "k", 2)
	log.Info("alone")
	for i, want := range []string{
		"msg=plain request=abc trace_id=4bf92f35", "msg=with k=1 request=abc trace_id=4bf92f35",
		"msg=grouped request=abc trace_id=4bf92f35 g.x=2 g.k=1", "msg=bound request=abc trace_id=4bf92f35 k=1 g.k=2", "msg=alone",
	} {
		if line := strings.Split(out.String(), "\n")[i]; !strings.HasSuffix(line, want) {
			t.Errorf("%q does not end with %q", line, want)
		}
	}
}

func TestLevelIsChangedFromTheMachineItself(t *testing.T) {
	before := level.Level()
	t.Cleanup(func() { level.Set(before) })
	level.Set(slog.LevelInfo)
	admin, get := serveAdmin(t)
	put := func(body string) int {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+admin.Addr().String()+"/log/level", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return response.StatusCode
	}
	if code := put("debug\n"); code != 200 || level.Level() != slog.LevelDebug {
		t.Errorf("debug: %d, %v", code, level.Level())
	}
	for _, wrong := range []string{"", "loud", "{}", strings.Repeat("x", 1000)} {
		if code := put(wrong); code != 400 || level.Level() != slog.LevelDebug {
			t.Errorf("%q: %d, %v", wrong, code, level.Level())
		}
	}
	if code, body := get("/log/level"); code != 200 || body != "debug\n" {
		t.Errorf("%d %q", code, body)
	}

	distant := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/log/level", strings.NewReader("error"))
	distant.RemoteAddr = "10.0.0.7:40000"
	answer := httptest.NewRecorder()
	admin.handler().ServeHTTP(answer, distant)
	if answer.Code != 403 || level.Level() != slog.LevelDebug {
		t.Errorf("from elsewhere: %d, %v", answer.Code, level.Level())
	}
}
