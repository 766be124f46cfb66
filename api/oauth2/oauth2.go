// Package oauth2 lets users give applications a part of what they may do, and bring them into their guilds.
//
//	client's link -> request (request.go) -> consent: the page (page.go), or a user client's own (ask.go)
//	              -> decide.go: adds the bot, keeps what was agreed to, issues a code -> the client's redirect URI
//	client's server -> POST token (token.go): code, refresh token or its own credentials -> access token
//
// What was agreed to is a store.Authorization, one for each user and application. Codes and refresh tokens are kept as
// hashes and are good once: a second use ends every token of their family. An access token is signed (auth.Grant) and names
// a row; package authn asks for it with each request, so that revoking is deleting. An application that was never given a
// client secret is a public client (RFC 6749 section 2.1): it proves by PKCE that it is who asked.
//
// With the scope openid, the answer has an ID token as of OpenID Connect (oidc.go), signed by keys that are made when they are
// needed (signer.go).
package oauth2

import (
	"context"
	"net/http"
	"strings"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/authn"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Door lets people in by their password; see accounts.Handlers.
type Door interface {
	// Enter makes a login that ends soon, without a refresh token. The error is a *discord.Error when the credentials are not
	// good, or too many were tried.
	Enter(c *call.Call, login, password, code string) (store.Login, error)
}

// Config is what the handlers work with.
type Config struct {
	Store         *store.Store
	Access        *access.Access
	Authenticator *authn.Authenticator
	Keys          *auth.Keys
	Door          Door
	PublicURL     string // where browsers reach the platform
	VerifiedOnly  bool   // users must verify their mail address before they act
}

// Handlers serves OAuth2.
type Handlers struct {
	Config
	signer  *signer
	secure  bool // browsers come by HTTPS
	origins *http.CrossOriginProtection
}

// New returns the handlers.
func New(cfg Config) *Handlers {
	cfg.PublicURL = strings.TrimSuffix(cfg.PublicURL, "/")
	h := &Handlers{
		Config: cfg, secure: strings.HasPrefix(cfg.PublicURL, "https://"),
		signer: &signer{keys: cfg.Keys, store: cfg.Store}, origins: http.NewCrossOriginProtection(),
	}
	// A proxy may not tell the host that browsers see. What is no origin trusts none.
	_ = h.origins.AddTrustedOrigin(cfg.PublicURL)
	return h
}

// Routes lists the operations below /api.
func (h *Handlers) Routes() []call.Route {
	read, write := call.Per(20, 10*time.Second), call.Per(10, 10*time.Second)
	// Of many users' tokens at one application's server.
	server := call.Per(200, 10*time.Second)
	return []call.Route{
		{Method: http.MethodGet, Path: "/oauth2/authorize", Access: call.Anyone, Limit: read, Handle: h.ask},
		{Method: http.MethodPost, Path: "/oauth2/authorize", Access: call.UsersOnly, Limit: write, Handle: h.answer},
		{Method: http.MethodPost, Path: "/oauth2/token", Access: call.Anyone, Limit: server, Handle: h.token},
		{Method: http.MethodPost, Path: "/oauth2/token/revoke", Access: call.Anyone, Limit: server, Handle: h.revoke},
		{Method: http.MethodGet, Path: "/oauth2/@me", Access: call.OAuth2, Scope: call.AnyScope, Limit: read, Handle: h.me},
		{Method: http.MethodGet, Path: "/oauth2/keys", Access: call.Anyone, Limit: read, Handle: h.keys},
		{Method: http.MethodGet, Path: "/oauth2/userinfo", Access: call.Signed, Scope: discord.ScopeOpenID, Limit: read, Handle: h.userinfo},
		{Method: http.MethodPost, Path: "/oauth2/userinfo", Access: call.Signed, Scope: discord.ScopeOpenID, Limit: read, Unverified: true, Handle: h.userinfo},
		{Method: http.MethodPut, Path: "/guilds/:guild_id/members/:user_id", Access: call.BotsOnly, Limit: write, Handle: h.join},
		{Method: http.MethodGet, Path: "/oauth2/tokens", Access: call.UsersOnly, Limit: read, Handle: h.authorizations},
		{Method: http.MethodDelete, Path: "/oauth2/tokens/:authorization_id", Access: call.UsersOnly, Limit: write, Unverified: true, Handle: h.withdraw},
	}
}

// Pages lists what browsers see, outside /api.
func (h *Handlers) Pages() []call.Route {
	read, write := call.Per(60, time.Minute), call.Per(30, time.Minute)
	return []call.Route{
		{Method: http.MethodGet, Path: "/oauth2/authorize", Access: call.Anyone, Limit: read, Handle: h.consentPage},
		{Method: http.MethodPost, Path: "/oauth2/authorize", Access: call.Anyone, Limit: write, Handle: h.consentForm},
		{Method: http.MethodPost, Path: "/oauth2/login", Access: call.Anyone, Limit: write, Handle: h.loginForm},
		{Method: http.MethodPost, Path: "/oauth2/logout", Access: call.Anyone, Limit: write, Handle: h.logoutForm},
		{Method: http.MethodGet, Path: "/oauth2/authorized", Access: call.Anyone, Limit: read, Handle: h.authorizedPage},
		{Method: http.MethodGet, Path: "/.well-known/openid-configuration", Access: call.Anyone, Limit: read, Handle: h.discovery},
		{Method: http.MethodGet, Path: "/.well-known/oauth-authorization-server", Access: call.Anyone, Limit: read, Handle: h.discovery},
	}
}

// Delegated returns who gave an access token to an application, if the token allows the scope: some requests carry one
// besides the application's own credentials. ErrOAuth2Token if it is no good, ErrScopeNeeded.
func (h *Handlers) Delegated(ctx context.Context, token string, app snowflake.ID, scope string) (snowflake.ID, error) {
	caller, err := h.Authenticator.Delegated(ctx, token)
	switch {
	case err != nil:
		return 0, err
	case caller.ApplicationID != app:
		return 0, discord.ErrOAuth2Token
	case !caller.May(scope):
		return 0, discord.ErrScopeNeeded
	}
	return caller.UserID, nil
}
