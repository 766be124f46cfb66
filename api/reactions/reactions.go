// Package reactions serves the reactions to messages.
//
// Every change holds the message's row, so that the first reaction with an emoji and the limit of different ones are each
// decided by one request at a time; only a change that did something is an event. A
// custom emoji goes by its id alone, and shows the name that it has now.
// https://discord.com/developers/docs/resources/message#reaction-object
package reactions

import (
	"errors"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves reactions.
type Handlers struct {
	store  *store.Store
	access *access.Access
}

// New returns the handlers.
func New(s *store.Store, a *access.Access) *Handlers { return &Handlers{store: s, access: a} }

// Routes lists the operations. User clients put the type of a reaction before its user.
func (h *Handlers) Routes() []call.Route {
	const (
		all   = "/channels/:channel_id/messages/:message_id/reactions"
		emoji = all + "/:emoji"
		// The segment is a user, or the type with the user behind it.
		user  = emoji + "/:user_id"
		typed = user + "/:typed_user_id"
	)
	change := call.Per(4, time.Second).Shared("reactions")
	return []call.Route{
		{Method: http.MethodPut, Path: emoji + "/@me", Limit: change, Handle: h.add},
		{Method: http.MethodPut, Path: user + "/@me", Limit: change, Handle: h.add},
		{Method: http.MethodDelete, Path: emoji + "/@me", Limit: change, Handle: h.removeOwn},
		{Method: http.MethodDelete, Path: user + "/@me", Limit: change, Handle: h.removeOwn},
		{Method: http.MethodDelete, Path: user, Limit: change, Handle: h.removeOf("user_id")},
		{Method: http.MethodDelete, Path: typed, Limit: change, Handle: h.removeOf("typed_user_id")},
		{Method: http.MethodDelete, Path: all, Limit: change, Handle: h.removeAll},
		{Method: http.MethodDelete, Path: emoji, Limit: change, Handle: h.removeEmoji},
		{Method: http.MethodGet, Path: emoji, Limit: call.Per(10, time.Second), Handle: h.users},
	}
}

// target is the message of a path and the emoji, if it has one.
type target struct {
	room    *access.Room
	message snowflake.ID
	emoji   store.Emoji
}

func (h *Handlers) target(c *call.Call) (target, error) {
	var t target
	channel, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return t, err
	}
	if t.message, err = c.ID("message_id", discord.ErrUnknownMessage); err != nil {
		return t, err
	}
	if text, named := c.Params.Get("emoji"); named {
		if t.emoji, err = parseEmoji(text); err != nil {
			return t, err
		}
	}
	if t.room, err = h.access.Room(c, channel); err != nil {
		return t, err
	}
	return t, h.store.NameEmoji(c.Request.Context(), &t.emoji)
}

// users lists who reacted with an emoji.
// https://discord.com/developers/docs/resources/message#get-reactions
func (h *Handlers) users(c *call.Call) error {
	t, err := h.target(c)
	if err != nil {
		return err
	}
	limit, err := c.QueryInt("limit", 25, 1, 100)
	if err != nil {
		return err
	}
	kind, err := c.QueryInt("type", normal, normal, burst)
	if err != nil {
		return err
	}
	after, _, err := c.QueryID("after")
	if err != nil {
		return err
	}
	if err := t.room.Need(permissions.ReadMessageHistory); err != nil {
		return err
	}
	ctx := c.Request.Context()
	known, err := h.store.HasMessage(ctx, t.room.Channel.ID, t.message)
	if err != nil {
		return err
	}
	if !known {
		return discord.ErrUnknownMessage
	}
	users := []discord.User{}
	if kind == normal {
		if users, err = h.store.Reactors(ctx, t.message, t.emoji, after, limit); err != nil {
			return err
		}
	}
	return c.OK(users)
}

// Types of reactions; burst ones are a premium feature and do not exist here.
// https://discord.com/developers/docs/resources/message#get-reactions-reaction-types
const (
	normal = 0
	burst  = 1
)

func unknownMessage(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownMessage
	}
	return err
}
