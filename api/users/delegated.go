package users

import (
	"errors"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

// member returns the caller as a member of one of its guilds.
// https://discord.com/developers/docs/resources/user#get-current-user-guild-member
func (h *Handlers) member(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	member, err := h.store.Member(c.Request.Context(), guild, c.Caller.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownGuild
	}
	if err != nil {
		return err
	}
	return c.OK(member)
}

// connections lists the caller's accounts elsewhere. There is no way to link any, so there are none.
// https://discord.com/developers/docs/resources/user#get-current-user-connections
func (h *Handlers) connections(c *call.Call) error { return c.OK([]struct{}{}) }
