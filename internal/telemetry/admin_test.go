package telemetry

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

// serveAdmin runs an admin server and checks on clean-up that it stops without an error.
func serveAdmin(t *testing.T) (admin *Admin, get func(path string) (int, string)) {
	t.Helper()
	admin, err := NewAdmin("127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- admin.Run(ctx) }()
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return admin, func(path string) (int, string) {
		t.Helper()
		response, err := client.Get("http://" + admin.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
}

func TestReadyOnlyWhileEveryCheckPasses(t *testing.T) {
	defer goleak.VerifyNone(t)
	t.Run("", func(t *testing.T) {
		admin, get := serveAdmin(t)
		var redis error
		admin.Ready("postgres", func(context.Context) error { return nil })
		admin.Ready("redis", func(context.Context) error { return redis })
		if code, body := get("/readyz"); code != 200 {
			t.Errorf("all pass: %d %s", code, body)
		}
		redis = errors.New("no quorum")
		if code, body := get("/readyz"); code != 503 || !strings.Contains(body, `"redis":"no quorum"`) || strings.Contains(body, "postgres") {
			t.Errorf("redis fails: %d %s", code, body)
		}
		if code, _ := get("/healthz"); code != 200 {
			t.Errorf("unready is not dead, yet healthz says %d", code)
		}
		redis = nil
		if code, body := get("/readyz"); code != 200 {
			t.Errorf("redis is back: %d %s", code, body)
		}
	})
}

func TestHangingCheckIsUnready(t *testing.T) {
	defer goleak.VerifyNone(t)
	t.Run("", func(t *testing.T) {
		admin, get := serveAdmin(t)
		never := make(chan struct{})
		t.Cleanup(func() { close(never) })
		admin.Ready("stuck", func(context.Context) error { <-never; return nil })
		if code, body := get("/readyz"); code != 503 || !strings.Contains(body, `"stuck"`) {
			t.Errorf("%d %s", code, body)
		}
	})
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	admin, get := serveAdmin(t)
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "guildhall_things_total", Help: "Things."})
	admin.Registry().MustRegister(counter)
	t.Cleanup(func() { admin.Registry().Unregister(counter) })
	counter.Inc()
	code, body := get("/metrics")
	for _, want := range []string{"guildhall_things_total 1", "go_goroutines ", "process_resident_memory_bytes "} {
		if !strings.Contains(body, want) {
			t.Errorf("%d: no %q", code, want)
		}
	}
}

func TestTakenAddressIsNamed(t *testing.T) {
	t.Parallel()
	admin, _ := serveAdmin(t)
	_, err := NewAdmin(admin.Addr().String(), slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), admin.Addr().String()) {
		t.Fatalf("%v", err)
	}
}
