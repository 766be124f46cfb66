package oauth2

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

// byCode exchanges an authorization code for tokens, RFC 6749 section 4.1.3.
func (h *Handlers) byCode(c *call.Call, who client, body url.Values) (reply, error) {
	ctx := c.Request.Context()
	hash := auth.HashOpaque(body.Get("code"))
	code, err := h.peek(ctx, hash, who, body)
	if err != nil {
		return reply{}, err
	}
	next, reused := newPair(), false
	var issued store.Tokens
	spend := func(tx *store.Tx) (err error) {
		reused = false
		if code, err = check(ctx, tx, hash, who, body); err != nil {
			return err
		}
		if code.Spent() {
			reused = true
			return tx.EndFamily(ctx, code)
		}
		issued, err = tx.SpendCode(ctx, code, next.NewTokens)
		return err
	}
	if code.AddsBot && !code.Spent() {
		err = h.spendWithBot(c, code, spend)
	} else {
		err = h.Store.Change(ctx, spend)
	}
	if err != nil {
		return reply{}, err
	}
	if reused {
		c.Logger.Warn("an OAuth2 code was used twice, its tokens have ended", "application", who.ID)
		return reply{}, refuse(invalidGrant, "The code was used before.")
	}
	answer, err := h.replyWith(next, issued)
	if err != nil {
		return reply{}, err
	}
	err = h.complete(ctx, &answer, code)
	return answer, err
}

// peek reads a code without spending it.
func (h *Handlers) peek(ctx context.Context, hash []byte, who client, body url.Values) (code store.Code, err error) {
	err = h.Store.Change(ctx, func(tx *store.Tx) (err error) {
		code, err = check(ctx, tx, hash, who, body)
		return err
	})
	return code, err
}

// check reads a code and makes sure that it is for who asks for it.
func check(ctx context.Context, tx *store.Tx, hash []byte, who client, body url.Values) (store.Code, error) {
	code, err := tx.Code(ctx, hash)
	if errors.Is(err, store.ErrNotFound) || err == nil && code.Application != who.ID {
		return code, refuse(invalidGrant, "The code is not good.")
	}
	if err != nil {
		return code, err
	}
	if code.RedirectURI != "" && body.Get("redirect_uri") != code.RedirectURI {
		return code, refuse(invalidGrant, "redirect_uri is not the one that the code was asked with.")
	}
	verifier := body.Get("code_verifier")
	switch {
	// Else a code that was asked for without PKCE could be put under a client that uses it, RFC 9700 section 4.8.2.
	case code.Challenge == "" && verifier != "":
		return code, refuse(invalidGrant, "The code was asked for without a challenge.")
	case code.Challenge == "" && who.Public:
		return code, refuse(invalidGrant, "A client without a secret needs PKCE.")
	case code.Challenge != "" && !verifies(verifier, code.Challenge, code.ChallengeMethod):
		return code, refuse(invalidGrant, "code_verifier is wrong.")
	}
	return code, nil
}

// spendWithBot spends the code in a change that adds the bot, too, as the user who agreed to it; what that user may do is
// checked again.
func (h *Handlers) spendWithBot(c *call.Call, code store.Code, spend func(tx *store.Tx) error) error {
	ctx := c.Request.Context()
	app, err := h.Store.Application(ctx, code.Application)
	if err != nil {
		return err
	}
	if app.Bot == nil {
		return discord.ErrNoBot
	}
	self, err := h.Store.SelfUser(ctx, code.User)
	if err != nil {
		return err
	}
	user := *c
	user.Caller = call.Caller{Identity: store.Identity{UserID: self.ID, MFA: self.MFAEnabled}}
	err = h.Access.ChangeIf(&user, code.Guild, mayInstall(code.Permissions), func(tx *store.Tx, v *access.Visit) error {
		if err := spend(tx); err != nil {
			return err
		}
		return install(&user, tx, v, app, code.Scopes, code.Permissions)
	})
	var cannot *discord.Error
	if errors.As(err, &cannot) && cannot.Status < http.StatusInternalServerError {
		return refuse(invalidGrant, cannot.Message)
	}
	return err
}

// complete adds what some scopes bring besides the tokens.
func (h *Handlers) complete(ctx context.Context, answer *reply, code store.Code) error {
	if slices.Contains(code.Scopes, discord.ScopeOpenID) {
		token, err := h.idToken(ctx, code)
		if err != nil {
			return err
		}
		answer.IDToken = token
	}
	if code.Webhook != 0 {
		webhook, err := h.webhookOf(ctx, code)
		if err != nil {
			return err
		}
		answer.Webhook = webhook
	}
	if code.Guild == 0 {
		return nil
	}
	guild, err := h.Store.Guild(ctx, code.Guild)
	if errors.Is(err, store.ErrNotFound) {
		return nil // deleted since
	}
	if err != nil {
		return err
	}
	answer.Guild = &guild.Guild
	return nil
}
