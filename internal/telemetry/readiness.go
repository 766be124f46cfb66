package telemetry

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"
)

// readyTimeout bounds one readiness check. It is under the 1 s that the kubelet waits by default for an answer.
const readyTimeout = 800 * time.Millisecond

type check struct {
	name string
	run  func(context.Context) error
}

// readiness answers /readyz: 200 while every check passes, else 503 with what failed.
type readiness struct {
	mu     sync.Mutex
	checks []check
}

// readyReport is the body of /readyz.
type readyReport struct {
	Ready  bool              `json:"ready"`
	Failed map[string]string `json:"failed,omitempty"` // check -> error
}

func (r *readiness) add(name string, run func(context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checks = append(r.checks, check{name, run})
}

func (r *readiness) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	report := r.report(request.Context())
	w.Header().Set("Content-Type", "application/json")
	if !report.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(report)
}

func (r *readiness) report(ctx context.Context) readyReport {
	failed := map[string]string{}
	for name, err := range r.results(ctx) {
		if err != nil {
			failed[name] = err.Error()
		}
	}
	return readyReport{Ready: len(failed) == 0, Failed: failed}
}

// results makes the checks side by side, and returns what each has said within readyTimeout.
func (r *readiness) results(ctx context.Context) map[string]error {
	r.mu.Lock()
	checks := slices.Clone(r.checks)
	r.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	results := make([]chan error, len(checks))
	for i, c := range checks {
		results[i] = make(chan error, 1) // so that a check that ignores ctx does not leak on the send
		go func() { results[i] <- c.run(ctx) }()
	}
	said := make(map[string]error, len(checks))
	for i, c := range checks {
		select {
		case err := <-results[i]:
			said[c.name] = err
		case <-ctx.Done():
			said[c.name] = ctx.Err()
		}
	}
	return said
}
