package readstates

import (
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	defaultMentions = 25
	maxMentions     = 100
)

// mentions lists the messages of the last days that call the caller, newest first.
func (h *Handlers) mentions(c *call.Call) error {
	page := store.MentionPage{User: c.Caller.UserID, Roles: unlessFalse(c, "roles"), Everyone: unlessFalse(c, "everyone")}
	var err error
	if page.Limit, err = c.QueryInt("limit", defaultMentions, 1, maxMentions); err != nil {
		return err
	}
	if page.Before, _, err = c.QueryID("before"); err != nil {
		return err
	}
	if page.Guild, _, err = c.QueryID("guild_id"); err != nil {
		return err
	}
	ctx := c.Request.Context()
	places, err := h.store.MentionPlaces(ctx, page)
	if err != nil {
		return err
	}
	channels, err := h.readable(c, places)
	if err != nil {
		return err
	}
	messages := []discord.Message{}
	if len(channels) > 0 {
		if messages, err = h.store.Mentions(ctx, page, channels); err != nil {
			return err
		}
	}
	return c.OK(messages)
}

func unlessFalse(c *call.Call, name string) bool { return c.Query(name) == "" || c.QueryBool(name) }

// readable returns those of the channels in which the caller may read what was written.
func (h *Handlers) readable(c *call.Call, places []store.Place) (channels []snowflake.ID, err error) {
	rooms, err := h.access.Rooms(c, places)
	for _, room := range rooms {
		if room.Here.Has(permissions.ReadMessageHistory) {
			channels = append(channels, room.Channel.ID)
		}
	}
	return channels, err
}

// dismiss takes a message out of the list for good.
func (h *Handlers) dismiss(c *call.Call) error {
	id, err := c.ID("message_id", discord.ErrUnknownMessage)
	if err != nil {
		return err
	}
	if err := h.store.DismissMention(c.Request.Context(), c.Caller.UserID, id); err != nil {
		return err
	}
	return c.Done()
}
