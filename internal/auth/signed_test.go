package auth

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestSessionID(t *testing.T) {
	t.Parallel()
	k := newKeys(t, "a")
	for _, pod := range []string{"gateway-0-1", "p", "gw.example.svc", strings.Repeat("x", 253)} {
		id := k.NewSessionID(pod)
		if got, ok := k.PodOf(id); !ok || got != pod {
			t.Errorf("%q: got %q, %v", id, got, ok)
		}
		if url.QueryEscape(id) != id || k.NewSessionID(pod) == id || !ValidPodName(pod) {
			t.Errorf("%q needs escaping or repeats", id)
		}
		for _, text := range corrupt(id) {
			if got, ok := k.PodOf(text); ok {
				t.Errorf("%q passes as a session of %q", text, got)
			}
		}
	}
}

func TestSessionIDOutlivesARotation(t *testing.T) {
	t.Parallel()
	id := newKeys(t, "a").NewSessionID("pod")
	if _, ok := newKeys(t, "ba").PodOf(id); !ok {
		t.Error("refused with a new key added")
	}
	if _, ok := newKeys(t, "b").PodOf(id); ok {
		t.Error("accepted with the old key removed")
	}
}

func TestValidPodName(t *testing.T) {
	t.Parallel()
	for _, pod := range []string{"", "Pod", "pod_1", "pod 1", "pod/1", "é", strings.Repeat("x", 254)} {
		if ValidPodName(pod) {
			t.Errorf("%q accepted", pod)
		}
	}
}

func FuzzPodOf(f *testing.F) {
	k := newKeys(f, "ab")
	const unsigned = "gateway-0.AAAAAAAAAAAAAAAAAAAAAA" // the same in every fuzzing process
	id := unsigned + "." + mac(k.session[0], unsigned, sessionMACBytes)
	f.Add(id)
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		if pod, ok := k.PodOf(text); ok != (text == id) || ok != (pod != "") {
			t.Fatalf("%q: %q, %v", text, pod, ok)
		}
	})
}

var word = Forwarded{IP: "2001:db8::1", HelloAt: start.UnixMilli() - 40, Frames: 2, Stream: true, At: start.UnixMilli()}

func TestForwarded(t *testing.T) {
	t.Parallel()
	k := newKeys(t, "a")
	header := k.SealForwarded(word)
	if got, err := k.OpenForwarded(header, start); err != nil || got != word {
		t.Errorf("got %+v, %v", got, err)
	}
	payload, _, _ := strings.Cut(header, ".")
	const want = `{"ip":"2001:db8::1","hello_at":1767323044960,"frames":2,"stream":true,"at":1767323045000}`
	if got, _ := base64.RawURLEncoding.DecodeString(payload); string(got) != want {
		t.Errorf("payload %s, want %s", got, want)
	}
	if _, err := newKeys(t, "ba").OpenForwarded(header, start); err != nil {
		t.Errorf("with a new key added: %v", err)
	}
	if _, err := newKeys(t, "b").OpenForwarded(header, start); !errors.Is(err, ErrForwarded) {
		t.Errorf("with the key removed: %v", err)
	}
	for _, text := range corrupt(header) {
		if _, err := k.OpenForwarded(text, start); !errors.Is(err, ErrForwarded) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if strings.HasSuffix(k.NewSessionID("pod"), "."+mac(k.router[0], "pod", sessionMACBytes)) {
		t.Error("one key for two purposes")
	}
}

func TestForwardedIsFresh(t *testing.T) {
	t.Parallel()
	k := newKeys(t, "a")
	header := k.SealForwarded(word)
	for age, fresh := range map[time.Duration]bool{
		ForwardedMaxAge: true, ForwardedMaxAge + time.Millisecond: false,
		-ForwardedMaxAge: true, -ForwardedMaxAge - time.Millisecond: false,
	} {
		if _, err := k.OpenForwarded(header, start.Add(age)); (err == nil) != fresh {
			t.Errorf("at age %v: %v", age, err)
		}
	}
}

// A payload that carries a good mac and isn't the object must not get through either.
func TestForwardedSignedNonsense(t *testing.T) {
	t.Parallel()
	k := newKeys(t, "a")
	for _, payload := range []string{"", "null", "[]", `{"at":"now"}`, "{"} {
		text := base64Strict.EncodeToString([]byte(payload))
		if _, err := k.OpenForwarded(text+"."+mac(k.router[0], text, forwardedMACBytes), start); !errors.Is(err, ErrForwarded) {
			t.Errorf("%s: %v", payload, err)
		}
	}
}

func FuzzOpenForwarded(f *testing.F) {
	k := newKeys(f, "ab")
	header := k.SealForwarded(word)
	f.Add(header)
	f.Add(".")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := k.OpenForwarded(text, start); (err == nil) != (text == header) {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
