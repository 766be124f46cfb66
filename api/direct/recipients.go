package direct

import (
	"errors"
	"net/http"
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// maxNick is the length of a name that a bot gives to somebody in its group, in characters.
const maxNick = 32

// place reads a DM and a user from the path. There are no message requests, which would be recipients/@me.
func (h *Handlers) place(c *call.Call) (*access.Room, snowflake.ID, error) {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return nil, 0, err
	}
	user, err := c.ID("user_id", discord.ErrUnknownUser)
	if err != nil {
		return nil, 0, err
	}
	room, err := h.access.Room(c, id)
	if err == nil && !room.Direct() {
		err = discord.ErrWrongChannelType
	}
	return room, user, err
}

// add lets somebody into a group: people their friends, a bot who has given it a token for that. From a DM of two it makes a
// group of three.
// https://discord.com/developers/docs/resources/channel#group-dm-add-recipient
func (h *Handlers) add(c *call.Call) error {
	room, user, err := h.place(c)
	if err != nil {
		return err
	}
	var body struct {
		AccessToken string  `json:"access_token"`
		Nick        *string `json:"nick"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	if body.Nick != nil {
		var p form.Problems
		p.Length("nick", *body.Nick, 1, maxNick)
		if err := p.Err(); err != nil {
			return err
		}
	}
	if err := h.mayAdd(c, user, body.AccessToken); err != nil {
		return err
	}
	if room.Channel.Type == discord.ChannelDM {
		if c.Caller.Bot || len(room.Channel.Recipients) == 0 || room.Channel.Recipients[0].Bot {
			return discord.ErrWrongChannelType
		}
		others := append(slices.Clone(room.Recipients[1:]), user)
		slices.Sort(others)
		return h.make(c, http.StatusCreated, store.NewGroup{Owner: c.Caller.UserID, Others: slices.Compact(others)})
	}
	return h.change(c, room.Channel.ID, func(g *store.Group) error {
		switch {
		case slices.Contains(g.Members, user):
			return nil
		case len(g.Members) >= maxMembers:
			return discord.ErrTooManyRecipients
		}
		return g.Add(c.Request.Context(), c.Caller.UserID, user, body.Nick)
	})
}

func (h *Handlers) mayAdd(c *call.Call, user snowflake.ID, token string) error {
	if c.Caller.Bot {
		of, err := h.joining(c, token)
		if err == nil && of != user {
			err = discord.ErrInvalidToken
		}
		return err
	}
	friends, err := h.store.AreFriends(c.Request.Context(), c.Caller.UserID, []snowflake.ID{user})
	if err == nil && !friends {
		err = discord.ErrInvalidRecipients
	}
	return err
}

// remove takes somebody out of a group, which its owner may.
// https://discord.com/developers/docs/resources/channel#group-dm-remove-recipient
func (h *Handlers) remove(c *call.Call) error {
	room, user, err := h.place(c)
	if err != nil {
		return err
	}
	if room.Channel.Type != discord.ChannelGroupDM {
		return discord.ErrWrongChannelType
	}
	return h.change(c, room.Channel.ID, func(g *store.Group) error {
		switch {
		case *g.OwnerID != c.Caller.UserID && user != c.Caller.UserID:
			return discord.ErrMissingPermissions
		case !slices.Contains(g.Members, user):
			return discord.ErrUnknownUser
		}
		return g.Remove(c.Request.Context(), c.Caller.UserID, user)
	})
}

// change holds a group that the caller is in, and answers without content.
func (h *Handlers) change(c *call.Call, id snowflake.ID, do func(*store.Group) error) error {
	ctx := c.Request.Context()
	err := h.store.Change(ctx, func(tx *store.Tx) error {
		g, err := tx.HoldGroup(ctx, id, c.Caller.UserID)
		if err != nil {
			return err
		}
		return do(g)
	})
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownChannel
	}
	if err != nil {
		return err
	}
	return c.Done()
}
