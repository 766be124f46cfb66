// Package auth makes and checks what proves identity: passwords, tokens and signed ids. It stores nothing.
//
// A user logs in with a password (Passwords) and gets an access token, which any api pod can check by itself, and an
// opaque refresh token, of which the database keeps the hash. A bot has one token in Discord's form, of which the database
// keeps the hash too. Keys signs what only the platform itself makes and reads: access tokens, those of OAuth2 among them,
// the gateway's session ids, what the shard router says to the gateway, the forms of the consent page and links to files; it
// seals what the database must keep but not be able to read. Every parser here takes bytes from outside and fails closed.
package auth

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	lru "github.com/hashicorp/golang-lru/v2"
)

// minSigningKey is the least length of a signing key in bytes: that of a SHA-256 digest, as RFC 2104 section 3 advises.
const minSigningKey = 32

// verifiedHeld is of how many access tokens it is kept what they say, about 200 bytes each.
const verifiedHeld = 65536

// Keys signs and verifies. It is made from the platform's signing keys: the first signs, all verify, so that a key can be
// replaced without logging anybody out. Safe for concurrent use.
type Keys struct {
	access  []tokenKey
	bearer  []tokenKey
	session [][]byte
	router  [][]byte
	seal    [][]byte
	consent [][]byte
	file    [][]byte
	// One parser a kind of token.
	accessParser *jwt.Parser
	bearerParser *jwt.Parser
	verified     *lru.Cache[[sha256.Size]byte, Access] // by the token's hash
	now          func() time.Time
}

// tokenKey signs the tokens of one kind.
type tokenKey struct {
	id  string // the token's kid
	key []byte
}

// NewKeys derives a key for each purpose from each of the signing keys, so that what is signed for one is worthless for
// another. It fails without keys or with one shorter than 32 bytes.
func NewKeys(signing [][]byte) (*Keys, error) {
	if len(signing) == 0 {
		return nil, errors.New("auth: no signing keys")
	}
	k := &Keys{now: time.Now}
	k.verified, _ = lru.New[[sha256.Size]byte, Access](verifiedHeld) // fails only for a size below one
	for i, secret := range signing {
		if len(secret) < minSigningKey {
			return nil, fmt.Errorf("auth: signing key %d has %d bytes, fewer than %d", i+1, len(secret), minSigningKey)
		}
		derived := make(map[string][]byte)
		for _, purpose := range []string{
			"access-token", "access-token-id", "bearer-token", "bearer-token-id", "session-id", "router", "seal", "consent", "file",
		} {
			key, err := hkdf.Key(sha256.New, secret, nil, "guildhall "+purpose, sha256.Size)
			if err != nil {
				return nil, fmt.Errorf("auth: derive the %s key: %w", purpose, err)
			}
			derived[purpose] = key
		}
		k.access = append(k.access, tokenKey{hex.EncodeToString(derived["access-token-id"][:8]), derived["access-token"]})
		k.bearer = append(k.bearer, tokenKey{hex.EncodeToString(derived["bearer-token-id"][:8]), derived["bearer-token"]})
		k.session = append(k.session, derived["session-id"])
		k.router = append(k.router, derived["router"])
		k.seal = append(k.seal, derived["seal"])
		k.consent = append(k.consent, derived["consent"])
		k.file = append(k.file, derived["file"])
	}
	now := func() time.Time { return k.now() }
	k.accessParser, k.bearerParser = newTokenParser(audience, now), newTokenParser(bearerAudience, now)
	return k, nil
}

// mac returns the HMAC-SHA256 of text, shortened to size bytes, as text.
func mac(key []byte, text string, size int) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:size])
}

// verifyMAC reports whether got is the mac of text under one of the keys.
func verifyMAC(keys [][]byte, text, got string, size int) bool {
	for _, key := range keys {
		if hmac.Equal([]byte(got), []byte(mac(key, text, size))) {
			return true
		}
	}
	return false
}
