package scheduledevents

import (
	"context"
	"errors"
	"time"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/recurrence"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// transit sets an event's status. One that recurs is scheduled again when it has ended, as long as its rule goes on.
func transit(e *discord.ScheduledEvent, to discord.EventStatus, now time.Time) error {
	from := e.Status
	switch {
	case to == from:
		return nil
	case from == discord.EventScheduled && (to == discord.EventActive || to == discord.EventCanceled),
		from == discord.EventActive && to == discord.EventCompleted:
	default:
		return form.Single("status", "TRANSITION_INVALID", "The event can't get this status now.")
	}
	e.Status = to
	if to == discord.EventCompleted {
		again(e, now)
	}
	return nil
}

// again schedules the next occurrence of an event that recurs, if there is one. Those that are canceled are left out.
func again(e *discord.ScheduledEvent, now time.Time) {
	if e.Recurrence == nil {
		return
	}
	var lasts time.Duration
	if e.End != nil {
		lasts = e.End.Sub(e.Start.Time)
	}
	from := e.Start.Time
	if now.After(from) {
		from = now
	}
	for range len(e.Exceptions) + 1 {
		next, ok := recurrence.Next(e.Recurrence, from)
		if !ok {
			return
		}
		start, end, canceled := occurrence(e, next, lasts)
		if !canceled && start.After(now) {
			e.Start, e.Status = discord.At(start), discord.EventScheduled
			if e.End != nil {
				at := discord.At(end)
				e.End = &at
			}
			return
		}
		from = next
	}
}

// occurrence is when the event really is that would be then by its rule.
func occurrence(e *discord.ScheduledEvent, at time.Time, lasts time.Duration) (start, end time.Time, canceled bool) {
	start, end = at, at.Add(lasts)
	for _, x := range e.Exceptions {
		if x.ID != exceptionID(at) {
			continue
		}
		if x.Start != nil {
			start = x.Start.Time
			end = start.Add(lasts)
		}
		if x.End != nil {
			end = x.End.Time
		}
		return start, end, x.Canceled
	}
	return start, end, false
}

// exceptionID names an occurrence by when it would be.
func exceptionID(at time.Time) snowflake.ID { return snowflake.FromTime(at) }

const (
	// patience is how long an event in a channel may be late before it is canceled.
	patience = 3 * time.Hour
	// together is how many events one round of Advance looks at.
	together = 100
)

// Advance begins, ends and cancels the events whose time has come. It is for the worker.
func Advance(ctx context.Context, s *store.Store, now time.Time) error {
	for {
		due, err := s.DueEvents(ctx, now, patience, together)
		if err != nil {
			return err
		}
		for _, d := range due {
			if err := advance(ctx, s, d, now); err != nil {
				return err
			}
		}
		if len(due) < together {
			return nil
		}
	}
}

func advance(ctx context.Context, s *store.Store, due store.DueEvent, now time.Time) error {
	err := s.Change(ctx, func(tx *store.Tx) error {
		e, err := tx.HoldScheduledEvent(ctx, due)
		if err != nil {
			return err
		}
		switch {
		case e.Status == discord.EventActive && e.End != nil && !e.End.After(now):
			err = transit(&e, discord.EventCompleted, now)
		case e.Status == discord.EventScheduled && e.EntityType == discord.EntityExternal && !e.Start.After(now):
			err = transit(&e, discord.EventActive, now)
		case e.Status == discord.EventScheduled && !e.Start.After(now.Add(-patience)):
			e.Status = discord.EventCanceled
			again(&e, now)
		default:
			return nil
		}
		if err != nil {
			return err
		}
		_, err = tx.UpdateScheduledEvent(ctx, e)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
