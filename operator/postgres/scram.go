package postgres

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// Passwords go to the server as SCRAM verifiers, as which it keeps them: then its log can't hold one.
// https://www.postgresql.org/docs/current/catalog-pg-authid.html, RFC 5803

const (
	scram           = "SCRAM-SHA-256"
	scramIterations = 4096 // the server's own default
	scramSalt       = 16   // bytes
	maxIterations   = 1 << 20
)

func newVerifier(password string) (string, error) {
	salt := make([]byte, scramSalt)
	_, _ = rand.Read(salt) // never fails
	return verifier(password, salt, scramIterations)
}

// verifier wants a password of ASCII, for which SASLprep changes nothing.
func verifier(password string, salt []byte, iterations int) (string, error) {
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	return fmt.Sprintf("%s$%d:%s$%s:%s", scram, iterations, base64.StdEncoding.EncodeToString(salt),
		base64.StdEncoding.EncodeToString(stored[:]), base64.StdEncoding.EncodeToString(mac(salted, "Server Key"))), nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte(text))
	return h.Sum(nil)
}

// verifies reports whether the verifier is one of the password.
func verifies(have, password string) bool {
	rest, ok := strings.CutPrefix(have, scram+"$")
	if !ok {
		return false
	}
	head, _, _ := strings.Cut(rest, "$")
	count, encoded, _ := strings.Cut(head, ":")
	iterations, err := strconv.Atoi(count)
	if err != nil || iterations < 1 || iterations > maxIterations {
		return false
	}
	salt, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return false
	}
	want, err := verifier(password, salt, iterations)
	return err == nil && hmac.Equal([]byte(want), []byte(have))
}
