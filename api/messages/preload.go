package messages

import (
	"errors"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// maxPreloaded is of how many channels one request gets the last message.
const maxPreloaded = 10

// preload returns the last message of each of some channels, as far as the caller may read them. People's clients ask for
// what they are about to show; Discord does not document it.
func (h *Handlers) preload(c *call.Call) error {
	var body struct {
		Channels []snowflake.ID `json:"channels"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	p.Max("channels", len(body.Channels), maxPreloaded)
	if err := p.Err(); err != nil {
		return err
	}
	last := []discord.Message{}
	for _, channel := range body.Channels {
		room, err := h.access.Room(c, channel)
		var refused *discord.Error
		if errors.As(err, &refused) || err == nil && !room.Here.Has(permissions.ReadMessageHistory) {
			continue
		}
		if err != nil {
			return err
		}
		page := store.MessagePage{Channel: channel, Placement: store.Newest, Limit: 1, Viewer: c.Caller.UserID}
		messages, err := h.store.Messages(c.Request.Context(), page)
		if err != nil {
			return err
		}
		last = append(last, messages...)
	}
	return c.OK(last)
}
