package hostile_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"guildhall.chat/guildhall/test/clients/rest"
)

// tokens are credentials that aren't, or are no more.
func (s *scene) tokens(t *testing.T) {
	me := func(name, authorization string, want expected) request {
		header := http.Header{}
		if authorization != "" {
			header.Set("Authorization", authorization)
		}
		return request{name: name, method: http.MethodGet, target: "/users/@me", header: header, want: want}
	}
	good := s.owner.Authorization
	parts := strings.Split(good, ".")
	if len(parts) != 3 {
		t.Fatalf("an access token has %d parts", len(parts))
	}
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	stolen := strings.Replace(string(claims), s.owner.ID, s.outsider.ID, 1)
	if stolen == string(claims) {
		t.Fatalf("the claims %s don't name the user", claims)
	}
	withAlg := func(alg string) string {
		return encode(strings.Replace(string(header), "HS256", alg, 1))
	}
	resign := func(payload, key string) string {
		signature, err := jwt.SigningMethodHS256.Sign(parts[0]+"."+encode(payload), []byte(key))
		if err != nil {
			t.Fatal(err)
		}
		return parts[0] + "." + encode(payload) + "." + base64.RawURLEncoding.EncodeToString(signature)
	}
	flipped := []byte(parts[2])
	flipped[0] ^= 1
	botParts := strings.Split(s.bot.Token, ".")

	reset, err := s.owner.CreateBot(t.Context(), "reset", 0)
	if err != nil {
		t.Fatal(err)
	}
	var again struct {
		Token string `json:"token"`
	}
	if err := s.owner.Do(t.Context(), http.MethodPost, "/applications/"+reset.ApplicationID+"/bot/reset", map[string]any{}, &again); err != nil {
		t.Fatal(err)
	}
	s.secret("bot token", reset.Token)
	s.secret("bot token", again.Token)
	leaver, err := rest.Register(t.Context(), s.base, "leaver")
	if err != nil {
		t.Fatal(err)
	}
	s.secretsOf(leaver)
	if err := leaver.Do(t.Context(), http.MethodPost, "/auth/logout", map[string]any{}, nil); err != nil {
		t.Fatal(err)
	}

	cases := []request{
		me("the token as it is", good, okay),
		me("the bot's token as it is", "Bot "+s.bot.Token, okay),
		me("none", "", unauthorized),
		me("empty", " ", unauthorized),
		me("garbage", "let me in", unauthorized),
		me("garbage for a bot", "Bot let.me.in", unauthorized),
		me("garbage bearer", "Bearer let-me-in", unauthorized),
		me("basic", "Basic YWRtaW46YWRtaW4=", unauthorized),
		me("two dots", "..", unauthorized),
		me("a user's token as a bot's", "Bot "+good, unauthorized),
		me("a bot's token as a user's", s.bot.Token, unauthorized),
		me("a user's token as bearer", "Bearer "+good, expected{{401, 0}, {200, 0}}),
		me("cut off", good[:len(good)-1], unauthorized),
		me("doubled", good+good, unauthorized),
		me("with a space inside", parts[0]+". "+parts[1]+"."+parts[2], unauthorized),
		me("another signature", parts[0]+"."+parts[1]+"."+string(flipped), unauthorized),
		me("no signature", parts[0]+"."+parts[1]+".", unauthorized),
		me("alg none", withAlg("none")+"."+parts[1]+".", unauthorized),
		me("alg None", withAlg("None")+"."+parts[1]+".", unauthorized),
		me("alg none, for another user", withAlg("none")+"."+encode(stolen)+".", unauthorized),
		me("alg HS512", withAlg("HS512")+"."+parts[1]+"."+parts[2], unauthorized),
		me("alg RS256", withAlg("RS256")+"."+parts[1]+"."+parts[2], unauthorized),
		me("another user under the old signature", parts[0]+"."+encode(stolen)+"."+parts[2], unauthorized),
		me("signed with an empty key", resign(stolen, ""), unauthorized),
		me("signed with a guess", resign(stolen, "secret"), unauthorized),
		me("a header that is no JSON", encode("{")+"."+parts[1]+"."+parts[2], unauthorized),
		me("claims that are no JSON", parts[0]+"."+encode("{")+"."+parts[2], unauthorized),
		me("invalid base64", parts[0]+".!!!."+parts[2], unauthorized),
		me("a key id as path", encode(`{"alg":"HS256","typ":"JWT","kid":"../../../../dev/null"}`)+"."+parts[1]+"."+parts[2], unauthorized),
		me("after a logout", leaver.Authorization, unauthorized),
		me("a bot's after a reset", "Bot "+reset.Token, unauthorized),
		me("a bot's new one after a reset", "Bot "+again.Token, okay),
		me("another bot's secret", "Bot "+strings.Join([]string{encode(s.bot.ID), botParts[1], strings.Split(again.Token, ".")[2]}, "."), unauthorized),
		me("a bot's secret for the owner", "Bot "+strings.Join([]string{encode(s.owner.ID), botParts[1], botParts[2]}, "."), unauthorized),
		me("a refresh token", s.owner.RefreshToken, unauthorized),
		me("4 KB", strings.Repeat("x", 4_000), unauthorized),
		me("4 KB of dots", strings.Repeat(".", 4_000), unauthorized),
		me("4 KB of base64", encode(string(bytes.Repeat([]byte(`{"a":`), 600)))+"."+parts[1]+"."+parts[2], unauthorized),
		me("2 MB", strings.Repeat("x", 2<<20), expected{{431, 0}, {401, 0}}),
	}
	s.run(t, cases)

	t.Run("expired", func(t *testing.T) {
		var whole map[string]any
		if err := json.Unmarshal(claims, &whole); err != nil {
			t.Fatal(err)
		}
		key := s.accessKey(t)
		// The same claims under the same key are accepted first: only the time makes the difference then.
		for _, c := range []struct {
			name string
			exp  any
			want expected
		}{
			{"in an hour", time.Now().Add(time.Hour).Unix(), okay},
			{"an hour ago", time.Now().Add(-time.Hour).Unix(), unauthorized},
			{"in 1970", 0, unauthorized},
			{"never", nil, unauthorized},
			{"at a text", "tomorrow", unauthorized},
		} {
			changed := map[string]any{}
			for k, v := range whole {
				changed[k] = v
			}
			if c.exp == nil {
				delete(changed, "exp")
			} else {
				changed["exp"] = c.exp
			}
			payload, err := json.Marshal(changed)
			if err != nil {
				t.Fatal(err)
			}
			s.run(t, []request{me(c.name, resign(string(payload), key), c.want)})
		}
	})
}

