package coalesce

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// answerer answers a number with its square, when it is let.
type answerer struct {
	began chan []int
	let   chan error
}

func newAnswerer() (*answerer, *Group[int, int]) {
	a := &answerer{began: make(chan []int, 100), let: make(chan error)}
	return a, New("test", time.Minute, func(_ context.Context, asked []int) ([]int, error) {
		a.began <- slices.Clone(asked)
		if err := <-a.let; err != nil {
			return nil, err
		}
		answers := make([]int, len(asked))
		for i, n := range asked {
			answers[i] = n * n
		}
		return answers, nil
	})
}

func TestQuestionsGatherWhileOneIsAnswered(t *testing.T) {
	t.Parallel()
	a, g := newAnswerer()
	var wg sync.WaitGroup
	ask := func(n int) {
		wg.Go(func() {
			if got, err := g.Ask(t.Context(), n); err != nil || got != n*n {
				t.Errorf("asked %d: %d, %v", n, got, err)
			}
		})
	}
	ask(1)
	if first := <-a.began; !slices.Equal(first, []int{1}) {
		t.Fatalf("the first run has %v", first)
	}
	g.mu.Lock()
	g.pressed = true // nobody loses patience
	g.mu.Unlock()
	for n := 2; n <= 20; n++ {
		ask(n)
	}
	for waiting := 0; waiting < 19; {
		g.mu.Lock()
		waiting = len(g.waiting)
		g.mu.Unlock()
	}
	a.let <- nil
	second := <-a.began
	slices.Sort(second)
	if len(second) != 19 || second[0] != 2 || second[18] != 20 {
		t.Errorf("the second run has %v", second)
	}
	a.let <- nil
	wg.Wait()
}

// What is answered was read after it was asked for.
func TestAnAnswerIsNeverOlderThanItsQuestion(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	g := New("test", time.Minute, func(_ context.Context, asked []struct{}) ([]int64, error) {
		seen := now.Load()
		time.Sleep(time.Duration(seen%3) * 100 * time.Microsecond)
		answers := make([]int64, len(asked))
		for i := range answers {
			answers[i] = seen
		}
		return answers, nil
	})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 200 {
				at := now.Add(1)
				if seen, err := g.Ask(t.Context(), struct{}{}); err != nil || seen < at {
					t.Errorf("asked at %d, saw %d: %v", at, seen, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestASlowRunDoesNotHoldUpTheRest(t *testing.T) {
	t.Parallel()
	a, g := newAnswerer()
	var wg sync.WaitGroup
	for n := range 2 {
		wg.Go(func() { _, _ = g.Ask(t.Context(), n) })
		<-a.began // the second one, too, while nothing was let
	}
	a.let <- nil
	a.let <- nil
	wg.Wait()
}

func TestFailuresAreEverybodys(t *testing.T) {
	t.Parallel()
	a, g := newAnswerer()
	failed := errors.New("failed")
	go func() { <-a.began; a.let <- failed }()
	if _, err := g.Ask(t.Context(), 1); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Ask(gone, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone got %v", err)
	}
	<-a.began
	a.let <- nil
	broken := New("test", time.Minute, func(context.Context, []int) ([]int, error) { panic("broken") })
	if _, err := broken.Ask(t.Context(), 1); err == nil {
		t.Error("a panic is no error")
	}
	short := New("test", time.Minute, func(context.Context, []int) ([]int, error) { return nil, nil })
	if _, err := short.Ask(t.Context(), 1); err == nil {
		t.Error("no answer, and no error")
	}
	_, full := newAnswerer()
	full.runs, full.waiting = maxRuns, make([]*question[int, int], maxWaiting)
	if _, err := full.Ask(t.Context(), 3); !errors.Is(err, ErrOverloaded) {
		t.Errorf("one more than may wait: %v", err)
	}
}
