package accounts

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/internal/discord"
)

func verified(t *testing.T, p person) bool {
	t.Helper()
	var me discord.SelfUser
	p.Must(t, http.MethodGet, "/users/@me", nil, &me)
	return me.Verified
}

func verify(t *testing.T, w *apitest.World, token string) apitest.Answer {
	t.Helper()
	return w.Anyone().Do(t, http.MethodPost, "/auth/verify", map[string]any{"token": token})
}

func TestVerify(t *testing.T) {
	t.Parallel()
	w, mails := newWorld(t)
	p := register(t, w)
	token := mails.link(t, p.email)
	var got entry
	w.Anyone().Must(t, http.MethodPost, "/auth/verify", map[string]any{"token": token}, &got)
	if !verified(t, p) || !verified(t, as(w, got, p.email)) || got.UserID != p.ID {
		t.Error("not verified")
	}
	if answer := verify(t, w, token); answer.Status != http.StatusUnauthorized {
		t.Errorf("again: %d %s", answer.Status, answer.Body)
	}
	if n := told(t, w, p.ID, discord.EventUserUpdate); n != 1 {
		t.Errorf("%d USER_UPDATE", n)
	}
	p.Must(t, http.MethodPost, "/auth/verify/resend", map[string]any{}, nil)
	if len(mails) != 0 {
		t.Error("a mail for who is verified")
	}
}

func TestOnlyTheLastLinkWorks(t *testing.T) {
	t.Parallel()
	w, mails := newWorld(t)
	p := register(t, w)
	first := mails.link(t, p.email)
	p.Must(t, http.MethodPost, "/auth/verify/resend", map[string]any{}, nil)
	second := mails.link(t, p.email)
	if answer := verify(t, w, first); answer.Status != http.StatusUnauthorized || verified(t, p) {
		t.Errorf("the first: %d %s", answer.Status, answer.Body)
	}
	w.Exec(t, `update email_verifications set expires_at = now() - interval '1 second'`)
	if answer := verify(t, w, second); answer.Status != http.StatusUnauthorized || verified(t, p) {
		t.Errorf("too late: %d %s", answer.Status, answer.Body)
	}
}

func TestVerifyInABrowser(t *testing.T) {
	t.Parallel()
	w, mails := newWorld(t)
	p := register(t, w)
	token := mails.link(t, p.email)
	browser := w.Anyone()
	browser.Header = http.Header{"Accept": {"text/html,application/xhtml+xml"}}

	page := browser.Do(t, http.MethodGet, "/auth/verify?token="+url.QueryEscape(token), nil)
	if page.Status != http.StatusOK || !strings.Contains(string(page.Body), token) || verified(t, p) {
		t.Fatalf("%d %s", page.Status, page.Body)
	}
	evil := browser.Do(t, http.MethodGet, "/auth/verify?token="+url.QueryEscape(`"><script>`), nil)
	if strings.Contains(string(evil.Body), "<script>") {
		t.Errorf("%s", evil.Body)
	}
	browser.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	post := browser.Do(t, http.MethodPost, "/auth/verify", []byte("token="+url.QueryEscape(token)))
	if post.Status != http.StatusOK || !verified(t, p) || strings.Contains(string(post.Body), "refresh_token") {
		t.Errorf("%d %s", post.Status, post.Body)
	}
}
