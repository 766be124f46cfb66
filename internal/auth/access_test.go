package auth

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestAccessToken(t *testing.T) {
	t.Parallel()
	k := newKeys(t, "a")
	token, err := k.IssueAccess(11, 22, 3)
	if err != nil {
		t.Fatal(err)
	}
	got, err := k.VerifyAccess(token)
	want := Access{User: 11, Session: 22, Epoch: 3, Expires: start.Add(AccessLifetime)}
	if err != nil || got.User != want.User || got.Session != want.Session || got.Epoch != want.Epoch || !got.Expires.Equal(want.Expires) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if len(token) > maxToken/2 {
		t.Errorf("token of %d bytes is near the bound %d", len(token), maxToken)
	}
	if scheme, same, err := ParseAuthorization(token); scheme != User || same != token || err != nil {
		t.Errorf("alone in the header: %v, %v", scheme, err)
	}
}

func TestAccessTokenEnds(t *testing.T) {
	t.Parallel()
	k := newKeys(t, "a")
	token, _ := k.IssueAccess(11, 22, 0)
	for after, valid := range map[time.Duration]bool{
		AccessLifetime - time.Second:             true,
		AccessLifetime + clockSkew + time.Second: false,
		-clockSkew + time.Second:                 true,
		-clockSkew - time.Second:                 false,
	} {
		k := newKeys(t, "a")
		k.now = func() time.Time { return start.Add(after) }
		if _, err := k.VerifyAccess(token); (err == nil) != valid {
			t.Errorf("after %v: %v", after, err)
		}
	}
}

func TestAccessTokenOutlivesARotation(t *testing.T) {
	t.Parallel()
	token, _ := newKeys(t, "a").IssueAccess(11, 22, 0)
	if _, err := newKeys(t, "ba").VerifyAccess(token); err != nil {
		t.Errorf("new key added: %v", err)
	}
	if _, err := newKeys(t, "b").VerifyAccess(token); !errors.Is(err, ErrAccessToken) {
		t.Errorf("old key removed: %v", err)
	}
}

func TestAccessTokenIsPinned(t *testing.T) {
	t.Parallel()
	k := newKeys(t, "a")
	good := func() jwt.MapClaims {
		return jwt.MapClaims{"iss": issuer, "aud": audience, "sub": "11", "sid": "22", "epoch": 0,
			"iat": start.Unix(), "exp": start.Add(time.Minute).Unix()}
	}
	sign := func(method jwt.SigningMethod, key any, kid any, claims jwt.MapClaims) string {
		token := jwt.NewWithClaims(method, claims)
		token.Header["kid"] = kid
		text, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	key, kid := k.access[0].key, k.access[0].id
	if _, err := k.VerifyAccess(sign(jwt.SigningMethodHS256, key, kid, good())); err != nil {
		t.Fatalf("the token the others deviate from: %v", err)
	}
	bad := map[string]string{
		"alg none":  sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid, good()),
		"alg HS512": sign(jwt.SigningMethodHS512, key, kid, good()),
		"other key": sign(jwt.SigningMethodHS256, k.router[0], kid, good()),
		"other kid": sign(jwt.SigningMethodHS256, key, "x", good()),
		"no kid":    sign(jwt.SigningMethodHS256, key, nil, good()),
	}
	for claim, values := range map[string][]any{
		"iss": {nil, "other"}, "aud": {nil, "other"}, "exp": {nil, "soon"}, "iat": {start.Add(time.Hour).Unix()},
		"sub": {nil, "", "0", "x", "-1"}, "sid": {nil, "0", "x", 1.5}, "epoch": {"x"},
	} {
		for _, value := range values {
			claims := good()
			claims[claim] = value
			text, _ := json.Marshal(value)
			bad[claim+" "+string(text)] = sign(jwt.SigningMethodHS256, key, kid, claims)
		}
	}
	for name, token := range bad {
		if got, err := k.VerifyAccess(token); !errors.Is(err, ErrAccessToken) || got != (Access{}) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestAccessTokenCorrupted(t *testing.T) {
	t.Parallel()
	k := newKeys(t, "a")
	token, _ := k.IssueAccess(11, 22, 0)
	for _, text := range corrupt(token) {
		if _, err := k.VerifyAccess(text); !errors.Is(err, ErrAccessToken) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzVerifyAccess(f *testing.F) {
	k := newKeys(f, "a")
	token, _ := k.IssueAccess(11, 22, 0)
	f.Add(token)
	f.Add("e30.e30.")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := k.VerifyAccess(text); err == nil && text != token {
			t.Fatalf("forged: %q", text)
		}
	})
}

func BenchmarkVerifyAccess(b *testing.B) {
	k := newKeys(b, "a")
	token, _ := k.IssueAccess(11, 22, 0)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = k.VerifyAccess(token)
	}
}
