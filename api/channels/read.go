package channels

import (
	"errors"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

// list returns the channels that the caller may view.
// https://discord.com/developers/docs/resources/guild#get-guild-channels
func (h *Handlers) list(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return err
	}
	// Those in memory don't know their last message.
	channels, err := h.store.GuildChannels(c.Request.Context(), guild)
	if err != nil {
		return err
	}
	visible := make([]discord.Channel, 0, len(channels))
	for _, ch := range channels {
		if visit.Guild.Rules.In(visit.Member, access.Rules(&ch), time.Now()).Has(permissions.ViewChannel) {
			visible = append(visible, ch)
		}
	}
	return c.OK(visible)
}

// get returns a channel or DM with its last message as of now.
// https://discord.com/developers/docs/resources/channel#get-channel
func (h *Handlers) get(c *call.Call) error {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	room, err := h.access.Room(c, id)
	if err != nil {
		return err
	}
	if room.Direct() || room.Thread != nil {
		return c.OK(room.Channel)
	}
	ch, err := h.store.Channel(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownChannel
	}
	if err != nil {
		return err
	}
	return c.OK(ch)
}
