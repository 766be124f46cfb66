package scheduledevents

import (
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

// maxOpen is how many events of a guild may be yet to end.
const maxOpen = 100

// create plans an event.
// https://discord.com/developers/docs/resources/guild-scheduled-event#create-guild-scheduled-event
func (h *Handlers) create(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	var b settings
	if err := c.Bind(&b); err != nil {
		return err
	}
	if err := b.check(); err != nil {
		return err
	}
	var p form.Problems
	for key, set := range map[string]bool{
		"name": b.Name.Set, "scheduled_start_time": b.Start.Set, "privacy_level": b.Privacy.Set, "entity_type": b.EntityType.Set,
	} {
		if !set {
			p.Required(key)
		}
	}
	if err := p.Err(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	var made discord.ScheduledEvent
	err = h.access.Change(c, guild, 0, func(tx *store.Tx, v *access.Visit) error {
		e := discord.ScheduledEvent{ID: tx.NewID(), GuildID: guild, CreatorID: &c.Caller.UserID, Status: discord.EventScheduled}
		if err := b.apply(ctx, tx, &e); err != nil {
			return err
		}
		if err := b.checkWhole(v, e, time.Now()); err != nil {
			return err
		}
		if err := mayPlace(v, e, permissions.CreateEvents); err != nil {
			return err
		}
		n, err := tx.OpenEventCount(ctx, guild)
		if err != nil {
			return err
		}
		if n >= maxOpen {
			return discord.ErrTooManyEvents
		}
		if made, err = tx.CreateScheduledEvent(ctx, e); err != nil {
			return err
		}
		return write(c, tx, discord.AuditScheduledEventCreate, guild, e.ID, nil, record(made))
	})
	if err != nil {
		return err
	}
	return c.OK(shown(made, false))
}

// update changes an event that is not over. Its status begins, ends or cancels it.
// https://discord.com/developers/docs/resources/guild-scheduled-event#modify-guild-scheduled-event
func (h *Handlers) update(c *call.Call) error {
	var b settings
	if err := c.Bind(&b); err != nil {
		return err
	}
	if err := b.check(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	var after discord.ScheduledEvent
	err := h.change(c, func(tx *store.Tx, v *access.Visit, before discord.ScheduledEvent) (err error) {
		if before.Status.Over() {
			return discord.ErrEventFinished
		}
		after = before
		if err := b.apply(ctx, tx, &after); err != nil {
			return err
		}
		if before.Status == discord.EventActive && (b.Start.Set || b.EntityType.Set || b.ChannelID.Set) {
			return form.Single("status", "BASE_TYPE_BAD_VALUE", "An event that has begun can't be moved.")
		}
		if err := b.checkWhole(v, after, time.Now()); err != nil {
			return err
		}
		if b.ChannelID.Set || b.EntityType.Set {
			if !mayChange(v, after) { // there
				return discord.ErrMissingPermissions
			}
			if err := mayPlace(v, after, 0); err != nil {
				return err
			}
		}
		if b.Status.Set {
			if err := transit(&after, discord.EventStatus(b.Status.Value), time.Now()); err != nil {
				return err
			}
		}
		if after, err = tx.UpdateScheduledEvent(ctx, after); err != nil {
			return known(err)
		}
		return write(c, tx, discord.AuditScheduledEventUpdate, after.GuildID, after.ID, record(before), record(after))
	})
	if err != nil {
		return err
	}
	return c.OK(shown(after, false))
}
