// Package direct opens and lists direct messages. What is in them is the matter of packages channels and messages.
package direct

import (
	"errors"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves DMs.
type Handlers struct{ store *store.Store }

// New returns the handlers.
func New(s *store.Store) *Handlers { return &Handlers{s} }

// Routes lists the operations. Closing a DM is DELETE /channels/{id}, in package channels.
func (h *Handlers) Routes() []call.Route {
	return []call.Route{
		{Method: http.MethodGet, Path: "/users/@me/channels", Access: call.Signed, Limit: call.Per(10, 10*time.Second), Handle: h.list},
		{Method: http.MethodPost, Path: "/users/@me/channels", Access: call.Signed, Limit: call.Per(10, 10*time.Second), Handle: h.open},
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

// open returns the DM with another user, new or not. DMs of groups are not supported.
// https://discord.com/developers/docs/resources/user#create-dm
func (h *Handlers) open(c *call.Call) error {
	var body struct {
		RecipientID snowflake.ID   `json:"recipient_id"`
		Recipients  []snowflake.ID `json:"recipients"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	recipients := body.Recipients
	if body.RecipientID != 0 {
		recipients = append(recipients, body.RecipientID)
	}
	if len(recipients) == 0 {
		return form.Single("recipient_id", "BASE_TYPE_REQUIRED", "This field is required")
	}
	if len(recipients) > 1 || recipients[0] == 0 || recipients[0] == c.Caller.UserID {
		return discord.ErrInvalidRecipients
	}
	if err := h.mayOpen(c, recipients[0]); err != nil {
		return err
	}
	channel, err := h.store.OpenDirect(c.Request.Context(), c.Caller.UserID, recipients[0])
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownUser
	}
	if err != nil {
		return err
	}
	return c.OK(channel)
}

// mayOpen keeps bots away from people who have nothing to do with them, and from each other.
func (h *Handlers) mayOpen(c *call.Call, recipient snowflake.ID) error {
	if !c.Caller.Bot {
		return nil
	}
	ctx := c.Request.Context()
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
