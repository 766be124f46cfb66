// Package members serves the members of a guild.
//
// Reads come from Postgres: members change too often and are too many to be held. Each write is one access.Change: under
// the guild's lock it checks permissions and ranks, then writes the row, the audit-log entry and GUILD_MEMBER_UPDATE or
// GUILD_MEMBER_REMOVE.
// https://discord.com/developers/docs/resources/guild#guild-member-object
package members

import (
	"context"
	"errors"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves members.
type Handlers struct {
	store  *store.Store
	access *access.Access
}

// New returns the handlers.
func New(s *store.Store, a *access.Access) *Handlers { return &Handlers{store: s, access: a} }

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const (
		all  = "/guilds/:guild_id/members"
		one  = all + "/:user_id"
		self = all + "/@me"
		role = one + "/roles/:role_id"
	)
	var (
		lists   = call.Per(10, 10*time.Second)
		reads   = call.Per(10, 2*time.Second)
		writes  = call.Per(10, 10*time.Second)
		roles   = call.Per(10, 10*time.Second).Shared("member roles")
		profile = call.Per(5, 10*time.Second).Shared("own member")
	)
	return []call.Route{
		{Method: http.MethodGet, Path: all, Access: call.BotsOnly, Limit: lists, Handle: h.list},
		{Method: http.MethodGet, Path: all + "/search", Limit: lists, Handle: h.search},
		{Method: http.MethodGet, Path: one, Limit: reads, Handle: h.get},
		{Method: http.MethodPut, Path: self, Access: call.UsersOnly, Limit: writes, Handle: h.join},
		{Method: http.MethodPatch, Path: self, Limit: profile, Handle: h.updateSelf},
		{Method: http.MethodPatch, Path: self + "/nick", Limit: profile, Handle: h.updateOwnNick},
		{Method: http.MethodPatch, Path: one, Limit: writes, Handle: h.update},
		{Method: http.MethodDelete, Path: one, Limit: writes, Handle: h.kick},
		{Method: http.MethodPut, Path: role, Limit: roles, Handle: h.addRole},
		{Method: http.MethodDelete, Path: role, Limit: roles, Handle: h.removeRole},
		{Method: http.MethodPatch, Path: "/guilds/:guild_id/roles/:role_id/members", Access: call.UsersOnly, Limit: roles, Handle: h.assign},
		{Method: http.MethodPost, Path: "/guilds/:guild_id/members-search", Limit: lists, Handle: h.find},
		{Method: http.MethodPost, Path: all + "/supplemental", Access: call.UsersOnly, Limit: lists, Handle: h.supplemental},
	}
}

// ids reads the path.
func ids(c *call.Call) (guild, user snowflake.ID, err error) {
	if guild, err = c.ID("guild_id", discord.ErrUnknownGuild); err != nil {
		return 0, 0, err
	}
	user, err = c.ID("user_id", discord.ErrUnknownUser)
	return guild, user, err
}

// target returns the member that a change is about.
func target(ctx context.Context, tx *store.Tx, guild, user snowflake.ID) (discord.Member, error) {
	m, err := tx.Member(ctx, guild, user)
	if errors.Is(err, store.ErrNotFound) {
		return m, discord.ErrUnknownMember
	}
	return m, err
}
