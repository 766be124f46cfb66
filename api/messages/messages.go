// Package messages serves the messages of guild channels and DMs: who may read, send, edit and delete them. What makes a
// message is the matter of package posting.
//
// Edits and deletions are changes that hold the message's row, and keep what was there before.
// https://discord.com/developers/docs/resources/message
package messages

import (
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/api/slowmode"
	"guildhall.chat/guildhall/internal/coalesce"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves messages.
type Handlers struct {
	store  *store.Store
	access *access.Access
	poster *posting.Poster
	slow   *slowmode.Slowmode
	pages  *coalesce.Keyed[store.MessagePage, *readPage]
}

// New returns the handlers; Redis holds the slowmode of channels.
func New(s *store.Store, a *access.Access, p *posting.Poster, rdb redis.UniversalClient) *Handlers {
	return &Handlers{store: s, access: a, poster: p, slow: slowmode.New(rdb), pages: pagesOf(s)}
}

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const (
		all = "/channels/:channel_id/messages"
		one = all + "/:message_id"
	)
	return []call.Route{
		{Method: http.MethodGet, Path: all, Limit: call.Per(10, 5*time.Second), Handle: h.list},
		{Method: http.MethodGet, Path: one, Limit: call.Per(30, 5*time.Second), Handle: h.get},
		{Method: http.MethodPost, Path: all, Limit: call.Per(5, 5*time.Second), Handle: h.create},
		{Method: http.MethodPatch, Path: one, Limit: call.Per(5, 5*time.Second), Handle: h.edit},
		{Method: http.MethodDelete, Path: one, Limit: call.Per(5, time.Second), Handle: h.remove},
		{Method: http.MethodPost, Path: all + "/bulk-delete", Limit: call.Per(1, 3*time.Second), Handle: h.removeMany},
		{Method: http.MethodPost, Path: "/channels/:channel_id/greet", Access: call.UsersOnly, Limit: call.Per(5, 5*time.Second), Handle: h.greet},
		{Method: http.MethodPost, Path: "/channels/preload-messages", Access: call.UsersOnly, Limit: call.Per(5, 5*time.Second), Handle: h.preload},
	}
}

// room returns the channel of the path, which must be one that holds messages.
func (h *Handlers) room(c *call.Call) (*access.Room, error) {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return nil, err
	}
	room, err := h.access.Room(c, id)
	if err != nil {
		return nil, err
	}
	if !room.Channel.Type.HasMessages() {
		return nil, discord.ErrNotText
	}
	return room, nil
}

// place reads channel and message from the path.
func (h *Handlers) place(c *call.Call) (*access.Room, snowflake.ID, error) {
	id, err := c.ID("message_id", discord.ErrUnknownMessage)
	if err != nil {
		return nil, 0, err
	}
	room, err := h.room(c)
	return room, id, err
}
