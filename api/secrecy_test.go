package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
)

// secret stands for what must not be logged: passwords, tokens, what people write.
const secret = "Xyzzy-8c1f4e-Plugh"

// TestNothingSecretIsLogged sends secrets wherever a client may put some, to every route, good and malformed, as people, bots and
// nobody, and looks for them in all that was logged at the level debug, every request among it.
func TestNothingSecretIsLogged(t *testing.T) {
	w := newWorld(t)
	form := object{}
	for _, field := range []string{
		"content", "password", "new_password", "token", "ticket", "code", "refresh_token", "access_token", "client_secret", "secret",
		"email", "login", "username", "global_name", "nick", "name", "topic", "description", "bio", "note", "reason", "custom_status",
		"value", "url", "interactions_endpoint_url", "event_webhooks_url", "invitation",
	} {
		form[field] = secret
	}
	whole, err := json.Marshal(form)
	if err != nil {
		t.Fatal(err)
	}
	bodies := [][]byte{whole, []byte(`{"content":"` + secret), []byte(`"` + secret + `"`)}
	forged := w.Anyone()
	forged.Authorization = "Bot " + secret
	callers := []*apitest.Client{w.owner, w.bot, forged, w.Anyone()}
	query := "?" + url.Values{"token": {secret}, "code": {secret}, "content": {secret}, "query": {secret}}.Encode()
	answered := 0
	for _, route := range w.routes {
		if route.Method == http.MethodDelete || strings.HasSuffix(route.Path, "/disable") || strings.HasSuffix(route.Path, "/delete") {
			continue // later routes need what these take away
		}
		for _, as := range callers {
			as.Do(t, route.Method, w.path(route)+query, bodies[answered%len(bodies)])
			answered++
		}
	}
	for _, path := range []string{"/nothing/" + secret, "/channels/" + secret, "/webhooks/1/" + secret, "/invites/" + secret} {
		w.owner.Do(t, http.MethodGet, path+query, nil)
	}
	logged := w.Logs.Text()
	if n := strings.Count(logged, "msg=answered"); n < answered {
		t.Fatalf("%d lines of the access log for %d requests", n, answered)
	}
	for _, hidden := range []string{secret, credential(w.owner), credential(w.bot)} {
		for line := range strings.Lines(logged) {
			if strings.Contains(line, hidden) {
				t.Errorf("logged: %s", line)
				break
			}
		}
	}
}

// credential is what a client logs in with, without its scheme.
func credential(c *apitest.Client) string {
	_, token, found := strings.Cut(c.Authorization, " ")
	if !found {
		return c.Authorization
	}
	return token
}
