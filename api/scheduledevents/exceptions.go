package scheduledevents

import (
	"errors"
	"slices"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/recurrence"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// maxExceptions is how many occurrences of an event may be otherwise than its rule says.
const maxExceptions = 100

// exception is what can be said of one occurrence.
type exception struct {
	Start    form.Field[*discord.Timestamp] `json:"scheduled_start_time"`
	End      form.Field[*discord.Timestamp] `json:"scheduled_end_time"`
	Canceled form.Field[form.Bool]          `json:"is_canceled"`
}

// apply changes what is said of an occurrence that would be at a time.
func (b *exception) apply(e *discord.ScheduledEvent, at time.Time, x *discord.EventException) error {
	b.Start.Apply(&x.Start)
	b.End.Apply(&x.End)
	if b.Canceled.Set {
		x.Canceled = bool(b.Canceled.Value)
	}
	if start, end := times(e, at, *x); !end.IsZero() && !end.After(start) {
		return form.Single("scheduled_end_time", "BASE_TYPE_BAD_VALUE", "The end must come after the start.")
	}
	return nil
}

// auditedException are the keys of an exception that the audit log records.
var auditedException = []string{"scheduled_start_time", "scheduled_end_time", "is_canceled"}

func writeException(c *call.Call, tx *store.Tx, action discord.AuditAction, e discord.ScheduledEvent, before, after any) error {
	entry, err := audit.Changed(c, action, e.ID, before, after, auditedException...)
	if err != nil {
		return err
	}
	return tx.Audit(c.Request.Context(), e.GuildID, entry)
}

// createException makes one occurrence of a recurring event otherwise.
func (h *Handlers) createException(c *call.Call) error {
	var b struct {
		exception
		Original form.Field[discord.Timestamp] `json:"original_scheduled_start_time"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	const original = "original_scheduled_start_time"
	if !b.Original.Set {
		return form.Single(original, "BASE_TYPE_REQUIRED", "This field is required")
	}
	ctx := c.Request.Context()
	var made discord.EventException
	err := h.change(c, func(tx *store.Tx, _ *access.Visit, e discord.ScheduledEvent) error {
		if e.Status.Over() {
			return discord.ErrEventFinished
		}
		if e.Recurrence == nil || !recurrence.Occurs(e.Recurrence, b.Original.Value.Time) {
			return form.Single(original, "BASE_TYPE_BAD_VALUE", "The event does not take place then.")
		}
		made = discord.EventException{EventID: e.ID, ID: exceptionID(b.Original.Value.Time)}
		if _, exists := exceptionOf(e, made.ID); exists {
			return form.Single(original, "BASE_TYPE_BAD_VALUE", "There is an exception for it already.")
		}
		if len(e.Exceptions) >= maxExceptions {
			return form.Single("", "BASE_TYPE_MAX_LENGTH", "The event has too many exceptions.")
		}
		if err := b.apply(&e, b.Original.Value.Time, &made); err != nil {
			return err
		}
		if err := tx.PutEventException(ctx, e, made); err != nil {
			return err
		}
		return writeException(c, tx, discord.AuditExceptionCreate, e, nil, made)
	})
	if err != nil {
		return err
	}
	return c.OK(made)
}

func exceptionOf(e discord.ScheduledEvent, id snowflake.ID) (discord.EventException, bool) {
	at := slices.IndexFunc(e.Exceptions, func(x discord.EventException) bool { return x.ID == id })
	if at < 0 {
		return discord.EventException{}, false
	}
	return e.Exceptions[at], true
}

// updateException changes what is said of an occurrence.
func (h *Handlers) updateException(c *call.Call) error {
	id, err := c.ID("exception_id", discord.ErrUnknownEvent)
	if err != nil {
		return err
	}
	var b exception
	if err := c.Bind(&b); err != nil {
		return err
	}
	ctx := c.Request.Context()
	var after discord.EventException
	err = h.change(c, func(tx *store.Tx, _ *access.Visit, e discord.ScheduledEvent) error {
		before, exists := exceptionOf(e, id)
		if !exists {
			return discord.ErrUnknownEvent
		}
		after = before
		if err := b.apply(&e, id.Time(), &after); err != nil {
			return err
		}
		if err := tx.PutEventException(ctx, e, after); err != nil {
			return err
		}
		return writeException(c, tx, discord.AuditExceptionUpdate, e, before, after)
	})
	if err != nil {
		return err
	}
	return c.OK(after)
}

// removeException makes an occurrence what the rule says again.
func (h *Handlers) removeException(c *call.Call) error {
	id, err := c.ID("exception_id", discord.ErrUnknownEvent)
	if err != nil {
		return err
	}
	err = h.change(c, func(tx *store.Tx, _ *access.Visit, e discord.ScheduledEvent) error {
		before, _ := exceptionOf(e, id)
		err := tx.DeleteEventException(c.Request.Context(), e, id)
		if errors.Is(err, store.ErrNotFound) {
			return discord.ErrUnknownEvent
		}
		if err != nil {
			return err
		}
		return writeException(c, tx, discord.AuditExceptionDelete, e, before, nil)
	})
	if err != nil {
		return err
	}
	return c.Done()
}
