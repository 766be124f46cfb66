// Package coalesce answers concurrent questions together: those that are asked while an answer is under way are gathered and
// go out as one. A lone question waits for nobody; where many are asked at a time, each waits for others a little, and the more
// they are, the less each of them costs.
//
// What a question is answered with was read after it was asked: a run takes only what was waiting before it began.
package coalesce

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"guildhall.chat/guildhall/internal/tracing"
)

const (
	// patience is how long the questions that wait leave it to a run before them. Past it another one begins beside it, so that
	// a part of a database that hangs costs time only those who ask for that part.
	patience = 5 * time.Millisecond
	// gather is how long a run waits for more questions when the one before had crowd of them or more: then others are on their
	// way, and what they would cost alone is worth the wait.
	gather = 500 * time.Microsecond
	crowd  = 4
	// maxRuns bounds how many runs are under way at once.
	maxRuns = 32
	// maxBatch bounds how many questions a run takes.
	maxBatch = 256
	// maxWaiting bounds how many questions wait; more are refused.
	maxWaiting = 16384
)

// ErrOverloaded is returned when more questions wait than can be answered in time.
var ErrOverloaded = errors.New("too many requests are waiting")

var errMiscounted = errors.New("not as many answers as questions")

// Group gathers questions and has them answered. Make it with New.
type Group[Q, A any] struct {
	name    string // of the runs in traces
	answer  func(ctx context.Context, asked []Q) ([]A, error)
	timeout time.Duration

	mu      sync.Mutex
	waiting []*question[Q, A]
	runs    int
	pressed bool // a timer will begin a run beside the others
}

type question[Q, A any] struct {
	asks Q
	gets A
	err  error
	done chan struct{}
	span trace.Span // of what asks, nil if that is not traced
}

// New returns a group whose questions are answered by one function: an answer for each, in their order, or an error for all. A
// run may take so long; it does not end when those who ask go away. Traces have it under the name.
func New[Q, A any](name string, timeout time.Duration, answer func(ctx context.Context, asked []Q) ([]A, error)) *Group[Q, A] {
	return &Group[Q, A]{name: name, answer: answer, timeout: timeout}
}

// Ask returns the answer to a question, of a run that began after the call.
func (g *Group[Q, A]) Ask(ctx context.Context, asks Q) (A, error) {
	q := &question[Q, A]{asks: asks, done: make(chan struct{}), span: tracing.Recorded(ctx)}
	g.mu.Lock()
	if len(g.waiting) >= maxWaiting {
		g.mu.Unlock()
		return q.gets, ErrOverloaded
	}
	g.waiting = append(g.waiting, q)
	switch {
	case g.runs == 0:
		g.runs++
		go g.run()
	case !g.pressed && g.runs < maxRuns:
		g.pressed = true
		time.AfterFunc(patience, g.press)
	}
	g.mu.Unlock()
	select {
	case <-q.done:
		return q.gets, q.err
	case <-ctx.Done():
		var none A
		return none, ctx.Err()
	}
}

// press begins a run for those who have waited for others too long.
func (g *Group[Q, A]) press() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pressed = false
	if len(g.waiting) > 0 && g.runs < maxRuns {
		g.runs++
		go g.run()
	}
}

// run answers until nobody waits.
func (g *Group[Q, A]) run() {
	for last := 0; ; {
		if last >= crowd {
			time.Sleep(gather)
		}
		g.mu.Lock()
		n := min(len(g.waiting), maxBatch)
		if n == 0 {
			g.runs--
			g.mu.Unlock()
			return
		}
		batch := g.waiting[:n:n]
		if g.waiting = g.waiting[n:]; len(g.waiting) == 0 {
			g.waiting = nil
		}
		g.mu.Unlock()
		g.settle(batch)
		last = n
	}
}

// settle answers a batch, whatever becomes of its run.
func (g *Group[Q, A]) settle(batch []*question[Q, A]) {
	var answers []A
	var err error
	defer func() {
		if r := recover(); r != nil { // it is the requests' failure, not the process's end
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
		for i, q := range batch {
			if q.err = err; err == nil {
				q.gets = answers[i]
			}
			close(q.done)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), g.timeout)
	defer cancel()
	asked := make([]Q, len(batch))
	var spans []trace.Span
	for i, q := range batch {
		asked[i] = q.asks
		if q.span != nil {
			spans = append(spans, q.span)
		}
	}
	if spans != nil {
		var span trace.Span
		ctx, span = tracing.Together(ctx, g.name, spans)
		defer span.End()
	}
	if answers, err = g.answer(ctx, asked); err == nil && len(answers) != len(batch) {
		err = errMiscounted
	}
}
