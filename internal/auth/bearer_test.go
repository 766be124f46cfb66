package auth

import (
	"errors"
	"testing"
	"time"
)

var grant = Grant{ID: 33, User: 11, Application: 44}

func TestBearerToken(t *testing.T) {
	t.Parallel()
	k := newKeys(t, "a")
	token, err := k.IssueBearer(grant, start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.VerifyBearer(token); err != nil || got != grant {
		t.Errorf("got %+v, %v", got, err)
	}
	if len(token) > maxToken/2 {
		t.Errorf("token of %d bytes is near the bound %d", len(token), maxToken)
	}
	if scheme, same, err := ParseAuthorization("Bearer " + token); scheme != Bearer || same != token || err != nil {
		t.Errorf("in the header: %v, %v", scheme, err)
	}
	k.now = func() time.Time { return start.Add(time.Hour + clockSkew + time.Second) }
	if _, err := k.VerifyBearer(token); !errors.Is(err, ErrAccessToken) {
		t.Errorf("after its time: %v", err)
	}
}

func TestTokensAreNotMistakenForEachOther(t *testing.T) {
	t.Parallel()
	k := newKeys(t, "a")
	bearer, _ := k.IssueBearer(grant, start.Add(time.Hour))
	access, _ := k.IssueAccess(11, 33, 0)
	if _, err := k.VerifyAccess(bearer); !errors.Is(err, ErrAccessToken) {
		t.Errorf("an OAuth2 token passes as a login's: %v", err)
	}
	if _, err := k.VerifyBearer(access); !errors.Is(err, ErrAccessToken) {
		t.Errorf("a login's token passes as one of OAuth2: %v", err)
	}
}

func TestBearerTokenOutlivesARotation(t *testing.T) {
	t.Parallel()
	token, _ := newKeys(t, "a").IssueBearer(grant, start.Add(time.Hour))
	if _, err := newKeys(t, "ba").VerifyBearer(token); err != nil {
		t.Errorf("new key added: %v", err)
	}
	if _, err := newKeys(t, "b").VerifyBearer(token); !errors.Is(err, ErrAccessToken) {
		t.Errorf("old key removed: %v", err)
	}
}

func FuzzVerifyBearer(f *testing.F) {
	k := newKeys(f, "a")
	token, _ := k.IssueBearer(grant, start.Add(time.Hour))
	f.Add(token)
	f.Add("e30.e30.")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := k.VerifyBearer(text); err == nil && text != token {
			t.Fatalf("forged: %q", text)
		}
	})
}

func TestSeal(t *testing.T) {
	t.Parallel()
	k := newKeys(t, "a")
	sealed, err := k.Seal("name", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string]*Keys{"the same": k, "rotated": newKeys(t, "ba")} {
		if got, err := keys.Open("name", sealed); err != nil || string(got) != "secret" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := k.Open("other", sealed); !errors.Is(err, ErrSealed) {
		t.Errorf("under another name: %v", err)
	}
	if _, err := newKeys(t, "b").Open("name", sealed); !errors.Is(err, ErrSealed) {
		t.Errorf("under another key: %v", err)
	}
	for i := range sealed {
		damaged := append([]byte{}, sealed...)
		damaged[i] ^= 1
		if _, err := k.Open("name", damaged); !errors.Is(err, ErrSealed) {
			t.Fatalf("damaged at %d: %v", i, err)
		}
	}
	if _, err := k.Open("name", nil); !errors.Is(err, ErrSealed) {
		t.Errorf("nothing: %v", err)
	}
}

func TestConsentToken(t *testing.T) {
	t.Parallel()
	k := newKeys(t, "a")
	token := k.ConsentToken(7, "a=b")
	if !k.VerifyConsent(token, 7, "a=b") {
		t.Error("the token of the form is refused")
	}
	if k.VerifyConsent(token, 8, "a=b") || k.VerifyConsent(token, 7, "a=c") || k.VerifyConsent("", 7, "a=b") {
		t.Error("a token of another login or form passes")
	}
}
