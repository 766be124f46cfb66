package rest

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/metrics"
)

// A panic is a failure of the platform like any other: in the answer, in what the REST promise is measured by, and in the log.
func TestPanicIsAnsweredMeasuredAndLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	handler, err := New(Config{
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Public: []call.Route{{Method: http.MethodGet, Path: "/panics", Handle: func(*call.Call) error { panic("it is a test's") }}},
	})
	if err != nil {
		t.Fatal(err)
	}
	before := answered(t, "/panics", "5xx")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/panics", nil))
	if body := answer.Body.String(); answer.Code != http.StatusInternalServerError || !strings.Contains(body, `"code":0`) || strings.Contains(body, "test's") {
		t.Errorf("%d %s", answer.Code, body)
	}
	if n := answered(t, "/panics", "5xx") - before; n != 1 {
		t.Errorf("measured %d times", n)
	}
	for _, want := range []string{"msg=panic", "msg=answered method=GET route=/panics status=500"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, &log)
		}
	}
}

// answered returns how many requests to a route were measured that had a class of status.
func answered(t *testing.T, route, status string) (n uint64) {
	t.Helper()
	families, err := metrics.Default.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "guildhall_http_request_duration_seconds" {
			continue
		}
		for _, m := range family.GetMetric() {
			if label(m, "route") == route && label(m, "status") == status {
				n += m.GetHistogram().GetSampleCount()
			}
		}
	}
	return n
}

func label(m *dto.Metric, name string) string {
	for _, pair := range m.GetLabel() {
		if pair.GetName() == name {
			return pair.GetValue()
		}
	}
	return ""
}
