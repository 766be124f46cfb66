package accounts

import (
	"net/http"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
)

func TestADisabledAccountComesBack(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p := register(t, w)
	p.Fails(t, http.MethodPost, "/users/@me/disable", map[string]any{"password": "wrong one"}, discord.ErrInvalidForm)
	in(t, p)
	p.Must(t, http.MethodPost, "/users/@me/disable", map[string]any{"password": goodPassword}, nil)
	out(t, p)
	credentials := map[string]any{"login": p.email, "password": goodPassword}
	w.Anyone().Fails(t, http.MethodPost, "/auth/login", credentials, discord.ErrAccountDisabled)
	credentials["undelete"] = true
	w.Anyone().Must(t, http.MethodPost, "/auth/login", credentials, nil)
	login(t, w, p.email)
}

func TestADeletedAccountIsNobody(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p, other := register(t, w), register(t, w)
	p.Must(t, http.MethodPost, "/users/@me/delete", map[string]any{"password": goodPassword}, nil)
	out(t, p)
	answer := w.Anyone().Do(t, http.MethodPost, "/auth/login", map[string]any{"login": p.email, "password": goodPassword, "undelete": true})
	if problems(t, answer)["login"] != "INVALID_LOGIN" {
		t.Errorf("%s", answer.Body)
	}
	var left discord.User
	other.Must(t, http.MethodGet, "/users/"+p.ID.String(), nil, &left)
	if left.GlobalName == nil || *left.GlobalName != "Deleted User" || !strings.HasPrefix(left.Username, "deleted_user_") {
		t.Errorf("%+v", left)
	}
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	phone := register(t, w)
	laptop := login(t, w, phone.email)
	var list struct {
		Sessions []session `json:"user_sessions"`
	}
	laptop.Must(t, http.MethodGet, "/auth/sessions", nil, &list)
	if len(list.Sessions) != 2 {
		t.Fatalf("%+v", list)
	}
	path := "/auth/sessions/logout"
	laptop.Fails(t, http.MethodPost, path, map[string]any{"session_id_hashes": []string{list.Sessions[1].Hash}, "password": "wrong one"}, discord.ErrInvalidForm)
	laptop.Fails(t, http.MethodPost, path, map[string]any{"session_id_hashes": []string{"x"}, "password": goodPassword}, discord.ErrUnknownSession)
	stranger := register(t, w)
	stranger.Fails(t, http.MethodPost, path, map[string]any{"session_id_hashes": []string{list.Sessions[1].Hash}, "password": goodPassword}, discord.ErrUnknownSession)
	laptop.Must(t, http.MethodPost, path, map[string]any{"session_id_hashes": []string{list.Sessions[1].Hash}, "password": goodPassword}, nil)
	out(t, phone)
	in(t, laptop)
}

func TestAForgottenPasswordIsReplaced(t *testing.T) {
	t.Parallel()
	w, mails := newWorld(t)
	p := register(t, w)
	mails.link(t, p.email) // that which verifies the address
	w.Anyone().Must(t, http.MethodPost, "/auth/forgot", map[string]any{"login": "nobody@example.com"}, nil)
	w.Anyone().Must(t, http.MethodPost, "/auth/forgot", map[string]any{"login": p.email}, nil)
	m := <-mails
	_, rest, found := strings.Cut(m.Text, "/auth/reset?token=")
	if !found || m.To != p.email {
		t.Fatalf("%+v", m)
	}
	token := strings.Fields(rest)[0]
	w.Anyone().Fails(t, http.MethodPost, "/auth/reset", map[string]any{"token": token, "password": "short"}, discord.ErrInvalidForm)
	w.Anyone().Fails(t, http.MethodPost, "/auth/reset", map[string]any{"token": "x", "password": "battery staple"}, discord.ErrInvalidToken)
	var got entry
	w.Anyone().Must(t, http.MethodPost, "/auth/reset", map[string]any{"token": token, "password": "battery staple"}, &got)
	out(t, p)
	in(t, as(w, got, p.email))
	w.Anyone().Fails(t, http.MethodPost, "/auth/reset", map[string]any{"token": token, "password": "battery staple"}, discord.ErrInvalidToken)
	w.Anyone().Must(t, http.MethodPost, "/auth/login", map[string]any{"login": p.email, "password": "battery staple"}, nil)
}

func TestAForgottenPasswordIsMailedToTheAddressAsItWasRegistered(t *testing.T) {
	t.Parallel()
	w, mails := newWorld(t)
	p := register(t, w)
	mails.link(t, p.email)
	w.Exec(t, `update users set password_hash = null where id = $1`, p.ID) // as an administrator does
	for range forgotBucket.Limit {
		w.Anyone().Must(t, http.MethodPost, "/auth/forgot", map[string]any{"login": strings.ToUpper(p.email)}, nil)
		if m := <-mails; m.To != p.email {
			t.Errorf("mail to %s", m.To)
		}
	}
	for _, address := range []string{p.email, strings.ToUpper(p.email)} {
		answer := w.Anyone().Do(t, http.MethodPost, "/auth/forgot", map[string]any{"login": address})
		if answer.Status != http.StatusTooManyRequests || len(mails) != 0 {
			t.Errorf("%d, %d mails", answer.Status, len(mails))
		}
	}
}

func TestUsernamesMayBeTaken(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p := register(t, w)
	var self discord.SelfUser
	p.Must(t, http.MethodGet, "/users/@me", nil, &self)
	try := "/unique-username/username-attempt-unauthed"
	for name, taken := range map[string]bool{strings.ToUpper(self.Username): true, "somebody_new": false} {
		var got struct{ Taken bool }
		if w.Anyone().Must(t, http.MethodPost, try, map[string]any{"username": name}, &got); got.Taken != taken {
			t.Errorf("%s: %v", name, got.Taken)
		}
	}
	w.Anyone().Fails(t, http.MethodPost, try, map[string]any{"username": "not one!"}, discord.ErrInvalidForm)
	var got struct{ Username string }
	w.Anyone().Must(t, http.MethodGet, "/unique-username/username-suggestions-unauthed?global_name="+self.Username, nil, &got)
	if got.Username == "" || got.Username == self.Username {
		t.Errorf("%q", got.Username)
	}
}
