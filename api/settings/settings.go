// Package settings serves what people's clients keep for them: settings in two forms, of what in which guild they are
// notified, notes about others. Discord does not document it.
//
// Package internal/settings knows the two forms. A write of either holds the row of the user's settings, changes what it is
// about, and the other form where that says the same; each form that changed is told to all of the user's sessions.
package settings

import (
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves settings.
type Handlers struct {
	store  *store.Store
	access *access.Access
}

// New returns the handlers.
func New(s *store.Store, a *access.Access) *Handlers { return &Handlers{store: s, access: a} }

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const me = "/users/@me"
	reads, writes := call.Per(20, 10*time.Second), call.Per(20, 10*time.Second)
	users := func(method, path string, limit call.Limit, handle call.Handler) call.Route {
		return call.Route{Method: method, Path: me + path, Access: call.UsersOnly, Limit: limit, Unverified: true, Handle: handle}
	}
	return []call.Route{
		users(http.MethodGet, "/settings", reads, h.get),
		users(http.MethodPatch, "/settings", writes, h.update),
		users(http.MethodGet, "/settings-proto/:type", reads, h.getProto),
		users(http.MethodPatch, "/settings-proto/:type", writes, h.updateProto),
		users(http.MethodPatch, "/guilds/:guild_id/settings", writes, h.updateGuild),
		users(http.MethodPatch, "/guilds/settings", writes, h.updateGuilds),
		users(http.MethodPatch, "/notification-settings", writes, h.updateNotifications),
		users(http.MethodGet, "/email-settings", reads, h.getEmail),
		users(http.MethodPatch, "/email-settings", writes, h.updateEmail),
		users(http.MethodGet, "/consent", reads, h.getConsents),
		users(http.MethodPost, "/consent", writes, h.updateConsents),
		users(http.MethodGet, "/notes", reads, h.notes),
		users(http.MethodGet, "/notes/:user_id", reads, h.note),
		users(http.MethodPut, "/notes/:user_id", writes, h.putNote),
	}
}
