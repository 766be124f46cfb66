package auth

import (
	"errors"
	"testing"
	"time"
)

// What a token has said is kept, but not for longer than the token is good, and for no other token.
func TestKeptAccessTokensEnd(t *testing.T) {
	t.Parallel()
	k := newKeys(t, "a")
	token, err := k.IssueAccess(11, 22, 3)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := k.VerifyAccess(token); err != nil || got.User != 11 || got.Session != 22 || got.Epoch != 3 {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if n := k.verified.Len(); n != 1 {
		t.Errorf("%d tokens are kept", n)
	}
	forged := token[:len(token)-2] + "AA"
	if _, err := k.VerifyAccess(forged); !errors.Is(err, ErrAccessToken) {
		t.Errorf("forged: %v", err)
	}
	if n := k.verified.Len(); n != 1 {
		t.Errorf("%d tokens are kept after a forged one", n)
	}
	k.now = func() time.Time { return start.Add(AccessLifetime + clockSkew + time.Second) }
	if _, err := k.VerifyAccess(token); !errors.Is(err, ErrAccessToken) {
		t.Errorf("after its end: %v", err)
	}
}
