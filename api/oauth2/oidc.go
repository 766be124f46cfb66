package oauth2

import (
	"context"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

// idTokenLifetime is how long an ID token proves that the user has just come in.
const idTokenLifetime = time.Hour

// claims tell who a user is, OpenID Connect Core section 5.1.
type claims struct {
	Email             *string `json:"email,omitempty"`
	EmailVerified     *bool   `json:"email_verified,omitempty"`
	PreferredUsername string  `json:"preferred_username,omitempty"`
	Nickname          *string `json:"nickname,omitempty"`
	Picture           string  `json:"picture,omitempty"`
	Locale            string  `json:"locale,omitempty"`
}

// about is what may be told of a user.
func (h *Handlers) about(self discord.SelfUser, may func(scope string) bool) claims {
	var told claims
	if may(discord.ScopeIdentify) {
		told.PreferredUsername, told.Nickname, told.Locale = self.Username, self.GlobalName, self.Locale
		if self.Avatar != nil {
			told.Picture = h.PublicURL + "/avatars/" + self.ID.String() + "/" + *self.Avatar + ".png"
		}
	}
	if may(discord.ScopeEmail) && self.Email != nil {
		told.Email, told.EmailVerified = self.Email, &self.Verified
	}
	return told
}

// userinfo tells a client of OpenID Connect about the user.
func (h *Handlers) userinfo(c *call.Call) error {
	self, err := h.Store.SelfUser(c.Request.Context(), c.Caller.UserID)
	if err != nil {
		return err
	}
	return c.OK(struct {
		Subject string `json:"sub"`
		claims
	}{self.ID.String(), h.about(self, c.Caller.May)})
}

// idClaims are those of an ID token, OpenID Connect Core section 2.
type idClaims struct {
	jwt.RegisteredClaims
	claims
	AuthTime int64  `json:"auth_time"`
	Nonce    string `json:"nonce,omitempty"`
}

// idToken says to the application of a code who the user is.
func (h *Handlers) idToken(ctx context.Context, code store.Code) (string, error) {
	self, err := h.Store.SelfUser(ctx, code.User)
	if err != nil {
		return "", err
	}
	now := time.Now()
	caller := call.Caller{Grant: &store.Grant{Scopes: code.Scopes}}
	return h.signer.sign(ctx, idClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: h.PublicURL, Subject: self.ID.String(), Audience: jwt.ClaimStrings{code.Application.String()},
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(idTokenLifetime)),
		},
		claims: h.about(self, caller.May), AuthTime: code.LoggedIn.Unix(), Nonce: code.Nonce,
	})
}

// keys tells by which keys ID tokens are verified.
func (h *Handlers) keys(c *call.Call) error {
	keys, err := h.signer.published(c.Request.Context())
	if err != nil {
		return err
	}
	return c.OK(struct {
		Keys []jwk `json:"keys"`
	}{keys})
}

// discovery tells clients what there is, and where.
// https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
// https://datatracker.ietf.org/doc/html/rfc8414#section-2
func (h *Handlers) discovery(c *call.Call) error {
	api := h.PublicURL + "/api/oauth2"
	methods := []string{"client_secret_basic", "client_secret_post", "none"}
	return c.OK(map[string]any{
		"issuer":                                     h.PublicURL,
		"authorization_endpoint":                     h.PublicURL + "/oauth2/authorize",
		"token_endpoint":                             api + "/token",
		"revocation_endpoint":                        api + "/token/revoke",
		"userinfo_endpoint":                          api + "/userinfo",
		"jwks_uri":                                   api + "/keys",
		"scopes_supported":                           discord.OAuth2Scopes,
		"response_types_supported":                   []string{"code", "token"},
		"response_modes_supported":                   []string{"query", "fragment"},
		"grant_types_supported":                      []string{"authorization_code", "implicit", "refresh_token", "client_credentials"},
		"token_endpoint_auth_methods_supported":      methods,
		"revocation_endpoint_auth_methods_supported": methods,
		"code_challenge_methods_supported":           []string{s256, plain},
		"subject_types_supported":                    []string{"public"},
		"id_token_signing_alg_values_supported":      []string{jwt.SigningMethodRS256.Alg()},
		"prompt_values_supported":                    []string{"none", "consent"},
		"claims_supported": []string{
			"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "email", "email_verified", "preferred_username", "nickname",
			"picture", "locale",
		},
	})
}