// accessKey derives the key of access tokens from the platform's signing key, as docs/architecture.md says: only so can a
// token be made that is genuine and out of date.
func (s *scene) accessKey(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(s.data, "secrets", "signing-keys"))
	if err != nil {
		t.Fatal(err)
	}
	signing, err := base64.StdEncoding.DecodeString(strings.TrimSpace(strings.SplitN(string(content), "\n", 2)[0]))
	if err != nil {
		t.Fatal(err)
	}
	key, err := hkdf.Key(sha256.New, signing, nil, "guildhall access-token", sha256.Size)
	if err != nil {
		t.Fatal(err)
	}
	return string(key)
}

// accounts are registrations and logins that must not succeed, nor tell who has an account.
func (s *scene) accounts(t *testing.T) {
	register := func(name string, change map[string]any, field string) request {
		unique := rest.Unique("nobody")
		fields := map[string]any{
			"username": unique, "email": unique + "@example.com", "password": "a long enough secret",
			"date_of_birth": "2000-02-29", "consent": true,
		}
		for k, v := range change {
			if v == nil {
				delete(fields, k)
			} else {
				fields[k] = v
			}
		}
		body, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if password, ok := fields["password"].(string); ok {
			s.secret("rejected password", password)
		}
		r := request{name: "register: " + name, method: http.MethodPost, target: "/auth/register", body: string(body), want: invalidForm}
		if field != "" {
			r.check = names(field)
		}
		return r
	}
	login := func(name, body string, want expected) request {
		return request{name: "login: " + name, method: http.MethodPost, target: "/auth/login", body: body, want: want}
	}
	credentials := func(login, password any) string {
		data, err := json.Marshal(map[string]any{"login": login, "password": password})
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	refresh := func(name, token string) request {
		data, err := json.Marshal(map[string]any{"refresh_token": token})
		if err != nil {
			t.Fatal(err)
		}
		return request{name: "refresh: " + name, method: http.MethodPost, target: "/auth/refresh", body: string(data), want: expected{{401, 50014}, {401, 0}, {400, 50035}}}
	}
	s.run(t, []request{
		register("no user name", map[string]any{"username": nil}, "username"),
		register("a user name of one letter", map[string]any{"username": "x"}, "username"),
		register("a user name of 33", map[string]any{"username": strings.Repeat("x", 33)}, "username"),
		register("a user name with a line end", map[string]any{"username": "line\nend"}, "username"),
		register("a user name of NULs", map[string]any{"username": "\x00\x00\x00"}, "username"),
		register("a user name that overrides writing direction", map[string]any{"username": "a\u202ebc"}, "username"),
		register("a user name that is taken", map[string]any{"username": s.owner.Username}, "username"),
		register("a user name that is taken in capitals", map[string]any{"username": strings.ToUpper(s.owner.Username)}, "username"),
		register("an address that is taken", map[string]any{"email": s.owner.Email}, "email"),
		register("an address that is none", map[string]any{"email": "nobody"}, "email"),
		register("an address with a line end", map[string]any{"email": "a@example.com\r\nBcc: all@example.com"}, "email"),
		register("an address of 1000 letters", map[string]any{"email": strings.Repeat("a", 1000) + "@example.com"}, "email"),
		register("no password", map[string]any{"password": nil}, "password"),
		register("a short password", map[string]any{"password": "1234567"}, "password"),
		register("a password of 73", map[string]any{"password": strings.Repeat("x", 73)}, "password"),
		register("a password of a megabyte", map[string]any{"password": strings.Repeat("x", 1<<20)}, "password"),
		register("a password that is a number", map[string]any{"password": 12345678901234}, ""),
		register("a birthday in the future", map[string]any{"date_of_birth": "2999-01-01"}, "date_of_birth"),
		register("a birthday that is none", map[string]any{"date_of_birth": "2001-02-29"}, "date_of_birth"),
		register("a child", map[string]any{"date_of_birth": time.Now().AddDate(-5, 0, 0).Format(time.DateOnly)}, "date_of_birth"),
		register("no consent", map[string]any{"consent": false}, ""),
		login("nothing", `{}`, invalidForm),
		login("a list for a password", credentials(s.owner.Email, []string{s.owner.Password}), invalidForm),
		login("a password of a megabyte", credentials(s.owner.Email, strings.Repeat("x", 1<<20)), invalidForm),
		login("SQL", credentials("' OR 1=1 --", "' OR 1=1 --"), invalidForm),
		login("a NUL", credentials("a\x00@example.com", "correct horse"), invalidForm),
		refresh("garbage", "let me in"),
		refresh("nothing", ""),
		refresh("an access token", s.owner.Authorization),
		refresh("100 KB", strings.Repeat("x", 100_000)),
	})

	t.Run("a wrong password and an unknown address are the same", func(t *testing.T) {
		wrong := s.send(t, login("", credentials(s.owner.Email, "not the password"), nil))
		unknown := s.send(t, login("", credentials("nobody@example.com", "not the password"), nil))
		s.expect(t, login("", "", invalidForm), wrong)
		if wrong.Status != unknown.Status || !bytes.Equal(wrong.Body, unknown.Body) {
			t.Errorf("they can be told apart:\n  %d %s\n  %d %s", wrong.Status, wrong.Body, unknown.Status, unknown.Body)
		}
	})
	t.Run("a refresh token works once", func(t *testing.T) {
		person, err := rest.Register(t.Context(), s.base, "refresher")
		if err != nil {
			t.Fatal(err)
		}
		s.secretsOf(person)
		use := refresh("", person.RefreshToken)
		first := s.send(t, use)
		var next struct {
			Token        string `json:"token"`
			RefreshToken string `json:"refresh_token"`
		}
		if err := json.Unmarshal(first.Body, &next); first.Status != http.StatusOK || err != nil || next.Token == "" {
			t.Fatalf("the first use: %d %s", first.Status, first.Body)
		}
		s.secret("access token", next.Token)
		s.secret("refresh token", next.RefreshToken)
		s.expect(t, use, s.send(t, use))
	})
}
