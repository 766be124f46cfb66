package members

import (
	"errors"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	maxPage  = 1000
	maxQuery = 100
)

// list pages through all members. It is for bots whose application has the privileged members intent; users get member
// lists over the gateway.
// https://discord.com/developers/docs/resources/guild#list-guild-members
func (h *Handlers) list(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	limit, err := c.QueryInt("limit", 1, 1, maxPage)
	if err != nil {
		return err
	}
	after, _, err := c.QueryID("after")
	if err != nil {
		return err
	}
	if _, err := h.access.Enter(c, guild); err != nil {
		return err
	}
	if discord.GrantedIntents(c.Caller.AppFlags)&discord.IntentGuildMembers == 0 {
		return discord.ErrMissingAccess
	}
	members, err := h.store.Members(c.Request.Context(), guild, after, limit)
	if err != nil {
		return err
	}
	return c.OK(members)
}

// search finds members by the start of their names.
// https://discord.com/developers/docs/resources/guild#search-guild-members
func (h *Handlers) search(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	limit, err := c.QueryInt("limit", 1, 1, maxPage)
	if err != nil {
		return err
	}
	query, err := c.QueryText("query", 1, maxQuery)
	if err != nil {
		return err
	}
	if _, err := h.access.Enter(c, guild); err != nil {
		return err
	}
	members, err := h.store.SearchMembers(c.Request.Context(), guild, query, limit)
	if err != nil {
		return err
	}
	return c.OK(members)
}

// get returns one member.
// https://discord.com/developers/docs/resources/guild#get-guild-member
func (h *Handlers) get(c *call.Call) error {
	guild, user, err := ids(c)
	if err != nil {
		return err
	}
	if _, err := h.access.Enter(c, guild); err != nil {
		return err
	}
	m, err := h.store.Member(c.Request.Context(), guild, user)
	if errors.Is(err, store.ErrNotFound) {
		return h.noMember(c, user)
	}
	if err != nil {
		return err
	}
	return c.OK(m)
}

// noMember tells a user who is elsewhere from one who does not exist.
func (h *Handlers) noMember(c *call.Call, user snowflake.ID) error {
	_, err := h.store.User(c.Request.Context(), user)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return discord.ErrUnknownUser
	case err != nil:
		return err
	}
	return discord.ErrUnknownMember
}
