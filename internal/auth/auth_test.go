package auth

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func signingKey(fill byte) []byte { return bytes.Repeat([]byte{fill}, minSigningKey) }

// newKeys returns Keys of the signing keys 'a', 'b', ... in this order, at the time start.
func newKeys(t testing.TB, fills string) *Keys {
	t.Helper()
	var signing [][]byte
	for _, fill := range []byte(fills) {
		signing = append(signing, signingKey(fill))
	}
	k, err := NewKeys(signing)
	if err != nil {
		t.Fatal(err)
	}
	k.now = func() time.Time { return start }
	return k
}

func TestNewKeysRefusesWeakKeys(t *testing.T) {
	t.Parallel()
	for name, signing := range map[string][][]byte{
		"none":         nil,
		"short":        {signingKey('a')[1:]},
		"second short": {signingKey('a'), {}},
	} {
		_, err := NewKeys(signing)
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "aaa") {
			t.Errorf("%s: the error shows the key: %v", name, err)
		}
	}
}

func TestEveryPurposeHasItsOwnKey(t *testing.T) {
	t.Parallel()
	k := newKeys(t, "ab")
	seen := map[string]bool{}
	for i := range k.access {
		for _, key := range [][]byte{k.access[i].key, k.session[i], k.router[i], signingKey("ab"[i])} {
			if seen[string(key)] {
				t.Fatal("a key serves two purposes")
			}
			seen[string(key)] = true
		}
	}
}

// corrupt returns copies of a text with one thing wrong in each.
func corrupt(text string) []string {
	var out []string
	for i := range text {
		flipped := []byte(text)
		flipped[i] ^= 1
		out = append(out, string(flipped))
	}
	return append(out, "", ".", "..", "...", text+".", "."+text, text+"a", text[1:], text[:len(text)-1], text+"\n",
		strings.Repeat(text, 20), strings.ReplaceAll(text, ".", ""))
}
