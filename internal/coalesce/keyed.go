package coalesce

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"guildhall.chat/guildhall/internal/tracing"
)

// Keyed answers those who ask the same thing at a time together, and each thing by itself. Make it with NewKeyed.
type Keyed[K comparable, A any] struct {
	name    string // of the runs in traces
	answer  func(ctx context.Context, key K) (A, error)
	timeout time.Duration

	mu      sync.Mutex
	flights map[K]*flight[A]
}

// flight exists while something is asked. Who comes while a run is under way is answered by the next.
type flight[A any] struct{ next *shared[A] }

type shared[A any] struct {
	askers int
	gets   A
	err    error
	done   chan struct{}
	spans  []trace.Span // of those that ask and are traced
}

// NewKeyed returns a group whose answers are made by a function. A run may take so long; it does not end when those who ask go
// away. Those who get an answer share it, and must not change it. Traces have it under the name.
func NewKeyed[K comparable, A any](name string, timeout time.Duration, answer func(ctx context.Context, key K) (A, error)) *Keyed[K, A] {
	return &Keyed[K, A]{name: name, answer: answer, timeout: timeout, flights: map[K]*flight[A]{}}
}

// Ask returns the answer for the key, of a run that began after the call.
func (g *Keyed[K, A]) Ask(ctx context.Context, key K) (A, error) {
	span := tracing.Recorded(ctx)
	g.mu.Lock()
	f := g.flights[key]
	if f == nil {
		f = &flight[A]{}
		g.flights[key] = f
		go g.run(key, f)
	}
	if f.next == nil {
		f.next = &shared[A]{done: make(chan struct{})}
	}
	s := f.next
	s.askers++
	if span != nil {
		s.spans = append(s.spans, span)
	}
	g.mu.Unlock()
	select {
	case <-s.done:
		return s.gets, s.err
	case <-ctx.Done():
		var none A
		return none, ctx.Err()
	}
}

// run answers until nobody asks.
func (g *Keyed[K, A]) run(key K, f *flight[A]) {
	for last := 0; ; {
		if last >= crowd {
			time.Sleep(gather)
		}
		g.mu.Lock()
		s := f.next
		if s == nil {
			delete(g.flights, key)
			g.mu.Unlock()
			return
		}
		f.next = nil
		last = s.askers
		g.mu.Unlock()
		g.settle(key, s)
	}
}

func (g *Keyed[K, A]) settle(key K, s *shared[A]) {
	defer close(s.done)
	defer func() {
		if r := recover(); r != nil { // it is the requests' failure, not the process's end
			s.err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), g.timeout)
	defer cancel()
	if s.spans != nil {
		var span trace.Span
		ctx, span = tracing.Together(ctx, g.name, s.spans)
		defer span.End()
	}
	s.gets, s.err = g.answer(ctx, key)
}
