// Package guilds serves guilds themselves: making, reading, changing and deleting them. What they consist of has packages
// of its own: channels, roles, members, invites.
// https://discord.com/developers/docs/resources/guild
package guilds

import (
	"context"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Presences counts the members of a guild who are not offline, approximately.
type Presences interface {
	Count(ctx context.Context, guild snowflake.ID) (int, error)
}

// Handlers serves guilds.
type Handlers struct {
	store     *store.Store
	access    *access.Access
	presences Presences
}

// New returns the handlers.
func New(s *store.Store, a *access.Access, presences Presences) *Handlers {
	return &Handlers{store: s, access: a, presences: presences}
}

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const one = "/guilds/:guild_id"
	reads := call.Per(10, 10*time.Second)
	writes := call.Per(10, 10*time.Second)
	deletes := call.Per(5, 10*time.Second).Shared("delete guild")
	return []call.Route{
		{Method: http.MethodPost, Path: "/guilds", Access: call.UsersOnly, Limit: writes, Handle: h.create},
		{Method: http.MethodGet, Path: one, Limit: call.Per(20, 10*time.Second), Handle: h.get},
		{Method: http.MethodPatch, Path: one, Limit: writes, Handle: h.update},
		{Method: http.MethodDelete, Path: one, Limit: deletes, Handle: h.remove},
		{Method: http.MethodGet, Path: one + "/preview", Limit: reads, Handle: h.preview},
		{Method: http.MethodPut, Path: one + "/incident-actions", Limit: writes, Handle: h.incidents},
		{Method: http.MethodPost, Path: one + "/mfa", Access: call.UsersOnly, Limit: writes, Handle: h.mfa},
		{Method: http.MethodGet, Path: one + "/vanity-url", Limit: reads, Handle: h.vanity},
		{Method: http.MethodPatch, Path: one + "/vanity-url", Access: call.UsersOnly, Limit: writes, Handle: h.setVanity},
		{Method: http.MethodGet, Path: one + "/integrations", Limit: reads, Handle: h.integrations},
		{Method: http.MethodDelete, Path: one + "/integrations/:integration_id", Limit: writes, Handle: h.removeIntegration},
		{Method: http.MethodGet, Path: one + "/roles/member-counts", Limit: reads, Handle: h.memberCounts},
		{Method: http.MethodGet, Path: one + "/roles/:role_id/member-ids", Access: call.UsersOnly, Limit: reads, Handle: h.roleMembers},
		// The form that older clients use.
		{Method: http.MethodPost, Path: one + "/delete", Access: call.UsersOnly, Limit: deletes, Handle: h.remove},
	}
}

// get returns a guild of which the caller is a member.
// https://discord.com/developers/docs/resources/guild#get-guild
func (h *Handlers) get(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return err
	}
	g := visit.Guild.Guild
	if !c.QueryBool("with_counts") {
		return c.OK(g)
	}
	// The member count in memory is as old as the guild's last change.
	members, err := h.store.MemberCount(c.Request.Context(), guild)
	if err != nil {
		return err
	}
	g.ApproximateMemberCount = &members
	if present, err := h.presences.Count(c.Request.Context(), guild); err == nil {
		g.ApproximatePresenceCount = &present
	} else {
		c.Logger.Warn("presences not counted", "guild", guild, "error", err)
	}
	return c.OK(g)
}

// remove deletes a guild; only its owner may.
// https://discord.com/developers/docs/resources/guild#delete-guild
func (h *Handlers) remove(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	err = h.access.ChangeIf(c, guild, mustOwn, func(tx *store.Tx, _ *access.Visit) error {
		return tx.DeleteGuild(c.Request.Context(), guild)
	})
	if err != nil {
		return err
	}
	return c.Done()
}

func mustOwn(v *access.Visit) error {
	if !v.Owner() {
		return discord.ErrMissingPermissions
	}
	return nil
}
