package outgoing

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/fetch"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
	"guildhall.chat/guildhall/internal/tracing"
)

// Delivery of events. An event is tried for about ten minutes, as Discord does.
// https://discord.com/developers/docs/events/webhook-events#responding-to-events
const (
	atOnce      = 16 // deliveries under way
	maxAttempts = 8
	firstPause  = 3 * time.Second // doubled with each attempt: 3, 6, ... 192 seconds
	// mostDead is how many events may be given up within a day before an application gets no more.
	mostDead = 10
	// takenFor is after how long a delivery is another's that was taken and not finished.
	takenFor = 30 * time.Second
)

// Queue sends the events that applications asked for, one after another to each of them. What is not taken is tried again
// later and later, and in the end kept as a dead letter.
type Queue struct {
	sender *Sender
	store  *store.Store
	log    *slog.Logger
}

// NewQueue returns the queue that the store keeps.
func NewQueue(sender *Sender, s *store.Store, log *slog.Logger) *Queue {
	return &Queue{sender: sender, store: s, log: log}
}

// Step sends what is due, until nothing is.
func (q *Queue) Step(ctx context.Context) error {
	for {
		taken, err := q.store.TakeDeliveries(ctx, time.Now().Add(takenFor), atOnce)
		if err != nil {
			return err
		}
		var all sync.WaitGroup
		for _, d := range taken {
			all.Go(func() { q.deliver(ctx, d) })
		}
		all.Wait()
		if len(taken) == 0 {
			return nil
		}
	}
}

// deliver sends one event. What can't be written down about it is done again.
func (q *Queue) deliver(ctx context.Context, d store.Delivery) {
	if d.URL == nil {
		q.note(d, q.store.Delivered(ctx, d.ID)) // nobody wants it any more
		return
	}
	ctx, span := tracing.Follow(ctx, d.Trace, "deliver event")
	defer span.End()
	err := q.send(ctx, d)
	if ctx.Err() != nil {
		return
	}
	switch {
	case err == nil:
		deliveriesTaken.Inc()
		q.note(d, q.store.Delivered(ctx, d.ID))
	case d.Attempts+1 < maxAttempts:
		deliveriesFailed.Inc()
		q.note(d, q.store.PutOffDelivery(ctx, d.ID, time.Now().Add(pause(d.Attempts)), cause(err)))
	default:
		deliveriesDead.Inc()
		ended, err := q.store.BuryDelivery(ctx, d, cause(err), mostDead)
		q.note(d, err)
		if ended {
			q.log.Warn("application gets no more events: it took none", "application", d.ApplicationID)
		}
	}
}

func (q *Queue) note(d store.Delivery, err error) {
	if err != nil {
		q.log.Warn("delivery not noted", "delivery", d.ID, "error", err)
	}
}

func (q *Queue) send(ctx context.Context, d store.Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := q.sender.Post(ctx, d.ApplicationID, *d.URL, d.Body)
	if err != nil {
		return err
	}
	if answer.Status/100 != 2 {
		return fmt.Errorf("status %d", answer.Status)
	}
	return nil
}

// pause is how long to wait after a failed attempt, spread so that what failed together does not come back together.
func pause(failed int) time.Duration {
	longest := firstPause << failed
	return longest/2 + rand.N(longest/2)
}

const maxCause = 300

func cause(err error) string {
	text := err.Error()
	return text[:min(len(text), maxCause)]
}

// ProbeEvents checks that events can be sent to a URL.
// https://discord.com/developers/docs/events/webhook-events#preparing-for-events
func (s *Sender) ProbeEvents(ctx context.Context, app snowflake.ID, url string) error {
	ping := discord.WebhookEventPayload{Version: 1, ApplicationID: app, Type: discord.WebhookPing}
	return s.Probe(ctx, app, url, ping, func(answer *fetch.Response) bool {
		return answer.Status == http.StatusNoContent || answer.Status == http.StatusOK
	})
}
