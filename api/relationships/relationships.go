// Package relationships serves what people are to each other: friends, blocked, ignored, or one who asks and one who is
// asked. Discord does not document it.
//
// Each of two users has a row of its own about the other. A change holds both users' rows (store.HoldPair), decides by
// what both are to each other, and tells each in its own log; so two that ask each other at once become friends once. New
// friends are then told of each other's presence, and from then on the gateway tells them.
package relationships

import (
	"context"
	"errors"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Presences tells who is online.
type Presences interface {
	Users(ctx context.Context, users []snowflake.ID) (map[snowflake.ID]presence.Presence, error)
}

// Ephemeral publishes events that are never kept.
type Ephemeral interface {
	Ephemeral(ctx context.Context, e events.Event) error
}

// Handlers serves relationships.
type Handlers struct {
	store     *store.Store
	presences Presences
	ephemeral Ephemeral
}

// New returns the handlers; presences of new friends go to ephemeral.
func New(s *store.Store, presences Presences, ephemeral Ephemeral) *Handlers {
	return &Handlers{store: s, presences: presences, ephemeral: ephemeral}
}

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const (
		all = "/users/@me/relationships"
		one = all + "/:user_id"
	)
	reads, writes := call.Per(20, 10*time.Second), call.Per(20, 10*time.Second).Shared("relationships")
	asks := call.Per(10, time.Minute).Shared("friend requests")
	return []call.Route{
		{Method: http.MethodGet, Path: all, Access: call.UsersOnly, Limit: reads, Handle: h.list},
		{Method: http.MethodPost, Path: all, Access: call.UsersOnly, Limit: asks, Handle: h.askByName},
		{Method: http.MethodDelete, Path: all, Access: call.UsersOnly, Limit: writes, Handle: h.declineAll},
		{Method: http.MethodPut, Path: one, Access: call.UsersOnly, Limit: writes, Handle: h.put},
		{Method: http.MethodPatch, Path: one, Access: call.UsersOnly, Limit: writes, Handle: h.rename},
		{Method: http.MethodDelete, Path: one, Access: call.UsersOnly, Limit: writes, Handle: h.remove},
		{Method: http.MethodPut, Path: one + "/ignore", Access: call.UsersOnly, Limit: writes, Handle: h.ignore(true)},
		{Method: http.MethodDelete, Path: one + "/ignore", Access: call.UsersOnly, Limit: writes, Handle: h.ignore(false)},
	}
}

func (h *Handlers) list(c *call.Call) error {
	all, err := h.store.Relationships(c.Request.Context(), c.Caller.UserID)
	if err != nil {
		return err
	}
	if all == nil {
		all = []discord.Relationship{}
	}
	return c.OK(all)
}

// change holds what the caller and another are to each other, and does something about it.
func (h *Handlers) change(c *call.Call, other snowflake.ID, do func(tx *store.Tx, p store.Pair) error) error {
	if other == c.Caller.UserID {
		return discord.ErrFriendSelf
	}
	ctx := c.Request.Context()
	err := h.store.Change(ctx, func(tx *store.Tx) error {
		p, err := tx.HoldPair(ctx, c.Caller.UserID, other)
		if err != nil {
			return err
		}
		return do(tx, p)
	})
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownUser
	}
	return err
}

// introduce tells two new friends of each other's presence.
func (h *Handlers) introduce(c *call.Call, a, b snowflake.ID) {
	ctx := c.Request.Context()
	present, err := h.presences.Users(ctx, []snowflake.ID{a, b})
	if err != nil {
		c.Logger.Warn("presences are not known", "error", err)
		return
	}
	for user, friend := range map[snowflake.ID]snowflake.ID{a: b, b: a} {
		p, is := present[user]
		if !is {
			continue
		}
		data, err := p.Event(user, 0)
		if err == nil {
			err = h.ephemeral.Ephemeral(ctx, events.Event{
				Log: friend, Head: events.Header{Type: discord.EventPresenceUpdate, User: user}, Data: data,
			})
		}
		if err != nil {
			c.Logger.Warn("presence not told to a friend", "error", err)
		}
	}
}
