package fanout

import "context"

// progress is how far a view has come in its log, and who waits for it to come further. The view's lock guards it.
type progress struct {
	seq     int64
	ended   bool
	waiting []waiter
}

type waiter struct {
	seq  int64
	done chan struct{} // closed when the view is there, or has ended
}

// advance is called with the seq of each durable event.
func (p *progress) advance(seq int64) {
	p.seq = seq
	if p.waiting == nil {
		return
	}
	still := p.waiting[:0]
	for _, w := range p.waiting {
		if w.seq <= seq {
			close(w.done)
		} else {
			still = append(still, w)
		}
	}
	if p.waiting = still; len(still) == 0 {
		p.waiting = nil
	}
}

// end lets everybody go who waits.
func (p *progress) end() {
	p.ended = true
	for _, w := range p.waiting {
		close(w.done)
	}
	p.waiting = nil
}

// reached returns what to wait for until the view has come to seq; nil if it has.
func (p *progress) reached(seq int64) <-chan struct{} {
	if p.seq >= seq || p.ended {
		return nil
	}
	done := make(chan struct{})
	p.waiting = append(p.waiting, waiter{seq, done})
	return done
}

// wait waits for what reached has returned.
func wait(ctx context.Context, reached <-chan struct{}) error {
	if reached == nil {
		return nil
	}
	select {
	case <-reached:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
