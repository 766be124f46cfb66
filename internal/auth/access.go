package auth

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"guildhall.chat/guildhall/internal/snowflake"
)

// AccessLifetime is how long an access token is valid, unless its login ends before.
const AccessLifetime = 15 * time.Minute

// ErrAccessToken says that the text isn't an access token of this platform, or no longer.
var ErrAccessToken = errors.New("auth: invalid access token")

const (
	// tokens of another service that shares the keys by mistake aren't ours
	issuer   = "guildhall"
	audience = "guildhall-api"
	// clockSkew is how far the clocks of two pods may differ.
	clockSkew = 5 * time.Second
)

// Access is what an access token says.
type Access struct {
	User    snowflake.ID
	Session snowflake.ID // the login it belongs to
	Epoch   int64        // the user's epoch when it was issued; who knows of a lower one only is behind
	Expires time.Time
}

// accessClaims are the JWT's claims, RFC 7519 section 4.1, and our own.
type accessClaims struct {
	jwt.RegisteredClaims
	Session snowflake.ID `json:"sid"`
	Epoch   int64        `json:"epoch"`
}

// IssueAccess returns an access token for the user's login, valid for AccessLifetime from now.
func (k *Keys) IssueAccess(user, session snowflake.ID, epoch int64) (string, error) {
	now := k.now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, accessClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    issuer,
			Audience:  jwt.ClaimStrings{audience},
			Subject:   user.String(),
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(AccessLifetime)),
		},
		Session: session,
		Epoch:   epoch,
	})
	return k.access[0].sign(token)
}

// sign signs a token and names the key in it.
func (k tokenKey) sign(token *jwt.Token) (string, error) {
	token.Header["kid"] = k.id
	signed, err := token.SignedString(k.key)
	if err != nil {
		return "", fmt.Errorf("auth: sign a token: %w", err)
	}
	return signed, nil
}

// VerifyAccess checks an access token and returns what it says; one that was good before is not checked again until it ends. Whether its login has ended is for the caller to ask. The
// error is ErrAccessToken whatever is wrong.
func (k *Keys) VerifyAccess(token string) (Access, error) {
	if !plausible(token) { // the decoder would skip line ends
		return Access{}, ErrAccessToken
	}
	hash := sha256.Sum256([]byte(token))
	known, ok := k.verified.Get(hash)
	if lookups.Found(ok && k.now().Before(known.Expires)) {
		return known, nil
	}
	var claims accessClaims
	if _, err := k.accessParser.ParseWithClaims(token, &claims, keyOf(k.access)); err != nil {
		return Access{}, ErrAccessToken
	}
	user, err := snowflake.Parse(claims.Subject)
	if err != nil || user == 0 || claims.Session == 0 {
		return Access{}, ErrAccessToken
	}
	access := Access{User: user, Session: claims.Session, Epoch: claims.Epoch, Expires: claims.ExpiresAt.Time}
	k.verified.Add(hash, access)
	return access, nil
}

// keyOf finds the key that a token names.
func keyOf(keys []tokenKey) jwt.Keyfunc {
	return func(token *jwt.Token) (any, error) {
		for _, known := range keys {
			if token.Header["kid"] == known.id {
				return known.key, nil
			}
		}
		return nil, ErrAccessToken
	}
}

// newTokenParser pins all that a token could choose: the algorithm, issuer, audience, and that it ends.
func newTokenParser(audience string, now func() time.Time) *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(issuer),
		jwt.WithAudience(audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(clockSkew),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(now),
	)
}
