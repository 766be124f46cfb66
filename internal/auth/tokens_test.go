package auth

import (
	"bytes"
	"errors"
	"regexp"
	"testing"

	"guildhall.chat/guildhall/internal/snowflake"
)

func TestOpaque(t *testing.T) {
	t.Parallel()
	token, hash := NewOpaque()
	other, otherHash := NewOpaque()
	if token == other || SameHash(hash, otherHash) {
		t.Error("two tokens are the same")
	}
	if !SameHash(hash, HashOpaque(token)) || len(hash) != 32 || len(token) != 43 {
		t.Errorf("token %q, hash %x", token, hash)
	}
	if bytes.Contains(hash, []byte(token)) || SameHash(hash, hash[:31]) || SameHash(hash, nil) {
		t.Error("hashes of different length are the same")
	}
}

// What clients and secret scanners take for a bot token.
var looksLikeBot = regexp.MustCompile(`^[A-Za-z\d_-]{24,28}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,38}$`)

func TestBotToken(t *testing.T) {
	t.Parallel()
	for _, user := range []snowflake.ID{175928847299117063, 1420070400000 << 22 >> 2, 9223372036854775807} {
		token, hash := NewBotToken(user)
		got, gotHash, err := ParseBotToken(token)
		if err != nil || got != user || !SameHash(gotHash, hash) {
			t.Errorf("%q: got %d, %v", token, got, err)
		}
		if !looksLikeBot.MatchString(token) {
			t.Errorf("%q doesn't look like a bot token", token)
		}
		for _, text := range corrupt(token) {
			if _, otherHash, err := ParseBotToken(text); err == nil && SameHash(otherHash, hash) {
				t.Errorf("%q passes for %q", text, token)
			} else if err != nil && !errors.Is(err, ErrBotToken) {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
	small, _ := NewBotToken(1)
	if _, _, err := ParseBotToken(small); err != nil {
		t.Errorf("id 1: %v", err)
	}
	for _, text := range []string{"MA.AAAAAA." + small[len(small)-36:], "LTE.AAAAAA." + small[len(small)-36:], small[:len(small)-1], "a.b.c"} {
		if _, _, err := ParseBotToken(text); !errors.Is(err, ErrBotToken) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseBotToken(f *testing.F) {
	token, _ := NewBotToken(175928847299117063)
	f.Add(token)
	f.Add("MQ.AAAAAA." + token[len(token)-36:])
	f.Fuzz(func(t *testing.T, text string) {
		user, hash, err := ParseBotToken(text)
		if err != nil && (!errors.Is(err, ErrBotToken) || user != 0 || hash != nil) {
			t.Fatalf("%q: %d, %x, %v", text, user, hash, err)
		}
		if err == nil && (user == 0 || !SameHash(hash, HashOpaque(text)) || !plausible(text)) {
			t.Fatalf("%q: %d, %x", text, user, hash)
		}
	})
}

func TestParseAuthorization(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		scheme Scheme
		token  string // empty: malformed
	}{
		"abc.def":              {User, "abc.def"},
		"Bot abc":              {Bot, "abc"},
		"bot abc":              {Bot, "abc"},
		"Bearer abc":           {Bearer, "abc"},
		" BEARER   abc ":       {Bearer, "abc"},
		"Bot":                  {User, "Bot"},
		"":                     {},
		"  ":                   {},
		"Bot ":                 {User, "Bot"},
		"Basic abc":            {},
		"Bot a b":              {},
		"Bot a\tb":             {},
		"Bot \x00":             {},
		"Bot é":                {},
		"Bot " + long(1024):    {Bot, long(1024)},
		"Bot " + long(1025):    {},
		"Bearer Bot abc":       {},
		"abc\r\nX-Other: true": {},
	}
	for header, want := range tests {
		scheme, token, err := ParseAuthorization(header)
		if (err == nil) != (want.token != "") || scheme != want.scheme || token != want.token {
			t.Errorf("%q: got %v %q, %v", header, scheme, token, err)
		}
		if err != nil && !errors.Is(err, ErrAuthorization) {
			t.Errorf("%q: %v", header, err)
		}
	}
}

func TestParseGatewayToken(t *testing.T) {
	t.Parallel()
	bot, _ := NewBotToken(175928847299117063)
	access, _ := newKeys(t, "a").IssueAccess(1, 2, 0)
	for text, want := range map[string]struct {
		scheme Scheme
		token  string
	}{
		bot: {Bot, bot}, "Bot " + bot: {Bot, bot}, access: {User, access},
		"Bearer " + bot: {}, "": {}, "Bot nonsense": {Bot, "nonsense"},
	} {
		scheme, token, err := ParseGatewayToken(text)
		if (err == nil) != (want.token != "") || scheme != want.scheme || token != want.token {
			t.Errorf("%q: got %v %q, %v", text, scheme, token, err)
		}
	}
}

func FuzzParseAuthorization(f *testing.F) {
	for _, seed := range []string{"Bot a", "Bearer b", "c", " ", "Bot  d ", "Bot"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		for _, parse := range []func(string) (Scheme, string, error){ParseAuthorization, ParseGatewayToken} {
			_, token, err := parse(header)
			if err == nil && !plausible(token) || err != nil && token != "" {
				t.Fatalf("%q: token %q, %v", header, token, err)
			}
		}
	})
}

func long(n int) string { return string(bytes.Repeat([]byte{'x'}, n)) }
