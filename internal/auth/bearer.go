package auth

import (
	"time"

	"github.com/golang-jwt/jwt/v5"

	"guildhall.chat/guildhall/internal/snowflake"
)

// BearerLifetime is how long an OAuth2 access token is valid, unless it is revoked before; as long as Discord's.
// https://discord.com/developers/docs/topics/oauth2#authorization-code-grant-access-token-response
const BearerLifetime = 7 * 24 * time.Hour

const bearerAudience = "guildhall-oauth2" //nolint:gosec // no secret

// Grant is what an OAuth2 access token says: for whom which application may act, and where the platform keeps what of
// that is still true.
type Grant struct {
	ID          snowflake.ID
	User        snowflake.ID
	Application snowflake.ID
}

// bearerClaims are the JWT's claims, RFC 7519 section 4.1, with client_id of RFC 8693 section 4.3.
type bearerClaims struct {
	jwt.RegisteredClaims
	Application snowflake.ID `json:"client_id"`
}

// IssueBearer returns an OAuth2 access token that is valid until expires.
func (k *Keys) IssueBearer(g Grant, expires time.Time) (string, error) {
	return k.bearer[0].sign(jwt.NewWithClaims(jwt.SigningMethodHS256, bearerClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    issuer,
			Audience:  jwt.ClaimStrings{bearerAudience},
			Subject:   g.User.String(),
			ID:        g.ID.String(),
			ExpiresAt: jwt.NewNumericDate(expires),
		},
		Application: g.Application,
	}))
}

// VerifyBearer checks an OAuth2 access token and returns what it says. Whether it has been revoked is for the caller to
// ask. The error is ErrAccessToken whatever is wrong.
func (k *Keys) VerifyBearer(token string) (Grant, error) {
	if !plausible(token) { // the decoder would skip line ends
		return Grant{}, ErrAccessToken
	}
	var claims bearerClaims
	if _, err := k.bearerParser.ParseWithClaims(token, &claims, keyOf(k.bearer)); err != nil {
		return Grant{}, ErrAccessToken
	}
	user, errUser := snowflake.Parse(claims.Subject)
	id, errID := snowflake.Parse(claims.ID)
	if errUser != nil || errID != nil || user == 0 || id == 0 || claims.Application == 0 {
		return Grant{}, ErrAccessToken
	}
	return Grant{ID: id, User: user, Application: claims.Application}, nil
}
