package interactions

import (
	"context"
	"errors"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/store"
)

// failedAtOnce bounds how many interactions one round fails.
const failedAtOnce = 500

// Late tells users of interactions that their applications did not answer in time: a job of the worker. An answer that comes
// later is refused by the time of the interaction, whether or not this has seen it.
type Late struct {
	store     *store.Store
	publisher *events.Publisher
}

// NewLate returns the job.
func NewLate(s *store.Store, p *events.Publisher) *Late { return &Late{store: s, publisher: p} }

// Step fails what has waited too long.
func (l *Late) Step(ctx context.Context) error {
	late, err := l.store.FailInteractions(ctx, time.Now().Add(-Patience), failedAtOnce)
	if err != nil {
		return err
	}
	var failures []error
	for _, i := range late {
		notice := discord.InteractionNotice{ID: i.ID, Nonce: i.Nonce, ReasonCode: discord.FailureTimeout}
		failures = append(failures, Notify(ctx, l.publisher, i, discord.EventInteractionFailure, notice))
	}
	return errors.Join(failures...)
}
