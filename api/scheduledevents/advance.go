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
	from := e.Start.Time
	if now.After(from) {
		from = now
	}
	for range len(e.Exceptions) + 1 {
		next, ok := recurrence.Next(e.Recurrence, from)
		if !ok {
			return
		}
		if start, _, canceled := occurrence(e, next); !canceled && start.After(now) {
			schedule(e, next)
			return
		}
		from = next
	}
}

// schedule sets an event to another occurrence: to when it is by its rule, so that an exception is one of this occurrence alone.
func schedule(e *discord.ScheduledEvent, at time.Time) {
	if e.End != nil {
		end := discord.At(at.Add(e.End.Sub(e.Start.Time)))
		e.End = &end
	}
	e.Start, e.Status = discord.At(at), discord.EventScheduled
}

// occurrence is when an event really is that would be at a time by its rule; end is zero if it has none. store.DueEvents says
// the same in SQL.
func occurrence(e *discord.ScheduledEvent, at time.Time) (start, end time.Time, canceled bool) {
	x, _ := exceptionOf(*e, exceptionID(at))
	start, end = times(e, at, x)
	return start, end, x.Canceled
}

// times is when an occurrence is with what an exception says of it.
func times(e *discord.ScheduledEvent, at time.Time, x discord.EventException) (start, end time.Time) {
	start = at
	if x.Start != nil {
		start = x.Start.Time
	}
	switch {
	case x.End != nil:
		end = x.End.Time
	case e.End != nil:
		end = start.Add(e.End.Sub(e.Start.Time))
	}
	return start, end
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
		if due, err := step(&e, now); err != nil || !due {
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

// step does with an event what its time asks for; due is false if that is nothing.
func step(e *discord.ScheduledEvent, now time.Time) (due bool, err error) {
	start, end, canceled := occurrence(e, e.Start.Time)
	switch {
	case e.Status == discord.EventActive && !end.IsZero() && !end.After(now):
		return true, transit(e, discord.EventCompleted, now)
	case e.Status != discord.EventScheduled:
		return false, nil
	case !canceled && e.EntityType == discord.EntityExternal && !start.After(now):
		return true, transit(e, discord.EventActive, now)
	case canceled && !e.Start.After(now), !canceled && !start.After(now.Add(-patience)):
		e.Status = discord.EventCanceled
		again(e, now)
		return true, nil
	}
	return false, nil
}
