// Package emojis serves custom emojis: those of guilds, and those of applications, which only the application's bot uses.
//
//	data URI -> package images, which tells whether it moves -> Postgres -> GET /emojis/{id}.png, also of package images
//
// Emojis of both kinds are rows of one table with one owner or the other. A guild's are changed under the guild's lock,
// and its members get the whole list with each change; an application's are changed under the application's.
// https://discord.com/developers/docs/resources/emoji
package emojis

import (
	"errors"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

// maxOfApplication is how many emojis an application may have, of both kinds together; guilds have store.LimitEmojis.
const maxOfApplication = 2000

// Handlers serves emojis.
type Handlers struct {
	store  *store.Store
	access *access.Access
}

// New returns the handlers.
func New(s *store.Store, a *access.Access) *Handlers { return &Handlers{store: s, access: a} }

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const (
		guild = "/guilds/:guild_id/emojis"
		app   = "/applications/:application_id/emojis"
		one   = "/:emoji_id"
	)
	reads, writes := call.Per(20, 10*time.Second), call.Per(50, time.Hour).Shared("emojis")
	// Applications bring all their emojis when they are deployed.
	appWrites := call.Per(30, 10*time.Second).Shared("application emojis")
	return []call.Route{
		{Method: http.MethodGet, Path: guild, Limit: reads, Handle: h.list},
		{Method: http.MethodPost, Path: guild, Limit: writes, Handle: h.create},
		{Method: http.MethodGet, Path: guild + one, Limit: reads, Handle: h.get},
		{Method: http.MethodPatch, Path: guild + one, Limit: writes, Handle: h.update},
		{Method: http.MethodDelete, Path: guild + one, Limit: writes, Handle: h.remove},
		{Method: http.MethodGet, Path: app, Limit: reads, Handle: h.listOfApplication},
		{Method: http.MethodPost, Path: app, Limit: appWrites, Handle: h.createOfApplication},
		{Method: http.MethodGet, Path: app + one, Limit: reads, Handle: h.getOfApplication},
		{Method: http.MethodPatch, Path: app + one, Limit: appWrites, Handle: h.updateOfApplication},
		{Method: http.MethodDelete, Path: app + one, Limit: appWrites, Handle: h.removeOfApplication},
	}
}

func unknown(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrEmojiNotFound
	}
	return err
}
