// Package applications is the developers' side: applications, their secrets and their bots.
//
// A user makes an application, gives it a bot and resets the bot's token, or the client secret, which is shown that once and
// kept as a hash. How others let the application do something, or add its bot to a guild, is in package oauth2.
package applications

import (
	"errors"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/authn"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves applications.
type Handlers struct {
	store         *store.Store
	authenticator *authn.Authenticator
	prober        Prober
}

// New returns the handlers.
func New(s *store.Store, authenticator *authn.Authenticator) *Handlers {
	return &Handlers{store: s, authenticator: authenticator}
}

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const (
		metadata   = "/applications/:application_id/role-connections/metadata"
		connection = "/users/@me/applications/:application_id/role-connection"
	)
	read, write, said := call.Per(20, 10*time.Second), call.Per(10, 10*time.Second), call.Per(10, 10*time.Second)
	return []call.Route{
		{Method: http.MethodGet, Path: "/applications", Access: call.UsersOnly, Limit: read, Handle: h.list},
		{Method: http.MethodPost, Path: "/applications", Access: call.UsersOnly, Limit: write, Handle: h.create},
		{Method: http.MethodGet, Path: "/applications/@me", Access: call.BotsOnly, Limit: read, Handle: h.mine},
		{Method: http.MethodPatch, Path: "/applications/@me", Access: call.BotsOnly, Limit: write, Handle: h.updateMine},
		{Method: http.MethodGet, Path: "/applications/:application_id", Access: call.Signed, Limit: read, Handle: h.get},
		{Method: http.MethodPatch, Path: "/applications/:application_id", Access: call.Signed, Limit: write, Handle: h.update},
		{Method: http.MethodGet, Path: metadata, Access: call.Signed, Limit: read, Handle: h.metadata},
		{Method: http.MethodPut, Path: metadata, Access: call.Signed, Limit: write, Handle: h.setMetadata},
		{Method: http.MethodGet, Path: connection, Access: call.OAuth2, Scope: discord.ScopeRoleConnectionsWrite, Limit: said, Handle: h.connection},
		{Method: http.MethodPut, Path: connection, Access: call.OAuth2, Scope: discord.ScopeRoleConnectionsWrite, Limit: said, Handle: h.setConnection},
		{Method: http.MethodDelete, Path: connection, Access: call.OAuth2, Scope: discord.ScopeRoleConnectionsWrite, Limit: said, Handle: h.deleteConnection},
		{Method: http.MethodGet, Path: "/applications/public", Access: call.Signed, Limit: read, Handle: h.listPublic},
		{Method: http.MethodGet, Path: "/applications/:application_id/public", Access: call.Signed, Limit: read, Handle: h.public},
		{Method: http.MethodGet, Path: "/applications/:application_id/rpc", Access: call.Signed, Limit: read, Handle: h.public},
		{Method: http.MethodPost, Path: "/applications/:application_id/delete", Access: call.UsersOnly, Limit: write, Handle: h.remove},
		{Method: http.MethodDelete, Path: "/applications/:application_id", Access: call.UsersOnly, Limit: write, Handle: h.remove},
		{Method: http.MethodPost, Path: "/applications/:application_id/reset", Access: call.UsersOnly, Limit: write, Handle: h.resetSecret},
		{Method: http.MethodPost, Path: "/applications/:application_id/bot", Access: call.UsersOnly, Limit: write, Handle: h.createBot},
		{Method: http.MethodPost, Path: "/applications/:application_id/bot/reset", Access: call.UsersOnly, Limit: write, Handle: h.resetToken},
		{Method: http.MethodGet, Path: "/oauth2/applications/@me", Access: call.BotsOnly, Limit: read, Handle: h.mine},
	}
}

// owns reports whether the caller may see and change all of an application: its owner, or its bot.
func owns(c *call.Call, a discord.Application) bool {
	if c.Caller.Bot {
		return a.ID == c.Caller.ApplicationID
	}
	return a.Owner.ID == c.Caller.UserID
}

// list returns the caller's applications.
func (h *Handlers) list(c *call.Call) error {
	apps, err := h.store.ApplicationsOf(c.Request.Context(), c.Caller.UserID)
	if err != nil {
		return err
	}
	if apps == nil {
		apps = []discord.Application{}
	}
	return c.OK(apps)
}

// get returns one of the caller's applications. Others' do not exist, as far as the caller is told.
func (h *Handlers) get(c *call.Call) error {
	id, err := c.ID("application_id", discord.ErrUnknownApplication)
	if err != nil {
		return err
	}
	app, err := h.store.Application(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !owns(c, app) {
		return discord.ErrUnknownApplication
	}
	if err != nil {
		return err
	}
	return c.OK(app)
}

// mine returns the application of the bot that asks.
// https://discord.com/developers/docs/resources/application#get-current-application
func (h *Handlers) mine(c *call.Call) error {
	app, err := h.store.Application(c.Request.Context(), c.Caller.ApplicationID)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownApplication
	}
	if err != nil {
		return err
	}
	return c.OK(app)
}
