// Package bans keeps users out of a guild, one or many at a time, and prunes members who have been away for long.
//
// Each write is one access.Change: under the guild's lock it checks ranks, ends memberships, writes the audit log and tells
// the guild. What banned users have said is deleted by the worker, in small steps (store.Purge).
// https://discord.com/developers/docs/resources/guild#ban-object
package bans

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

// Handlers serves bans and prunes.
type Handlers struct {
	store  *store.Store
	access *access.Access
}

// New returns the handlers.
func New(s *store.Store, a *access.Access) *Handlers { return &Handlers{store: s, access: a} }

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const (
		all   = "/guilds/:guild_id/bans"
		one   = all + "/:user_id"
		prune = "/guilds/:guild_id/prune"
	)
	reads := call.Per(10, 10*time.Second)
	writes := call.Per(10, 10*time.Second).Shared("ban")
	return []call.Route{
		{Method: http.MethodGet, Path: all, Limit: reads, Handle: h.list},
		{Method: http.MethodGet, Path: all + "/search", Access: call.UsersOnly, Limit: reads, Handle: h.search},
		{Method: http.MethodGet, Path: one, Limit: reads, Handle: h.get},
		{Method: http.MethodPut, Path: one, Limit: writes, Handle: h.create},
		{Method: http.MethodDelete, Path: one, Limit: writes, Handle: h.remove},
		{Method: http.MethodPost, Path: "/guilds/:guild_id/bulk-ban", Limit: call.Per(2, 10*time.Second), Handle: h.createMany},
		{Method: http.MethodGet, Path: prune, Limit: call.Per(2, 10*time.Second), Handle: h.previewPrune},
		{Method: http.MethodPost, Path: prune, Limit: call.Per(2, 10*time.Second), Handle: h.prune},
	}
}

// enter reads the guild from the path and checks that the caller may see its bans.
func (h *Handlers) enter(c *call.Call) (snowflake.ID, error) {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return 0, err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return 0, err
	}
	return guild, visit.Need(permissions.BanMembers)
}

const maxPage = 1000

// list pages through the bans.
// https://discord.com/developers/docs/resources/guild#get-guild-bans
func (h *Handlers) list(c *call.Call) error {
	var page store.Page
	var err error
	if page.Limit, err = c.QueryInt("limit", maxPage, 1, maxPage); err != nil {
		return err
	}
	if page.Before, _, err = c.QueryID("before"); err != nil {
		return err
	}
	if page.After, _, err = c.QueryID("after"); err != nil {
		return err
	}
	guild, err := h.enter(c)
	if err != nil {
		return err
	}
	return reply(c)(h.store.Bans(c.Request.Context(), guild, page))
}

const maxFound = 10

// search finds bans by the start of the users' names.
// https://docs.discord.food/resources/guild#search-guild-bans
func (h *Handlers) search(c *call.Call) error {
	query, err := c.QueryText("query", 1, 32)
	if err != nil {
		return err
	}
	limit, err := c.QueryInt("limit", maxFound, 1, maxFound)
	if err != nil {
		return err
	}
	guild, err := h.enter(c)
	if err != nil {
		return err
	}
	return reply(c)(h.store.SearchBans(c.Request.Context(), guild, query, limit))
}

func reply(c *call.Call) func([]discord.Ban, error) error {
	return func(bans []discord.Ban, err error) error {
		if err != nil {
			return err
		}
		if bans == nil {
			bans = []discord.Ban{}
		}
		return c.OK(bans)
	}
}

// get returns one ban.
// https://discord.com/developers/docs/resources/guild#get-guild-ban
func (h *Handlers) get(c *call.Call) error {
	user, err := c.ID("user_id", discord.ErrUnknownBan)
	if err != nil {
		return err
	}
	guild, err := h.enter(c)
	if err != nil {
		return err
	}
	ban, err := h.store.Ban(c.Request.Context(), guild, user)
	if err != nil {
		return known(err)
	}
	return c.OK(ban)
}

func known(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownBan
	}
	return err
}

// remove lifts a ban.
// https://discord.com/developers/docs/resources/guild#remove-guild-ban
func (h *Handlers) remove(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	user, err := c.ID("user_id", discord.ErrUnknownBan)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.access.Change(c, guild, permissions.BanMembers, func(tx *store.Tx, _ *access.Visit) error {
		if err := tx.DeleteBan(ctx, guild, user); err != nil {
			return known(err)
		}
		entry, err := audit.Entry(c, discord.AuditMemberBanRemove, user)
		if err != nil {
			return err
		}
		return tx.Audit(ctx, guild, entry)
	})
	if err != nil {
		return err
	}
	return c.Done()
}
