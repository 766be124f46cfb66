package auth

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/argon2"
)

func TestPassword(t *testing.T) {
	t.Parallel()
	p, ctx := NewPasswords(2), t.Context()
	const password = "correct horse battery staple é"
	stored, err := p.Hash(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("stored as %q", stored)
	}
	if again, _ := p.Hash(ctx, password); again == stored {
		t.Error("no salt: a password hashes to the same twice")
	}
	for given, want := range map[string]bool{password: true, password + " ": false, "": false} {
		if ok, rehash, err := p.Verify(ctx, given, stored); ok != want || rehash || err != nil {
			t.Errorf("%q: %v, %v, %v", given, ok, rehash, err)
		}
	}
	if err := p.VerifyNobody(ctx, password); err != nil {
		t.Error(err)
	}
}

func TestPasswordOfOtherCostIsRehashed(t *testing.T) {
	t.Parallel()
	old := phc{params{memory: 64, time: 1, threads: 2}, []byte("saltsaltsalt"), nil}
	old.hash = argon2.IDKey([]byte("secret"), old.salt, old.time, old.memory, old.threads, 24)
	p := NewPasswords(1)
	if ok, rehash, err := p.Verify(t.Context(), "secret", old.String()); !ok || !rehash || err != nil {
		t.Errorf("right: %v, %v, %v", ok, rehash, err)
	}
	if ok, rehash, err := p.Verify(t.Context(), "Secret", old.String()); ok || rehash || err != nil {
		t.Errorf("wrong: %v, %v, %v", ok, rehash, err)
	}
}

// One of the vectors in the test program of the reference implementation, https://github.com/P-H-C/phc-winner-argon2.
func TestPasswordOfAnotherImplementation(t *testing.T) {
	t.Parallel()
	const stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, _, err := NewPasswords(1).Verify(t.Context(), "password", stored); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
}

func TestPasswordWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	p := NewPasswords(1)
	p.slots <- struct{}{} // somebody else's turn
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	failed := make(chan error, 3)
	wg.Go(func() { _, err := p.Hash(ctx, "x"); failed <- err })
	wg.Go(func() { _, _, err := p.Verify(ctx, "x", p.nobody.String()); failed <- err })
	wg.Go(func() { failed <- p.VerifyNobody(ctx, "x") })
	cancel()
	wg.Wait()
	for range 3 {
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("gave %v, want the end of the context", err)
		}
	}
	<-p.slots
	if _, err := p.Hash(t.Context(), "x"); err != nil {
		t.Errorf("after the turn: %v", err)
	}
}

func TestStoredHashIsParsedStrictly(t *testing.T) {
	t.Parallel()
	const good = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"
	if _, err := parsePHC(good); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{
		"$argon2id": "$argon2i", "v=19": "v=16", "m=19456": "m=0", "m=": "n=", "t=2": "t=0", "p=1": "p=0",
		"t=2,": "", "m=19456,": "m=4294967296,", "m=19456,t": "m=1048577,t", "$AAAAAAAAAAAAAAAAAAAAAA$": "$AAAA$",
		"2,p": "-2,p", "p=1$": "p=17$", "$v": "x$v", ",p=1$": ",p=1,q=1$",
	} {
		if text := strings.Replace(good, from, to, 1); text == good {
			t.Errorf("%q isn't there", from)
		} else if _, err := parsePHC(text); !errors.Is(err, errPHC) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"", "$", "$$$$$", good + "$", good + "=", good[:len(good)-2] + "B", good + "\n", good + strings.Repeat("A", 300)} {
		if _, _, err := NewPasswords(1).Verify(t.Context(), "x", text); !errors.Is(err, errPHC) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parsePHC(text)
		if err != nil {
			if !errors.Is(err, errPHC) {
				t.Fatal(err)
			}
			return
		}
		if h.memory == 0 || h.time == 0 || h.threads == 0 || h.memory > 1<<20 || h.time > 16 || h.threads > 16 {
			t.Fatalf("%q has cost %+v", text, h.params)
		}
		again, err := parsePHC(h.String())
		if err != nil || again.String() != h.String() {
			t.Fatalf("%q became %q, %v", text, h, err)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	p := NewPasswords(1)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = p.Hash(b.Context(), "correct horse battery staple")
	}
}
