package admin

import (
	"errors"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/authn"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// prefix is where what Discord does not have is served.
const prefix = "/api/guildhall/v1"

// Handlers serves administration over REST; docs/administration.md describes it.
type Handlers struct {
	service *Service
	access  *access.Access
}

// New returns the handlers.
func New(s *store.Store, a *access.Access, authenticator *authn.Authenticator) *Handlers {
	return &Handlers{NewService(s, authenticator.Changed), a}
}

// Routes lists the operations; their paths are whole.
func (h *Handlers) Routes() []call.Route {
	user, guild := "/users/:user_id", "/guilds/:guild_id"
	routes := []call.Route{
		{Method: http.MethodGet, Path: "/users", Handle: h.users},
		{Method: http.MethodGet, Path: user, Handle: h.user},
		{Method: http.MethodDelete, Path: user, Handle: h.on(h.service.DeleteUser, discord.ErrUnknownUser)},
		{Method: http.MethodPost, Path: user + "/suspend", Handle: h.suspend},
		{Method: http.MethodPost, Path: user + "/unsuspend", Handle: h.on(h.service.Unsuspend, discord.ErrUnknownUser)},
		{Method: http.MethodPost, Path: user + "/verify", Handle: h.on(h.service.Verify, discord.ErrUnknownUser)},
		{Method: http.MethodPost, Path: user + "/reset-password", Handle: h.resetPassword},
		{Method: http.MethodPost, Path: user + "/disable-mfa", Handle: h.on(h.service.DropMFA, discord.ErrMFANotEnabled)},
		{Method: http.MethodGet, Path: user + "/exports", Handle: h.exports},
		{Method: http.MethodPost, Path: user + "/exports", Handle: h.export},
		{Method: http.MethodGet, Path: "/guilds", Handle: h.guilds},
		{Method: http.MethodDelete, Path: guild, Handle: h.deleteGuild},
		{Method: http.MethodGet, Path: "/invitations", Handle: h.invitations},
		{Method: http.MethodPost, Path: "/invitations", Handle: h.invite},
		{Method: http.MethodDelete, Path: "/invitations/:code", Handle: h.uninvite},
		{Method: http.MethodGet, Path: "/limits/changes", Handle: h.limitChanges},
		{Method: http.MethodGet, Path: "/reports", Handle: h.reports},
		{Method: http.MethodPost, Path: "/reports/:report_id/close", Handle: h.closeReport},
	}
	for path, of := range map[string]Subject{"/limits": Instance, user + "/limits": OfUser, guild + "/limits": OfGuild} {
		routes = append(routes,
			call.Route{Method: http.MethodGet, Path: path, Handle: h.limits(of)},
			call.Route{Method: http.MethodPatch, Path: path, Handle: h.setLimits(of)},
		)
	}
	for i := range routes {
		r := &routes[i]
		r.Path, r.Access, r.Limit = prefix+"/admin"+r.Path, call.UsersOnly, call.Per(50, 10*time.Second).Shared("administration")
		r.Handle = adminsOnly(r.Handle)
	}
	return append(routes, call.Route{
		Method: http.MethodPost, Path: prefix + "/reports", Access: call.UsersOnly, Limit: call.Per(5, time.Minute), Handle: h.report,
	})
}

func adminsOnly(next call.Handler) call.Handler {
	return func(c *call.Call) error {
		if !c.Caller.Admin {
			return discord.ErrNotAdmin
		}
		return next(c)
	}
}

// pageSize is how much a list gives unless more is asked for, and at most.
const pageSize, maxPage = 50, 200

// page reads the bounds of a list.
func page(c *call.Call) (after snowflake.ID, limit int, err error) {
	if after, _, err = c.QueryID("after"); err != nil {
		return 0, 0, err
	}
	limit, err = c.QueryInt("limit", pageSize, 1, maxPage)
	return after, limit, err
}

// known turns the store's errors into those of the client.
func known(err error, unknown *discord.Error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return unknown
	case errors.Is(err, store.ErrOwnsGuilds):
		return discord.ErrOwnsGuilds
	}
	return err
}

// list makes JSON's [] of nothing.
func list[T any](c *call.Call, items []T, err error) error {
	if err != nil {
		return err
	}
	if items == nil {
		items = []T{}
	}
	return c.OK(items)
}
