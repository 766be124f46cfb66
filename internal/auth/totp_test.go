package auth

import (
	"testing"
	"time"
)

// The vectors of RFC 6238, appendix B, for SHA-1, cut to six digits.
func TestTOTP(t *testing.T) {
	t.Parallel()
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // 12345678901234567890
	for unix, code := range map[int64]string{59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"} {
		at := time.Unix(unix, 0)
		if step, ok := TOTPStep(secret, code, at); !ok || step != unix/30 {
			t.Errorf("%s at %d: step %d, %v", code, unix, step, ok)
		}
		// A clock may be one step off, and no more.
		if step, ok := TOTPStep(secret, code, at.Add(30*time.Second)); !ok || step != unix/30 {
			t.Errorf("%s a step later: step %d, %v", code, step, ok)
		}
		if _, ok := TOTPStep(secret, code, at.Add(60*time.Second)); ok {
			t.Errorf("%s is good two steps later", code)
		}
	}
	for _, code := range []string{"", "1", "28708", "2870822", "abcdef", "287083"} {
		if _, ok := TOTPStep(secret, code, time.Unix(59, 0)); ok {
			t.Errorf("%q is good", code)
		}
	}
}

func TestTOTPSecrets(t *testing.T) {
	t.Parallel()
	if got, ok := NormalTOTPSecret("gezd gnbv gy3t qojq"); !ok || got != "GEZDGNBVGY3TQOJQ" {
		t.Errorf("%q, %v", got, ok)
	}
	for _, bad := range []string{"", "GEZD", "not base32 at all!", "1"} {
		if _, ok := NormalTOTPSecret(bad); ok {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestBackupCodes(t *testing.T) {
	t.Parallel()
	codes := NewBackupCodes(10)
	seen := map[string]bool{}
	for _, code := range codes {
		if len(code) != 8 || seen[code] {
			t.Errorf("%q", code)
		}
		seen[code] = true
	}
	code := codes[0]
	if !SameCode(code[:4]+"-"+code[4:], code) || SameCode(codes[1], code) || SameCode("", code) {
		t.Error("codes are compared otherwise")
	}
}
