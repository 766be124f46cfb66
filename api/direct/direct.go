// Package direct opens and lists DMs, and lets people in and out of those of groups. What is in them is the matter of
// packages channels and messages.
//
// A DM is of a pair, and there is one. A group has an owner and up to ten people; people make one with their friends, a bot
// with those who have given it a token for that. Each change of a group holds its row (store.HoldGroup), and each of those in
// it is told in the own log, as of everything in a DM.
package direct

import (
	"errors"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves DMs.
type Handlers struct {
	store  *store.Store
	access *access.Access
	keys   *auth.Keys
}

// New returns the handlers; keys verify the tokens that bots add people with.
func New(s *store.Store, a *access.Access, keys *auth.Keys) *Handlers { return &Handlers{s, a, keys} }

// Routes lists the operations. Closing a DM and leaving a group is DELETE /channels/{id}, in package channels.
func (h *Handlers) Routes() []call.Route {
	const recipient = "/channels/:channel_id/recipients/:user_id"
	changes := call.Per(10, 10*time.Second)
	return []call.Route{
		{Method: http.MethodGet, Path: "/users/@me/channels", Access: call.Signed, Limit: changes, Handle: h.list},
		{Method: http.MethodPost, Path: "/users/@me/channels", Access: call.Signed, Limit: changes, Handle: h.open},
		{Method: http.MethodPut, Path: recipient, Access: call.Signed, Limit: changes.Shared("recipients"), Handle: h.add},
		{Method: http.MethodDelete, Path: recipient, Access: call.Signed, Limit: changes.Shared("recipients"), Handle: h.remove},
		{Method: http.MethodGet, Path: "/channels/:channel_id/call", Access: call.UsersOnly, Limit: changes, Handle: h.call},
	}
}

// list returns the caller's open DMs. Bots have always been told of none.
func (h *Handlers) list(c *call.Call) error {
	if c.Caller.Bot {
		return c.OK([]discord.Channel{})
	}
	channels, err := h.store.DirectChannels(c.Request.Context(), c.Caller.UserID)
	if err != nil {
		return err
	}
	if channels == nil {
		channels = []discord.Channel{}
	}
	return c.OK(channels)
}

// opening is the body of what opens a DM or makes a group.
type opening struct {
	RecipientID  snowflake.ID             `json:"recipient_id"`
	Recipients   *[]snowflake.ID          `json:"recipients"`
	AccessTokens []string                 `json:"access_tokens"`
	Nicks        map[snowflake.ID]*string `json:"nicks"`
}

// open returns the DM with another user, new or not, or a new group: with none or several recipients.
// https://discord.com/developers/docs/resources/user#create-dm
func (h *Handlers) open(c *call.Call) error {
	var body opening
	if err := c.Bind(&body); err != nil {
		return err
	}
	if c.Caller.Bot && body.AccessTokens != nil {
		return h.createBotGroup(c, &body)
	}
	var recipients []snowflake.ID
	if body.Recipients != nil {
		recipients = *body.Recipients
	}
	if body.RecipientID != 0 {
		recipients = append(recipients, body.RecipientID)
	}
	switch {
	case len(recipients) == 1:
		return h.openPair(c, recipients[0])
	case body.Recipients == nil:
		return form.Single("recipient_id", "BASE_TYPE_REQUIRED", "This field is required")
	case c.Caller.Bot:
		return discord.ErrInvalidRecipients
	}
	return h.createGroup(c, recipients)
}

func (h *Handlers) openPair(c *call.Call, recipient snowflake.ID) error {
	if recipient == 0 || recipient == c.Caller.UserID {
		return discord.ErrInvalidRecipients
	}
	if err := h.mayOpen(c, recipient); err != nil {
		return err
	}
	channel, err := h.store.OpenDirect(c.Request.Context(), c.Caller.UserID, recipient)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownUser
	}
	if err != nil {
		return err
	}
	return c.OK(channel)
}

// mayOpen keeps bots away from people who have nothing to do with them, and from each other, and members from each other
// while their guild has stopped DMs.
func (h *Handlers) mayOpen(c *call.Call, recipient snowflake.ID) error {
	ctx := c.Request.Context()
	stopped, err := h.store.DirectsStopped(ctx, c.Caller.UserID, recipient)
	if err != nil {
		return err
	}
	if stopped {
		return discord.ErrCannotDM
	}
	if !c.Caller.Bot {
		return nil
	}
	user, err := h.store.User(ctx, recipient)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownUser
	}
	if err != nil {
		return err
	}
	if user.Bot {
		return discord.ErrCannotDM
	}
	shared, err := h.store.ShareGuild(ctx, c.Caller.UserID, recipient)
	if err != nil {
		return err
	}
	if !shared {
		return discord.ErrNoMutualGuild
	}
	return nil
}

// call tells whether those in a DM could be called: there is no voice here.
func (h *Handlers) call(c *call.Call) error {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	room, err := h.access.Room(c, id)
	if err != nil {
		return err
	}
	if !room.Direct() {
		return discord.ErrWrongChannelType
	}
	return c.OK(struct {
		Ringable bool `json:"ringable"`
	}{})
}
