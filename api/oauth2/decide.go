package oauth2

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// codeLifetime is how long a client has to exchange a code; RFC 6749 section 4.1.2 allows 10 minutes.
const codeLifetime = 5 * time.Minute

// decision is what a user says to a request.
type decision struct {
	Authorize   bool
	Guild       snowflake.ID
	Permissions permissions.Set // that the bot gets
	Channel     snowflake.ID    // that gets a webhook
}

// answer takes a user's decision from the user's own client.
func (h *Handlers) answer(c *call.Call) error {
	r, err := h.understand(c.Request.Context(), c.Request.URL.Query())
	if err != nil {
		return err
	}
	var body struct {
		GuildID         snowflake.ID                `json:"guild_id"`
		Authorize       form.Bool                   `json:"authorize"`
		Permissions     form.Field[permissions.Set] `json:"permissions"`
		IntegrationType form.Field[form.Int]        `json:"integration_type"`
		WebhookChannel  snowflake.ID                `json:"webhook_channel_id"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	if body.IntegrationType.Set && int(body.IntegrationType.Value) != r.IntegrationType {
		r.IntegrationType = int(body.IntegrationType.Value)
		if err := r.check(); err != nil {
			return err
		}
	}
	location, err := h.decide(c, r, decision{
		Authorize: bool(body.Authorize), Guild: body.GuildID,
		Permissions: body.Permissions.Or(r.Permissions) & permissions.All, Channel: body.WebhookChannel,
	})
	if err != nil {
		return err
	}
	return c.OK(struct {
		Location string `json:"location"`
	}{location})
}

// decide does what the caller has decided and returns where the browser goes next.
func (h *Handlers) decide(c *call.Call, r request, d decision) (location string, err error) {
	if !d.Authorize {
		return h.back(r, url.Values{
			"error": {accessDenied}, "error_description": {"The resource owner or authorization server denied the request"},
		}), nil
	}
	if err := checkGuild(c, r, &d); err != nil {
		return "", err
	}
	if err := checkChannel(r, &d); err != nil {
		return "", err
	}
	var answer url.Values
	err = h.change(c, r, d, func(tx *store.Tx, webhook snowflake.ID) (err error) {
		answer, err = h.keep(c.Request.Context(), tx, c.Caller, r, d, webhook)
		return err
	})
	if err != nil {
		return "", err
	}
	return h.back(r, answer), nil
}

// checkGuild makes sure that a guild is chosen where one is needed, and is the one that the link allows.
func checkGuild(c *call.Call, r request, d *decision) error {
	if !r.intoGuild() {
		d.Guild = 0
		return nil
	}
	if d.Guild == 0 {
		return form.Single("guild_id", "BASE_TYPE_REQUIRED", "This field is required")
	}
	if r.DisableGuildSelect && r.Guild != 0 && d.Guild != r.Guild {
		return form.Single("guild_id", "BASE_TYPE_BAD_VALUE", "The link is for another guild.")
	}
	if !r.app.BotPublic && r.app.Owner.ID != c.Caller.UserID {
		return discord.ErrMissingAccess
	}
	return nil
}

// checkChannel makes sure that a channel is chosen where one is needed.
func checkChannel(r request, d *decision) error {
	if !r.asks(discord.ScopeWebhookIncoming) {
		d.Channel = 0
		return nil
	}
	if d.Channel == 0 {
		return form.Single("webhook_channel_id", "BASE_TYPE_REQUIRED", "This field is required")
	}
	return nil
}

// change runs fn in a change in which the webhook is made, and the bot is added unless that waits for the exchange of the
// code.
func (h *Handlers) change(c *call.Call, r request, d decision, fn func(tx *store.Tx, webhook snowflake.ID) error) error {
	bring := func(tx *store.Tx, v *access.Visit) error {
		if h.waits(r) {
			return nil
		}
		return install(c, tx, v, r.app, r.Scopes, d.Permissions)
	}
	switch {
	case d.Channel != 0:
		return h.Access.ChangeIn(c, d.Channel, permissions.ManageWebhooks, func(tx *store.Tx, room *access.Room) error {
			if d.Guild != 0 {
				if room.Guild.Guild.ID != d.Guild {
					return form.Single("webhook_channel_id", "BASE_TYPE_BAD_VALUE", "The channel is in another guild.")
				}
				if err := mayInstall(d.Permissions)(room.Visit); err != nil {
					return err
				}
				if err := bring(tx, room.Visit); err != nil {
					return err
				}
			}
			webhook, err := makeWebhook(c, tx, room, r.app)
			if err != nil {
				return err
			}
			return fn(tx, webhook)
		})
	case d.Guild != 0:
		return h.Access.ChangeIf(c, d.Guild, mayInstall(d.Permissions), func(tx *store.Tx, v *access.Visit) error {
			if err := bring(tx, v); err != nil {
				return err
			}
			return fn(tx, 0)
		})
	}
	return h.Store.Change(c.Request.Context(), func(tx *store.Tx) error { return fn(tx, 0) })
}

// waits reports whether a bot is added only when its application has proven, by exchanging the code, that it wants it.
// https://discord.com/developers/docs/topics/oauth2#advanced-bot-authorization
func (h *Handlers) waits(r request) bool {
	return r.app.BotRequireCodeGrant && r.asks(discord.ScopeBot)
}

// keep writes what the user has agreed to, and returns what the client is told of it.
func (h *Handlers) keep(ctx context.Context, tx *store.Tx, user call.Caller, r request, d decision, webhook snowflake.ID) (url.Values, error) {
	if err := h.tellAuthorized(ctx, tx, user, r, d); err != nil {
		return nil, err
	}
	answer := url.Values{}
	if d.Guild != 0 {
		answer.Set("guild_id", d.Guild.String())
		answer.Set("permissions", d.Permissions.String())
	}
	forUser := r.IntegrationType == userInstall && r.asks(discord.ScopeCommands)
	if r.ResponseType == "" && !forUser {
		// Only the guild has got something.
		return answer, nil
	}
	id, err := tx.Authorize(ctx, user.UserID, r.app.ID, r.Scopes, forUser)
	if errors.Is(err, store.ErrNotFound) {
		return nil, discord.ErrUnknownApplication
	}
	if err != nil {
		return nil, err
	}
	switch r.ResponseType {
	case "code":
		code, hash := auth.NewOpaque()
		answer.Set("code", code)
		return answer, tx.CreateCode(ctx, store.Code{
			Hash: hash, Authorization: id, Scopes: r.Scopes, RedirectURI: r.RedirectURI,
			Challenge: r.Challenge, ChallengeMethod: r.ChallengeMethod, Nonce: r.Nonce,
			Guild: d.Guild, Permissions: d.Permissions, AddsBot: h.waits(r), Webhook: webhook,
			LoggedIn: user.Session.Time(), Expires: time.Now().Add(codeLifetime),
		})
	case "token":
		return answer, h.implicit(ctx, tx, id, r.Scopes, answer)
	}
	return answer, nil
}

// implicit puts an access token into the answer; there is no refresh token, RFC 6749 section 4.2.2.
func (h *Handlers) implicit(ctx context.Context, tx *store.Tx, authorization snowflake.ID, scopes []string, answer url.Values) error {
	expires := time.Now().Add(auth.BearerLifetime)
	issued, err := tx.IssueTokens(ctx, store.NewTokens{Authorization: authorization, Scopes: scopes, Expires: expires})
	if err != nil {
		return err
	}
	token, err := h.bearer(issued, expires)
	if err != nil {
		return err
	}
	reply := newReply(token, scopes)
	answer.Set("access_token", reply.AccessToken)
	answer.Set("token_type", reply.TokenType)
	answer.Set("expires_in", strconv.Itoa(reply.ExpiresIn))
	answer.Set("scope", reply.Scope)
	return nil
}
