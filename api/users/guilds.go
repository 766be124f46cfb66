package users

import (
	"errors"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// maxPage is the most guilds that one request lists, and how many it lists by default.
const maxPage = 200

// guilds lists the caller's guilds by id.
// https://discord.com/developers/docs/resources/user#get-current-user-guilds
func (h *Handlers) guilds(c *call.Call) error {
	limit, err := c.QueryInt("limit", maxPage, 1, maxPage)
	if err != nil {
		return err
	}
	page := store.Page{Limit: limit}
	if page.Before, _, err = c.QueryID("before"); err != nil {
		return err
	}
	if page.After, _, err = c.QueryID("after"); err != nil {
		return err
	}
	counts := c.QueryBool("with_counts")
	list, err := h.store.PartialGuilds(c.Request.Context(), c.Caller.UserID, page, counts)
	if err != nil {
		return err
	}
	if counts {
		h.countPresent(c, list)
	}
	if list == nil {
		list = []discord.PartialGuild{}
	}
	return c.OK(list)
}

// countPresent adds how many are not offline, if that can be told.
func (h *Handlers) countPresent(c *call.Call, list []discord.PartialGuild) {
	ids := make([]snowflake.ID, len(list))
	for i, g := range list {
		ids[i] = g.ID
	}
	present, err := h.presences.Counts(c.Request.Context(), ids)
	if err != nil {
		c.Logger.Warn("presences are not known", "error", err)
		return
	}
	for i := range list {
		list[i].ApproximatePresenceCount = &present[i]
	}
}

// leave takes the caller out of a guild. The owner has to pass it on, or delete it, first.
// https://discord.com/developers/docs/resources/user#leave-guild
func (h *Handlers) leave(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.store.Change(ctx, func(tx *store.Tx) error {
		held, err := tx.HoldGuild(ctx, guild)
		if err != nil {
			return err
		}
		if held.Guild.OwnerID == c.Caller.UserID {
			return discord.ErrInvalidGuild
		}
		_, err = tx.RemoveMember(ctx, guild, c.Caller.UserID)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		// That a guild exists is not told to those outside.
		return discord.ErrUnknownGuild
	}
	if err != nil {
		return err
	}
	return c.Done()
}
