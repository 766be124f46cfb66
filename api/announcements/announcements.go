// Package announcements lets channels follow announcement channels of any guild, and publishes messages to them.
//
//	POST crosspost -> message flag + one row a follower (store.Tx.Crosspost) -> Delivery -> a copy in each channel
//
// A channel follows by a webhook of the type follower, which is the author of the copies. The rows are the queue and the
// memory of what was delivered: whoever changes or deletes a published message puts its rows back into the queue
// (store.UpdateMessage, DeleteMessages), so that copies end up as their source, whatever is lost in between.
// https://discord.com/developers/docs/resources/channel#follow-announcement-channel
package announcements

import (
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves the operations of announcement channels.
type Handlers struct {
	store  *store.Store
	access *access.Access
}

// New returns the handlers.
func New(s *store.Store, a *access.Access) *Handlers { return &Handlers{store: s, access: a} }

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	publishes := call.Per(10, time.Hour)
	publishes.Together = true // the limit is of the channel
	return []call.Route{
		{Method: http.MethodPost, Path: "/channels/:channel_id/followers", Limit: call.Per(5, 10*time.Second), Handle: h.follow},
		{Method: http.MethodPost, Path: "/channels/:channel_id/messages/:message_id/crosspost", Limit: publishes, Handle: h.crosspost},
	}
}

// source is the announcement channel of the path.
func (h *Handlers) source(c *call.Call) (*access.Room, error) {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return nil, err
	}
	room, err := h.access.Room(c, id)
	if err != nil {
		return nil, err
	}
	if room.Channel.Type != discord.ChannelAnnouncement {
		return nil, discord.ErrWrongChannelType
	}
	return room, nil
}

// crosspost publishes a message of an announcement channel to the channels that follow it.
// https://discord.com/developers/docs/resources/message#crosspost-message
func (h *Handlers) crosspost(c *call.Call) error {
	id, err := c.ID("message_id", discord.ErrUnknownMessage)
	if err != nil {
		return err
	}
	room, err := h.source(c)
	if err != nil {
		return err
	}
	if err := room.Need(permissions.SendMessages); err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.store.Change(ctx, func(tx *store.Tx) error {
		was, err := tx.HoldMessage(ctx, room.Channel.ID, id)
		if err != nil {
			return posting.UnknownMessage(err)
		}
		if was.Author.ID != c.Caller.UserID {
			if err := room.Need(permissions.ManageMessages); err != nil {
				return err
			}
		}
		switch {
		case was.Type != discord.MessageDefault || was.Flags&discord.MessageFlagIsCrosspost != 0:
			return discord.ErrSystemMessage
		case was.Flags&discord.MessageFlagCrossposted != 0:
			return discord.ErrAlreadyCrossposted
		}
		m := was
		m.Flags |= discord.MessageFlagCrossposted
		if err := tx.UpdateMessage(ctx, was, m); err != nil {
			return err
		}
		if err := tx.Crosspost(ctx, m); err != nil {
			return err
		}
		return posting.Updated(ctx, tx, room, m)
	})
	if err != nil {
		return err
	}
	m, err := h.store.Message(ctx, room.Channel.ID, id, c.Caller.UserID)
	if err != nil {
		return posting.UnknownMessage(err)
	}
	posting.Conceal(c.Caller, room, &m)
	return c.OK(m)
}
