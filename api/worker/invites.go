package worker

import (
	"context"
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// takeTargets takes in the lists of users whom invites are for.
func (w *Worker) takeTargets(ctx context.Context) error {
	for ctx.Err() == nil {
		if more, err := w.store.TakeInviteTargets(ctx); err != nil || !more {
			return err
		}
	}
	return nil
}

const (
	// guestGrace is what a temporary member has, from joining, to come online.
	guestGrace = 10 * time.Minute
	// guestPage is how many of them are looked at together.
	guestPage = 500
)

// removeGuests removes the temporary members who have gone offline and whom nobody gave a role.
func (w *Worker) removeGuests(ctx context.Context) error {
	var after store.Guest
	for {
		page, err := w.store.Guests(ctx, after, guestGrace, guestPage)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1]
		ids := make([]snowflake.ID, len(page))
		for i, g := range page {
			ids[i] = g.User
		}
		connected, err := w.presences.Connected(ctx, ids)
		if err != nil {
			return err
		}
		for _, g := range page {
			if connected[g.User] {
				continue
			}
			if err := w.removeGuest(ctx, g); err != nil {
				return err
			}
		}
	}
}

func (w *Worker) removeGuest(ctx context.Context, g store.Guest) error {
	return w.store.Change(ctx, func(tx *store.Tx) error {
		still, err := tx.StillGuest(ctx, g)
		if err != nil || !still {
			return err
		}
		_, err = tx.RemoveMember(ctx, g.Guild, g.User)
		return err
	})
}
