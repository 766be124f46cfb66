package worker

import (
	"context"
	"time"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/store"
)

const (
	// relayInterval is how soon the relay sends what nobody else has.
	relayInterval = 200 * time.Millisecond
	// lookBackEvery and lookBack make it look again at what it has seen in Redis: a failover may have lost it since.
	lookBackEvery = 5 * time.Second
	lookBack      = time.Minute
	// saveEvery is how often the mark is saved while it moves.
	saveEvery = time.Second
)

// relay brings Redis up to the outbox. It starts with all that the outbox has.
type relay struct {
	store     *store.Store
	publisher *events.Publisher

	mark    store.Mark // what was committed before is in Redis, or was
	passed  []reached  // earlier marks, the first as long ago as lookBack; at the beginning that is all
	looked  time.Time  // when it last looked back
	masters string     // the Redis processes at that time
	saved   reached    // the mark that was saved last
}

// reached is a mark and when it was passed.
type reached struct {
	mark store.Mark
	at   time.Time
}

func newRelay(s *store.Store, p *events.Publisher) *relay {
	return &relay{store: s, publisher: p, passed: []reached{{"", time.Now()}}}
}

func (r *relay) step(ctx context.Context) error {
	if now := time.Now(); now.Sub(r.looked) >= lookBackEvery {
		return r.lookBack(ctx, now)
	}
	next, err := r.send(ctx, r.mark)
	if err != nil {
		// The mark stays: what could not be sent is looked for again.
		return err
	}
	r.mark = next
	return r.save(ctx)
}

// save keeps the mark for the next relay, and for those who watch this one.
func (r *relay) save(ctx context.Context) error {
	now := time.Now()
	if r.mark == r.saved.mark || now.Sub(r.saved.at) < saveEvery {
		return nil
	}
	if err := r.store.SaveMark(ctx, r.mark); err != nil {
		return err
	}
	r.saved = reached{r.mark, now}
	return nil
}

// lookBack sends what Redis has lost again: of the last minute, or of all that the outbox has when a Redis process was
// restarted or replaced.
func (r *relay) lookBack(ctx context.Context, now time.Time) error {
	since := r.passed[0].mark
	masters, err := r.publisher.Masters(ctx)
	switch {
	case err != nil:
		masters = r.masters // those that are there will be compared when all answer
	case masters != r.masters:
		since = ""
	}
	next, err := r.send(ctx, since)
	if err != nil {
		return err
	}
	r.mark, r.masters, r.looked = next, masters, now
	r.passed = append(r.passed, reached{next, now})
	for len(r.passed) > 1 && now.Sub(r.passed[1].at) >= lookBack {
		r.passed = r.passed[1:]
	}
	return r.save(ctx)
}

// send brings Redis up to everything committed since the mark, and returns the next one.
func (r *relay) send(ctx context.Context, since store.Mark) (next store.Mark, err error) {
	heads, next, err := r.store.HeadsSince(ctx, since)
	if err != nil {
		return next, err
	}
	sent, err := r.publisher.CatchUp(ctx, heads)
	relayed.Add(float64(sent))
	return next, err
}
