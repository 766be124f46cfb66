package clients_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds each wait for one thing to happen; the machine may be busy with other suites.
const patience = 30 * time.Second

// journal keeps what a client has seen, in order, and lets a test wait for an entry.
type journal[E any] struct {
	mu      sync.Mutex
	entries []E
	grown   chan struct{} // closed and replaced at each entry
}

func newJournal[E any]() *journal[E] { return &journal[E]{grown: make(chan struct{})} }

func (j *journal[E]) add(entry E) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, entry)
	close(j.grown)
	j.grown = make(chan struct{})
}

// mark is a position: what is added later lies after it.
func (j *journal[E]) mark() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.entries)
}

// since copies the entries after a mark.
func (j *journal[E]) since(mark int) []E {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]E(nil), j.entries[mark:]...)
}

// find waits for the first entry after mark that matches.
func (j *journal[E]) find(ctx context.Context, mark int, match func(E) bool) (E, error) {
	for at := mark; ; {
		j.mu.Lock()
		fresh, grown := j.entries[at:], j.grown
		j.mu.Unlock()
		for _, entry := range fresh {
			if match(entry) {
				return entry, nil
			}
		}
		at += len(fresh)
		select {
		case <-grown:
		case <-ctx.Done():
			var none E
			return none, fmt.Errorf("not among the %d entries that came: %w", at-mark, ctx.Err())
		}
	}
}

// await is find that fails the test, saying what was expected and what came instead.
func (j *journal[E]) await(t testing.TB, mark int, what string, match func(E) bool) E {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	entry, err := j.find(ctx, mark, match)
	if err != nil {
		came := j.since(mark)
		if len(came) > 20 {
			came = came[len(came)-20:]
		}
		var list strings.Builder
		for _, e := range came {
			fmt.Fprintf(&list, "\n    %.500v", e)
		}
		t.Fatalf("expected %s: %v; the last that came:%s", what, err, list.String())
	}
	return entry
}
