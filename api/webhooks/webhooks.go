// Package webhooks serves webhooks: making and changing them, and the messages that come through them.
//
//	POST /webhooks/{id}/{token} -> find -> body -> posting -> Store
//
// A webhook belongs to a channel of a guild. Who may manage it there has it by its id (manage.go, update.go); who knows its
// token, which needs no account, can change, delete and execute it (execute.go) and edit what it posted (messages.go).
// Bodies in the form of Slack's and GitHub's webhooks are translated (slack.go, github.go) and go the same way.
// https://discord.com/developers/docs/resources/webhook
package webhooks

import (
	"context"
	"errors"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/fetch"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Followups serves the same paths for applications: the id is then an application's, and the token an interaction's.
// https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages
type Followups interface {
	// Owns reports whether the path's token is of an interaction.
	Owns(c *call.Call) bool
	Create(c *call.Call) error
	Get(c *call.Call) error
	Edit(c *call.Call) error
	Delete(c *call.Call) error
}

// Config is what the handlers work with.
type Config struct {
	Store     *store.Store
	Access    *access.Access
	Poster    *posting.Poster
	Fetch     *fetch.Client // for pictures that are given by URL
	PublicURL string
	Followups Followups // nil: there are no interactions
}

// Handlers serves webhooks.
type Handlers struct {
	store     *store.Store
	access    *access.Access
	poster    *posting.Poster
	avatars   *avatars
	followups Followups
	base      string // of webhooks' URLs
}

// New returns the handlers.
func New(cfg Config) *Handlers {
	return &Handlers{
		store: cfg.Store, access: cfg.Access, poster: cfg.Poster, avatars: newAvatars(cfg.Store, cfg.Fetch),
		followups: cfg.Followups, base: cfg.PublicURL + "/api/webhooks/",
	}
}

// Routes lists the operations. Those with a token are limited by webhook, whoever calls.
func (h *Handlers) Routes() []call.Route {
	const (
		ofChannel = "/channels/:channel_id/webhooks"
		one       = "/webhooks/:webhook_id"
		secret    = one + "/:webhook_token"
		message   = secret + "/messages/:message_id"
	)
	reads, writes := call.Per(10, 10*time.Second), call.Per(5, 10*time.Second)
	byToken := func(n int, window time.Duration) call.Limit {
		return call.Limit{Requests: n, Window: window, Together: true, NoGlobal: true}
	}
	executes := byToken(5, 2*time.Second).Shared("webhook")
	messages := byToken(5, 2*time.Second).Shared("webhook messages")
	return []call.Route{
		{Method: http.MethodGet, Path: ofChannel, Limit: reads, Handle: h.listOfChannel},
		{Method: http.MethodPost, Path: ofChannel, Limit: writes, Handle: h.create},
		{Method: http.MethodGet, Path: "/guilds/:guild_id/webhooks", Limit: reads, Handle: h.listOfGuild},
		{Method: http.MethodGet, Path: one, Limit: reads, Handle: h.get},
		{Method: http.MethodPatch, Path: one, Limit: writes, Handle: h.update},
		{Method: http.MethodDelete, Path: one, Limit: writes, Handle: h.remove},

		{Method: http.MethodGet, Path: secret, Access: call.Anyone, Limit: byToken(10, 10*time.Second), Handle: h.getByToken},
		{Method: http.MethodPatch, Path: secret, Access: call.Anyone, Limit: byToken(5, 10*time.Second), Handle: h.updateByToken},
		{Method: http.MethodDelete, Path: secret, Access: call.Anyone, Limit: byToken(5, 10*time.Second), Handle: h.removeByToken},
		{Method: http.MethodPost, Path: secret, Access: call.Anyone, Limit: executes, Handle: h.execute},
		{Method: http.MethodPost, Path: secret + "/slack", Access: call.Anyone, Limit: executes, Handle: h.executeSlack},
		{Method: http.MethodPost, Path: secret + "/github", Access: call.Anyone, Limit: executes, Handle: h.executeGithub},

		{Method: http.MethodGet, Path: message, Access: call.Anyone, Limit: messages, Handle: h.getMessage},
		{Method: http.MethodPatch, Path: message, Access: call.Anyone, Limit: messages, Handle: h.editMessage},
		{Method: http.MethodDelete, Path: message, Access: call.Anyone, Limit: messages, Handle: h.removeMessage},
	}
}

// interaction reports whether the path is of an interaction and not of a webhook.
func (h *Handlers) interaction(c *call.Call) bool { return h.followups != nil && h.followups.Owns(c) }

// find returns the webhook that id and token in the path name.
func (h *Handlers) find(c *call.Call) (discord.Webhook, error) {
	id, err := c.ID("webhook_id", discord.ErrUnknownWebhook)
	if err != nil {
		return discord.Webhook{}, err
	}
	w, err := h.store.Webhook(c.Request.Context(), id)
	if err != nil {
		return w, known(err)
	}
	return w, checkToken(c, w)
}

// hold is find within a change: the webhook stays as it is until its end.
func (h *Handlers) hold(ctx context.Context, tx *store.Tx, c *call.Call, id snowflake.ID) (discord.Webhook, error) {
	w, err := tx.HoldWebhook(ctx, id)
	if err != nil {
		return w, known(err)
	}
	return w, checkToken(c, w)
}

func checkToken(c *call.Call, w discord.Webhook) error {
	if !auth.SameToken(c.Param("webhook_token"), w.Token) {
		return discord.ErrWebhookToken
	}
	return nil
}

func known(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownWebhook
	}
	return err
}

// shown is a webhook for who may manage it. A token of an application's is for that application.
func (h *Handlers) shown(c *call.Call, w discord.Webhook) discord.Webhook {
	if w.ApplicationID != nil && !owns(c, w) {
		w.Token = ""
	}
	return h.withURL(w)
}

func (h *Handlers) withURL(w discord.Webhook) discord.Webhook {
	if w.Token != "" {
		w.URL = h.base + w.ID.String() + "/" + w.Token
	}
	return w
}

// owns reports whether the caller is the bot of the webhook's application.
func owns(c *call.Call, w discord.Webhook) bool {
	return w.ApplicationID != nil && c.Caller.ApplicationID == *w.ApplicationID
}
