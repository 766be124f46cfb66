package oauth2

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"regexp"
)

// Challenge methods of PKCE, RFC 7636 section 4.2.
const (
	plain = "plain"
	s256  = "S256"
)

// challengeForm is the form of verifiers and challenges, RFC 7636 sections 4.1 and 4.2.
var challengeForm = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// verifies reports whether a verifier is that of the challenge, RFC 7636 section 4.6.
func verifies(verifier, challenge, method string) bool {
	if !challengeForm.MatchString(verifier) {
		return false
	}
	if method == s256 {
		sum := sha256.Sum256([]byte(verifier))
		verifier = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return subtle.ConstantTimeCompare([]byte(verifier), []byte(challenge)) == 1
}
