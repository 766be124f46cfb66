package coalesce

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestTheSameIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	began, let := make(chan struct{}, 100), make(chan struct{})
	g := NewKeyed("test", time.Minute, func(_ context.Context, key string) (string, error) {
		if key == "other" {
			return key, nil
		}
		runs.Add(1)
		began <- struct{}{}
		<-let
		return key + "!", nil
	})
	var wg sync.WaitGroup
	ask := func() {
		wg.Go(func() {
			if got, err := g.Ask(t.Context(), "same"); err != nil || got != "same!" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	ask()
	<-began
	for range 10 {
		ask()
	}
	for waiting := 0; waiting < 10; {
		g.mu.Lock()
		if next := g.flights["same"].next; next != nil {
			waiting = next.askers
		}
		g.mu.Unlock()
	}
	if got, err := g.Ask(t.Context(), "other"); err != nil || got != "other" { // while the first hangs
		t.Errorf("%q, %v", got, err)
	}
	let <- struct{}{}
	<-began
	let <- struct{}{}
	wg.Wait()
	if n := runs.Load(); n != 2 {
		t.Errorf("%d runs, want 2", n)
	}
}

func TestKeyedAnswersAreNeverOlderThanTheirQuestions(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	g := NewKeyed("test", time.Minute, func(context.Context, int64) (int64, error) { return now.Load(), nil })
	var wg sync.WaitGroup
	for i := range int64(16) {
		wg.Go(func() {
			for range 200 {
				at := now.Add(1)
				if seen, err := g.Ask(t.Context(), i%3); err != nil || seen < at {
					t.Errorf("asked at %d, saw %d: %v", at, seen, err)
				}
			}
		})
	}
	wg.Wait()
	for { // nothing is kept of what nobody asks
		g.mu.Lock()
		left := len(g.flights)
		g.mu.Unlock()
		if left == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
}

func TestKeyedFailures(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	g := NewKeyed("test", time.Minute, func(_ context.Context, broken bool) (int, error) {
		if broken {
			panic("broken")
		}
		return 0, failed
	})
	if _, err := g.Ask(t.Context(), false); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	if _, err := g.Ask(t.Context(), true); err == nil {
		t.Error("a panic is no error")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Ask(gone, false); err == nil {
		t.Error("who has gone got an answer")
	}
}
