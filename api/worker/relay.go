package worker

import (
	"context"
	"time"

	"guildhall.chat/guildhall/internal/store"
)

const (
	// relayInterval is how soon the relay sends what nobody else has.
	relayInterval = 200 * time.Millisecond
	// lookBackEvery and lookBack make it look again at what it has seen in Redis: a failover may have lost it since.
	lookBackEvery = 5 * time.Second
	lookBack      = time.Minute
)

// seen is a mark that the relay had reached at a moment.
type seen struct {
	mark store.Mark
	at   time.Time
}

// relay returns a step that brings Redis up to the outbox. It starts with all that the outbox has.
func (w *Worker) relay() func(context.Context) error {
	var (
		mark     store.Mark
		history  []seen
		lookedAt = time.Now()
	)
	return func(ctx context.Context) error {
		since, now := mark, time.Now()
		lookingBack := now.Sub(lookedAt) >= lookBackEvery
		if lookingBack && len(history) > 0 {
			since = history[0].mark
		}
		heads, next, err := w.store.HeadsSince(ctx, since)
		if err != nil {
			return err
		}
		sent, err := w.publisher.CatchUp(ctx, heads)
		relayed.Add(float64(sent))
		if err != nil {
			// The mark stays: what could not be sent is looked for again.
			w.observeBacklog(ctx, mark)
			return err
		}
		mark = next
		if !lookingBack {
			return nil
		}
		lookedAt = now
		history = append(history, seen{mark, now})
		for len(history) > 1 && now.Sub(history[1].at) >= lookBack {
			history = history[1:]
		}
		w.observeBacklog(ctx, mark)
		return w.store.SaveMark(ctx, mark)
	}
}

func (w *Worker) observeBacklog(ctx context.Context, mark store.Mark) {
	if age, err := w.store.OutboxAge(ctx, mark); err == nil {
		backlogAge.Set(age.Seconds())
	}
}
