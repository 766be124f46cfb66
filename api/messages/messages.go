// Package messages serves the messages of guild channels and DMs.
//
// A new message is checked as a whole (body.go and what it calls), then resolved against the database: what it replies to
// or forwards, whom it mentions. In a guild it is committed together with others of its guild (store.CreateGuildMessage);
// in a DM it is a change with one event for each recipient's log. Edits and deletions are changes that hold the message's
// row, and keep what was there before. Every message that is returned passes the content gate (content.go).
//
// Files, stickers, polls and voice messages are refused, each with an error on its field: they need a store for files
// that this version does not have.
// https://discord.com/developers/docs/resources/message
package messages

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves messages.
type Handlers struct {
	store  *store.Store
	access *access.Access
	redis  redis.UniversalClient
}

// New returns the handlers; Redis holds the slowmode of channels.
func New(s *store.Store, a *access.Access, rdb redis.UniversalClient) *Handlers {
	return &Handlers{store: s, access: a, redis: rdb}
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

// readable returns the message of the path if the caller may read it.
func (h *Handlers) readable(ctx context.Context, room *access.Room, id, viewer snowflake.ID) (discord.Message, error) {
	if err := room.Need(permissions.ReadMessageHistory); err != nil {
		return discord.Message{}, err
	}
	m, err := h.store.Message(ctx, room.Channel.ID, id, viewer)
	return m, unknownMessage(err)
}

func unknownMessage(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownMessage
	}
	return err
}
