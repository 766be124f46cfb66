// Package roles serves the roles of a guild.
//
// Reads come from the guild in memory. Each write is one access.Change: under the guild's lock it checks that the caller
// may manage roles, outranks the role and has the permissions that change hands; then it writes the rows, the audit-log
// entry and the events.
// https://discord.com/developers/docs/resources/guild#get-guild-roles
package roles

import (
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// audited are the keys of a role that the audit log records.
var audited = []string{"name", "permissions", "color", "colors", "hoist", "mentionable", "icon", "unicode_emoji", "position"}

// Handlers serves roles.
type Handlers struct{ access *access.Access }

// New returns the handlers.
func New(a *access.Access) *Handlers { return &Handlers{access: a} }

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const (
		all = "/guilds/:guild_id/roles"
		one = "/guilds/:guild_id/roles/:role_id"
	)
	reads := call.Per(20, 10*time.Second)
	writes := call.Per(10, 10*time.Second)
	return []call.Route{
		{Method: http.MethodGet, Path: all, Limit: reads, Handle: h.list},
		{Method: http.MethodPost, Path: all, Limit: writes, Handle: h.create},
		{Method: http.MethodPatch, Path: all, Limit: writes, Handle: h.reorder},
		{Method: http.MethodGet, Path: one, Limit: reads, Handle: h.get},
		{Method: http.MethodPatch, Path: one, Limit: writes, Handle: h.update},
		{Method: http.MethodDelete, Path: one, Limit: writes, Handle: h.remove},
	}
}

func (h *Handlers) list(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return err
	}
	return c.OK(visit.Guild.Guild.Roles)
}

func (h *Handlers) get(c *call.Call) error {
	guild, role, err := ids(c)
	if err != nil {
		return err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return err
	}
	r := visit.Guild.Role(role)
	if r == nil {
		return discord.ErrUnknownRole
	}
	return c.OK(r)
}

// ids reads the path.
func ids(c *call.Call) (guild, role snowflake.ID, err error) {
	if guild, err = c.ID("guild_id", discord.ErrUnknownGuild); err != nil {
		return 0, 0, err
	}
	role, err = c.ID("role_id", discord.ErrUnknownRole)
	return guild, role, err
}
