// Package channels serves the channels of guilds, their permission overwrites, and typing; messages are elsewhere. A DM
// can be read and closed here.
//
// Each write is one access.Change: under the guild's lock it checks permissions and limits, then writes the rows, the
// audit-log entries and an event for each channel that changed.
// https://discord.com/developers/docs/resources/channel
package channels

import (
	"context"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/api/slowmode"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/store"
)

// Ephemeral publishes events that are never kept.
type Ephemeral interface {
	Ephemeral(ctx context.Context, e events.Event) error
}

// Handlers serves channels.
type Handlers struct {
	store     *store.Store
	access    *access.Access
	poster    *posting.Poster
	ephemeral Ephemeral
	rows      *rows
	slowmode  *slowmode.Slowmode // nil: typing tells nothing of it
}

// New returns the handlers; the poster judges the titles of threads, and typing goes to ephemeral.
func New(s *store.Store, a *access.Access, poster *posting.Poster, ephemeral Ephemeral) *Handlers {
	return &Handlers{store: s, access: a, poster: poster, ephemeral: ephemeral, rows: newRows(s)}
}

// Slowed lets those who write in a slow channel know how long they have to wait.
func (h *Handlers) Slowed(s *slowmode.Slowmode) *Handlers {
	h.slowmode = s
	return h
}

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const (
		all       = "/guilds/:guild_id/channels"
		one       = "/channels/:channel_id"
		overwrite = one + "/permissions/:overwrite_id"
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
		{Method: http.MethodPut, Path: overwrite, Limit: writes, Handle: h.putOverwrite},
		{Method: http.MethodDelete, Path: overwrite, Limit: writes, Handle: h.deleteOverwrite},
		{Method: http.MethodPost, Path: one + "/typing", Limit: call.Per(5, 5*time.Second), Handle: h.typing},
	}
}
