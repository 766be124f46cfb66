// Package users tells who somebody is and which guilds the caller is in.
package users

import (
	"context"
	"errors"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Presences counts who is not offline, approximately.
type Presences interface {
	Counts(ctx context.Context, guilds []snowflake.ID) ([]int, error)
}

// Handlers serves users.
type Handlers struct {
	store     *store.Store
	presences Presences
}

// New returns the handlers.
func New(s *store.Store, presences Presences) *Handlers {
	return &Handlers{store: s, presences: presences}
}

// Routes lists the operations. PATCH /users/@me is in package accounts.
func (h *Handlers) Routes() []call.Route {
	return []call.Route{
		{Method: http.MethodGet, Path: "/users/@me", Access: call.Signed, Scope: discord.ScopeIdentify, Limit: call.Per(30, 10*time.Second), Handle: h.me},
		{Method: http.MethodGet, Path: "/users/@me/guilds", Access: call.Signed, Scope: discord.ScopeGuilds, Limit: call.Per(10, 10*time.Second), Handle: h.guilds},
		{Method: http.MethodGet, Path: "/users/@me/guilds/:guild_id/member", Access: call.UsersOnly, Scope: discord.ScopeGuildsMembersRead, Limit: call.Per(20, 10*time.Second), Handle: h.member},
		{Method: http.MethodGet, Path: "/users/@me/connections", Access: call.Signed, Scope: discord.ScopeConnections, Limit: call.Per(10, 10*time.Second), Handle: h.connections},
		{Method: http.MethodDelete, Path: "/users/@me/guilds/:guild_id", Access: call.Signed, Limit: call.Per(5, 5*time.Second), Unverified: true, Handle: h.leave},
		{Method: http.MethodGet, Path: "/users/:user_id", Access: call.Signed, Limit: call.Per(30, 10*time.Second), Handle: h.user},
		{Method: http.MethodGet, Path: "/users/:user_id/profile", Access: call.UsersOnly, Limit: call.Per(10, 5*time.Second), Handle: h.profile},
		{Method: http.MethodPatch, Path: "/users/@me/profile", Access: call.UsersOnly, Limit: call.Per(5, 5*time.Second), Handle: h.updateProfile},
		{Method: http.MethodPatch, Path: "/guilds/:guild_id/profile/@me", Access: call.UsersOnly, Limit: call.Per(5, 5*time.Second), Handle: h.updateGuildProfile},
	}
}

// me returns the caller's own account.
// https://discord.com/developers/docs/resources/user#get-current-user
func (h *Handlers) me(c *call.Call) error {
	self, err := h.store.SelfUser(c.Request.Context(), c.Caller.UserID)
	if err != nil {
		return err
	}
	if !c.Caller.May(discord.ScopeEmail) {
		return c.OK(identity(self))
	}
	return c.OK(self)
}

// identity is an account without what needs the scope email.
func identity(self discord.SelfUser) any {
	return struct {
		discord.SelfUser
		// A field nearer to the top hides the one below of the same name.
		Verified *bool   `json:"verified,omitempty"`
		Email    *string `json:"email,omitempty"`
	}{SelfUser: self}
}

// user returns anybody's public account.
// https://discord.com/developers/docs/resources/user#get-user
func (h *Handlers) user(c *call.Call) error {
	id, err := c.ID("user_id", discord.ErrUnknownUser)
	if err != nil {
		return err
	}
	found, err := h.store.User(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownUser
	}
	if err != nil {
		return err
	}
	return c.OK(found)
}
