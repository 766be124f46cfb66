package scheduledevents

import (
	"errors"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/recurrence"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	maxUsers      = 100
	maxCounted    = 10 // occurrences in one request
	uninterested  = 0
	interested    = 1
	exceptionIDs  = "guild_scheduled_event_exception_ids"
	responseField = "response"
)

// occurrenceID is the occurrence that the path names, 0 for the event as a whole. It need not be an exception to its rule.
func occurrenceID(c *call.Call, e discord.ScheduledEvent) (snowflake.ID, error) {
	if c.Param("exception_id") == "" {
		return 0, nil
	}
	id, err := c.ID("exception_id", discord.ErrUnknownEvent)
	if err != nil {
		return 0, err
	}
	if e.Recurrence == nil || !recurrence.Occurs(e.Recurrence, id.Time()) {
		return 0, discord.ErrUnknownEvent
	}
	return id, nil
}

// users pages through those who are interested.
// https://discord.com/developers/docs/resources/guild-scheduled-event#get-guild-scheduled-event-users
func (h *Handlers) users(c *call.Call) error {
	var page store.Page
	var err error
	if page.Limit, err = c.QueryInt("limit", maxUsers, 1, maxUsers); err != nil {
		return err
	}
	if page.Before, _, err = c.QueryID("before"); err != nil {
		return err
	}
	if page.After, _, err = c.QueryID("after"); err != nil {
		return err
	}
	e, err := h.find(c)
	if err != nil {
		return err
	}
	at, err := occurrenceID(c, e)
	if err != nil {
		return err
	}
	users, err := h.store.EventUsers(c.Request.Context(), e, at, page, c.QueryBool("with_member"))
	if err != nil {
		return err
	}
	if users == nil {
		users = []discord.EventUser{}
	}
	return c.OK(users)
}

// counts tells how many are interested, in the event and in some of its occurrences.
func (h *Handlers) counts(c *call.Call) error {
	var ids form.IDs
	for _, text := range c.QueryArray(exceptionIDs) {
		if err := ids.Add(text); err != nil {
			return form.Single(exceptionIDs, "NUMBER_TYPE_COERCE", "Value is not snowflake.")
		}
	}
	var p form.Problems
	p.Max(exceptionIDs, len(ids), maxCounted)
	if err := p.Err(); err != nil {
		return err
	}
	e, err := h.find(c)
	if err != nil {
		return err
	}
	counts, err := h.store.EventUserCounts(c.Request.Context(), e.ID, ids)
	if err != nil {
		return err
	}
	return c.OK(struct {
		Event      int                  `json:"guild_scheduled_event_count"`
		Exceptions map[snowflake.ID]int `json:"guild_scheduled_event_exception_counts"`
	}{*e.UserCount, counts})
}

// answering runs fn on the event and the occurrence that the path names, for a member who may see it.
func (h *Handlers) answering(c *call.Call, fn func(tx *store.Tx, e discord.ScheduledEvent, at snowflake.ID) error) error {
	e, err := h.find(c)
	if err != nil {
		return err
	}
	at, err := occurrenceID(c, e)
	if err != nil {
		return err
	}
	return h.access.Change(c, e.GuildID, 0, func(tx *store.Tx, v *access.Visit) error {
		e, err := tx.ScheduledEvent(c.Request.Context(), e.GuildID, e.ID)
		if err != nil {
			return known(err)
		}
		if !sees(v, e) {
			return discord.ErrUnknownEvent
		}
		if e.Status.Over() {
			return discord.ErrEventFinished
		}
		return fn(tx, e, at)
	})
}

// respond notes that the caller is interested or, in one occurrence, is not.
// https://docs.discord.food/resources/guild-scheduled-event#create-guild-scheduled-event-user
func (h *Handlers) respond(c *call.Call) error {
	var b struct {
		Response form.Field[form.Int] `json:"response"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	var p form.Problems
	response := b.Response.Or(interested)
	form.OneOf(&p, responseField, response, uninterested, interested)
	if err := p.Err(); err != nil {
		return err
	}
	var answer discord.EventUser
	err := h.answering(c, func(tx *store.Tx, e discord.ScheduledEvent, at snowflake.ID) error {
		answer = discord.EventUser{EventID: e.ID, UserID: c.Caller.UserID, Response: int(response)}
		if at != 0 {
			answer.ExceptionID = &at
		}
		return tx.RespondToEvent(c.Request.Context(), e, at, c.Caller.UserID, int(response))
	})
	if err != nil {
		return err
	}
	return c.OK(answer)
}

// withdraw forgets the caller's answer.
// https://docs.discord.food/resources/guild-scheduled-event#delete-guild-scheduled-event-user
func (h *Handlers) withdraw(c *call.Call) error {
	err := h.answering(c, func(tx *store.Tx, e discord.ScheduledEvent, at snowflake.ID) error {
		err := tx.WithdrawFromEvent(c.Request.Context(), e, at, c.Caller.UserID)
		if errors.Is(err, store.ErrNotFound) {
			return discord.ErrUnknownEventUser
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.Done()
}
