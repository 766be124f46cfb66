package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const (
	// totpPeriod is the time step, RFC 6238 section 4.1; totpSkew how many steps a clock may be behind or ahead, section 5.2.
	totpPeriod = 30 * time.Second
	totpSkew   = 1
	// Bounds of a secret, in bytes: clients make ones of 80 bits.
	minTOTPSecret, maxTOTPSecret = 10, 64
)

// NormalTOTPSecret returns a secret, base32 as people copy it, in the form that is stored; ok is false if it is none.
func NormalTOTPSecret(text string) (secret string, ok bool) {
	secret = strings.TrimRight(strings.ToUpper(strings.ReplaceAll(text, " ", "")), "=")
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	return secret, err == nil && len(raw) >= minTOTPSecret && len(raw) <= maxTOTPSecret
}

// TOTPStep returns the time step that a code of six digits is of; ok is false if it is of none that is near. A step must be taken
// only once: the caller keeps the last. https://datatracker.ietf.org/doc/html/rfc6238
func TOTPStep(secret, code string, now time.Time) (step int64, ok bool) {
	current := now.Unix() / int64(totpPeriod/time.Second)
	for near := current - totpSkew; near <= current+totpSkew; near++ {
		good, err := hotp.ValidateCustom(code, uint64(max(near, 0)), secret, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && good {
			step, ok = near, true
		}
	}
	return step, ok
}

// NewBackupCodes returns n codes of 40 random bits.
func NewBackupCodes(n int) []string {
	codes := make([]string, n)
	for i := range codes {
		codes[i] = strings.ToLower(rand.Text()[:8])
	}
	return codes
}

// SameCode compares two codes in constant time; case and a dash within don't matter.
func SameCode(a, b string) bool {
	normal := func(code string) []byte { return []byte(strings.ToLower(strings.ReplaceAll(code, "-", ""))) }
	return subtle.ConstantTimeCompare(normal(a), normal(b)) == 1
}
