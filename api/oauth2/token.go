package oauth2

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

// refreshLifetime is how long an application may wait until it asks for the next access token.
const refreshLifetime = 90 * 24 * time.Hour

// reply is a success at the token endpoint, RFC 6749 section 5.1.
type reply struct {
	AccessToken  string           `json:"access_token"`
	TokenType    string           `json:"token_type"`
	ExpiresIn    int              `json:"expires_in"` // seconds
	RefreshToken string           `json:"refresh_token,omitempty"`
	Scope        string           `json:"scope"`
	IDToken      string           `json:"id_token,omitempty"`
	Guild        *discord.Guild   `json:"guild,omitempty"` // to which the bot was added
	Webhook      *discord.Webhook `json:"webhook,omitempty"`
}

func newReply(access string, scopes []string) reply {
	return reply{
		AccessToken: access, TokenType: "Bearer", ExpiresIn: int(auth.BearerLifetime.Seconds()), Scope: strings.Join(scopes, " "),
	}
}

// token gives an application access tokens.
// https://discord.com/developers/docs/topics/oauth2#authorization-code-grant
func (h *Handlers) token(c *call.Call) error {
	noStore(c)
	answer, err := h.exchange(c)
	if err != nil {
		return failToken(c, err)
	}
	return c.OK(answer)
}

// noStore keeps secrets out of caches, RFC 6749 section 5.1.
func noStore(c *call.Call) {
	c.Header("Cache-Control", "no-store")
	c.Header("Pragma", "no-cache")
}

func (h *Handlers) exchange(c *call.Call) (reply, error) {
	body, err := readForm(c)
	if err != nil {
		return reply{}, err
	}
	who, err := h.authenticate(c.Request.Context(), c.GetHeader("Authorization"), body)
	if err != nil {
		return reply{}, err
	}
	switch body.Get("grant_type") {
	case "authorization_code":
		return h.byCode(c, who, body)
	case "refresh_token":
		return h.byRefresh(c, who, body)
	case "client_credentials":
		return h.byCredentials(c, who, body)
	case "":
		return reply{}, refuse(invalidRequest, "grant_type is required.")
	}
	return reply{}, refuse(unsupportedGrantType, "grant_type must be one of authorization_code, refresh_token, client_credentials.")
}

// bearer signs the access token of what was issued.
func (h *Handlers) bearer(t store.Tokens, expires time.Time) (string, error) {
	return h.Keys.IssueBearer(auth.Grant{ID: t.ID, User: t.User, Application: t.Application}, expires)
}

// pair is an access token and a refresh token on their way into the store.
type pair struct {
	store.NewTokens
	refresh string
}

func newPair() pair {
	now := time.Now()
	text, hash := auth.NewOpaque()
	return pair{refresh: text, NewTokens: store.NewTokens{
		Expires: now.Add(auth.BearerLifetime),
		Refresh: &store.RefreshToken{Hash: hash, Expires: now.Add(refreshLifetime)},
	}}
}

func (h *Handlers) replyWith(p pair, issued store.Tokens) (reply, error) {
	access, err := h.bearer(issued, p.Expires)
	answer := newReply(access, issued.Scopes)
	answer.RefreshToken = p.refresh
	return answer, err
}

// byRefresh exchanges a refresh token for the next pair, RFC 6749 section 6.
func (h *Handlers) byRefresh(c *call.Call, who client, body url.Values) (reply, error) {
	ctx := c.Request.Context()
	next, reused := newPair(), false
	var issued store.Tokens
	err := h.Store.Change(ctx, func(tx *store.Tx) error {
		reused = false
		old, err := tx.Refreshable(ctx, auth.HashOpaque(body.Get("refresh_token")))
		switch {
		case errors.Is(err, store.ErrNotFound) || err == nil && old.Application != who.ID:
			return refuse(invalidGrant, "The refresh token is not good.")
		case err != nil:
			return err
		case old.Spent:
			reused = true
			return tx.EndFamilyOf(ctx, old)
		case !old.Good:
			return refuse(invalidGrant, "The refresh token is too old.")
		}
		if next.Scopes, err = narrowed(old.Scopes, body.Get("scope")); err != nil {
			return err
		}
		issued, err = tx.SpendRefresh(ctx, old, next.NewTokens)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	if reused {
		c.Logger.Warn("an OAuth2 refresh token was used twice, its tokens have ended", "application", who.ID)
		return reply{}, refuse(invalidGrant, "The refresh token was used before.")
	}
	return h.replyWith(next, issued)
}

// narrowed is what of the scopes is asked for; all if nothing is.
func narrowed(scopes []string, asked string) ([]string, error) {
	fewer := unique(strings.Fields(asked))
	for _, scope := range fewer {
		if !slices.Contains(scopes, scope) {
			return nil, refuse(invalidScope, "More is asked for than was granted.")
		}
	}
	if len(fewer) == 0 {
		return scopes, nil
	}
	return fewer, nil
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// forOwner are the scopes that an application can have with its owner, without being asked: none that act in a browser.
var forOwner = []string{
	discord.ScopeIdentify, discord.ScopeEmail, discord.ScopeConnections, discord.ScopeGuilds, discord.ScopeGuildsJoin,
	discord.ScopeGuildsMembersRead, discord.ScopeCommandsUpdate, discord.ScopeCommandsPermissionsUpdate, discord.ScopeRoleConnectionsWrite,
}

// byCredentials gives an application a token for its owner.
// https://discord.com/developers/docs/topics/oauth2#client-credentials-grant
func (h *Handlers) byCredentials(c *call.Call, who client, body url.Values) (reply, error) {
	if who.Public {
		return reply{}, refuse(unauthorizedClient, "The client has no secret.")
	}
	scopes := unique(strings.Fields(body.Get("scope")))
	if len(scopes) == 0 {
		return reply{}, refuse(invalidScope, "scope is required.")
	}
	for _, scope := range scopes {
		if !slices.Contains(forOwner, scope) {
			return reply{}, refuse(invalidScope, "A scope cannot be had by client credentials.")
		}
	}
	ctx := c.Request.Context()
	expires := time.Now().Add(auth.BearerLifetime)
	var issued store.Tokens
	err := h.Store.Change(ctx, func(tx *store.Tx) error {
		id, err := tx.Authorize(ctx, who.Owner, who.ID, nil, false)
		if errors.Is(err, store.ErrNotFound) {
			return refuse(invalidClient, "The client is not known.")
		}
		if err != nil {
			return err
		}
		issued, err = tx.IssueTokens(ctx, store.NewTokens{Authorization: id, Scopes: scopes, Expires: expires})
		return err
	})
	if err != nil {
		return reply{}, err
	}
	access, err := h.bearer(issued, expires)
	return newReply(access, scopes), err
}
