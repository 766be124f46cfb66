// Package scheduledevents serves what guilds plan: events, the rules by which they recur, the occurrences that are otherwise,
// and who is interested.
//
// Each write is one access.Change, which checks and tells under the guild's lock. External events begin and end by
// themselves; package worker does that through Advance. An event in a channel is hidden from who can't see the channel.
// https://discord.com/developers/docs/resources/guild-scheduled-event
package scheduledevents

import (
	"errors"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves scheduled events.
type Handlers struct {
	store  *store.Store
	access *access.Access
}

// New returns the handlers.
func New(s *store.Store, a *access.Access) *Handlers { return &Handlers{store: s, access: a} }

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const (
		all        = "/guilds/:guild_id/scheduled-events"
		one        = all + "/:event_id"
		exceptions = one + "/exceptions"
		occurrence = one + "/:exception_id"
	)
	reads := call.Per(10, 5*time.Second)
	writes := call.Per(5, 10*time.Second)
	answers := call.Per(10, 10*time.Second)
	return []call.Route{
		{Method: http.MethodGet, Path: all, Limit: reads, Handle: h.list},
		{Method: http.MethodPost, Path: all, Limit: writes, Handle: h.create},
		{Method: http.MethodGet, Path: one, Limit: reads, Handle: h.get},
		{Method: http.MethodPatch, Path: one, Limit: writes, Handle: h.update},
		{Method: http.MethodDelete, Path: one, Limit: writes, Handle: h.remove},
		{Method: http.MethodPost, Path: exceptions, Limit: writes, Handle: h.createException},
		{Method: http.MethodPatch, Path: exceptions + "/:exception_id", Limit: writes, Handle: h.updateException},
		{Method: http.MethodDelete, Path: exceptions + "/:exception_id", Limit: writes, Handle: h.removeException},
		{Method: http.MethodGet, Path: one + "/users", Limit: reads, Handle: h.users},
		{Method: http.MethodGet, Path: one + "/users/counts", Limit: reads, Handle: h.counts},
		{Method: http.MethodPut, Path: one + "/users/@me", Access: call.UsersOnly, Limit: answers, Handle: h.respond},
		{Method: http.MethodDelete, Path: one + "/users/@me", Access: call.UsersOnly, Limit: answers, Handle: h.withdraw},
		{Method: http.MethodGet, Path: occurrence + "/users", Limit: reads, Handle: h.users},
		{Method: http.MethodPut, Path: occurrence + "/users/@me", Access: call.UsersOnly, Limit: answers, Handle: h.respond},
		{Method: http.MethodDelete, Path: occurrence + "/users/@me", Access: call.UsersOnly, Limit: answers, Handle: h.withdraw},
	}
}

// audited are the keys of an event that the audit log records.
var audited = []string{"name", "description", "channel_id", "privacy_level", "status", "entity_type", "location",
	"image_hash", "scheduled_start_time", "scheduled_end_time", "recurrence_rule"}

// recorded is an event as the audit log has it.
type recorded struct {
	discord.ScheduledEvent
	Location  *string `json:"location"`
	ImageHash *string `json:"image_hash"`
}

func record(e discord.ScheduledEvent) recorded {
	r := recorded{ScheduledEvent: e, ImageHash: e.Image}
	if e.EntityMetadata != nil {
		r.Location = &e.EntityMetadata.Location
	}
	return r
}

// sees reports whether the member may know of an event.
func sees(v *access.Visit, e discord.ScheduledEvent) bool {
	return e.ChannelID == nil || v.Guild.PermissionsIn(v.Member, *e.ChannelID).Has(permissions.ViewChannel)
}

// shown is an event as a reply has it: the count of those interested is there if it was asked for.
func shown(e discord.ScheduledEvent, counted bool) discord.ScheduledEvent {
	if !counted {
		e.UserCount = nil
	}
	return e
}

// list returns the events that are yet to end.
// https://discord.com/developers/docs/resources/guild-scheduled-event#list-scheduled-events-for-guild
func (h *Handlers) list(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return err
	}
	all, err := h.store.ScheduledEvents(c.Request.Context(), guild)
	if err != nil {
		return err
	}
	counted := c.QueryBool("with_user_count")
	list := make([]discord.ScheduledEvent, 0, len(all))
	for _, e := range all {
		if sees(visit, e) {
			list = append(list, shown(e, counted))
		}
	}
	return c.OK(list)
}

// find returns the event that the path names, if the caller may see it.
func (h *Handlers) find(c *call.Call) (discord.ScheduledEvent, error) {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return discord.ScheduledEvent{}, err
	}
	id, err := c.ID("event_id", discord.ErrUnknownEvent)
	if err != nil {
		return discord.ScheduledEvent{}, err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return discord.ScheduledEvent{}, err
	}
	e, err := h.store.ScheduledEvent(c.Request.Context(), guild, id)
	if err != nil {
		return e, known(err)
	}
	if !sees(visit, e) {
		return e, discord.ErrUnknownEvent
	}
	return e, nil
}

func known(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownEvent
	}
	return err
}

// get returns one event.
// https://discord.com/developers/docs/resources/guild-scheduled-event#get-guild-scheduled-event
func (h *Handlers) get(c *call.Call) error {
	e, err := h.find(c)
	if err != nil {
		return err
	}
	return c.OK(shown(e, c.QueryBool("with_user_count")))
}

// change runs fn on the event that the path names, under the guild's lock, if the caller may change it: who made it with
// CREATE_EVENTS, everybody else with MANAGE_EVENTS.
func (h *Handlers) change(c *call.Call, fn func(tx *store.Tx, v *access.Visit, e discord.ScheduledEvent) error) error {
	e, err := h.find(c)
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
		if !mayChange(v, e) {
			return discord.ErrMissingPermissions
		}
		return fn(tx, v, e)
	})
}

func mayChange(v *access.Visit, e discord.ScheduledEvent) bool {
	here := v.Permissions
	if e.ChannelID != nil {
		here = v.Guild.PermissionsIn(v.Member, *e.ChannelID)
	}
	own := e.CreatorID != nil && *e.CreatorID == v.Member.User
	return here.Has(permissions.ManageEvents) || own && here.Has(permissions.CreateEvents)
}

// remove deletes an event.
// https://discord.com/developers/docs/resources/guild-scheduled-event#delete-guild-scheduled-event
func (h *Handlers) remove(c *call.Call) error {
	ctx := c.Request.Context()
	err := h.change(c, func(tx *store.Tx, _ *access.Visit, e discord.ScheduledEvent) error {
		if err := tx.DeleteScheduledEvent(ctx, e); err != nil {
			return known(err)
		}
		return write(c, tx, discord.AuditScheduledEventDelete, e.GuildID, e.ID, record(e), nil)
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// write adds what has changed to the audit log.
func write(c *call.Call, tx *store.Tx, action discord.AuditAction, guild, target snowflake.ID, before, after any) error {
	entry, err := audit.Changed(c, action, target, before, after, audited...)
	if err != nil {
		return err
	}
	return tx.Audit(c.Request.Context(), guild, entry)
}
