package oauth2

import (
	"net/url"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
)

const registered = "https://client.example/callback"

// A link, whatever it holds, never leads anywhere but to a registered URI.
func FuzzLink(f *testing.F) {
	f.Add("client_id=5&scope=identify&response_type=code&redirect_uri=" + url.QueryEscape(registered))
	f.Add("client_id=5&response_type=token&state=%00%ff&permissions=99999999999999999999&scope=bot+bot&integration_type=1")
	f.Add("client_id=5&client_id=6&redirect_uri=https://client.example/callback%23@evil.example")
	h := New(Config{PublicURL: "https://hall.example"})
	app := discord.Application{RedirectURIs: []string{registered}, EligibleOAuth2Scopes: discord.OAuth2Scopes}
	f.Fuzz(func(t *testing.T, query string) {
		values, next, ok := canonical(query)
		if !ok {
			return
		}
		if _, again, ok := canonical(next); ok && again != next {
			t.Fatalf("%q is spelled %q, then %q", query, next, again)
		}
		p, _ := parse(values)
		r := request{parameters: p, app: app}
		r.target, _ = target(app, p)
		_ = r.check()
		for _, location := range []string{h.back(r, url.Values{"error": {"x"}}), h.back(r, url.Values{"code": {"c"}})} {
			u, err := url.Parse(location)
			if err != nil || u.Scheme != "https" || u.Host != "client.example" && u.Host != "hall.example" || u.User != nil {
				t.Fatalf("%q leads to %q", query, location)
			}
			if strings.ContainsAny(location, "\r\n") {
				t.Fatalf("%q breaks the header", query)
			}
		}
	})
}

func FuzzCredentials(f *testing.F) {
	f.Add("Basic MTIzOnNlY3JldA==", "")
	f.Add("", "client_id=123&client_secret=secret")
	f.Add("basic  Og==", "client_id=1")
	f.Fuzz(func(t *testing.T, header, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		if id, _, err := credentials(header, form); err == nil && id == 0 {
			t.Fatalf("%q, %q: nobody", header, body)
		}
	})
}

func TestScopesAndPermissionsHaveWords(t *testing.T) {
	t.Parallel()
	for _, scope := range discord.OAuth2Scopes {
		if inWords[scope] == "" {
			t.Errorf("the page does not say what %s is", scope)
		}
	}
	var all, one int64
	for _, p := range permissionNames {
		one = int64(p.Bit)
		if all&one != 0 {
			t.Errorf("%s is there twice", p.Name)
		}
		all |= one
	}
	if all != 1<<53-1-1<<47 {
		t.Errorf("not every permission has a name: %b", all)
	}
}
