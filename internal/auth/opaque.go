package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// NewOpaque returns a token that says nothing, 32 random bytes as text, and its hash, which is what may be stored. A plain
// hash is enough for a secret that can't be guessed.
func NewOpaque() (token string, hash []byte) {
	token = randomText(32)
	return token, HashOpaque(token)
}

// HashOpaque returns the hash to find or compare a token by, SHA-256.
func HashOpaque(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// SameHash compares two hashes in constant time.
func SameHash(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// randomText returns n random bytes in base64url without padding.
func randomText(n int) string {
	random := make([]byte, n)
	_, _ = rand.Read(random) // never fails, says its documentation
	return base64.RawURLEncoding.EncodeToString(random)
}
