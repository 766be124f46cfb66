package accounts

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/mail"
	"guildhall.chat/guildhall/api/users"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/ratelimit"
	"guildhall.chat/guildhall/internal/snowflake"
)

// outbox keeps the mails that were queued.
type outbox chan mail.Message

func (o outbox) Send(m mail.Message) error {
	o <- m
	return nil
}

// link returns the token in the next mail to an address.
func (o outbox) link(t *testing.T, to string) string {
	t.Helper()
	m := <-o
	_, rest, found := strings.Cut(m.Text, "/auth/verify?token=")
	if m.To != to || !found {
		t.Fatalf("mail to %s: %s", m.To, m.Text)
	}
	token, err := url.QueryUnescape(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func newWorld(t *testing.T) (*apitest.World, outbox) {
	t.Helper()
	return newWorldWith(t, Open)
}

func newWorldWith(t *testing.T, registration Policy) (*apitest.World, outbox) {
	t.Helper()
	mails := make(outbox, 100)
	w := apitest.New(t, func(w *apitest.World) []call.Route {
		h := New(Config{
			Store: w.Store, Authenticator: w.Authenticator, Keys: w.Keys, Passwords: auth.NewPasswords(2),
			Limiter: ratelimit.New(w.Redis, slog.New(slog.DiscardHandler)), Mailer: mails, PublicURL: "http://example.com/",
			Registration: registration, Clock: clock,
		})
		return append(h.Routes(), users.New(w.Store, w.Presences).Routes()...)
	})
	return w, mails
}

var counter atomic.Int64

const goodPassword = "correct horse"

// newForm is a registration that is in order; the name is not taken.
func newForm() map[string]any {
	name := "person" + strconv.FormatInt(counter.Add(1), 10)
	return map[string]any{"username": name, "email": name + "@example.com", "password": goodPassword,
		"date_of_birth": "2000-02-29", "consent": true}
}

type person struct {
	*apitest.Client
	email   string
	refresh string
}

func register(t *testing.T, w *apitest.World) person {
	t.Helper()
	body := newForm()
	var got entry
	w.Anyone().Must(t, http.MethodPost, "/auth/register", body, &got)
	return as(w, got, body["email"].(string))
}

func as(w *apitest.World, got entry, email string) person {
	client := w.Anyone()
	client.ID, client.Authorization = got.UserID, got.Token
	return person{client, email, got.RefreshToken}
}

func login(t *testing.T, w *apitest.World, email string) person {
	t.Helper()
	var got entry
	w.Anyone().Must(t, http.MethodPost, "/auth/login", map[string]any{"login": email, "password": goodPassword}, &got)
	return as(w, got, email)
}

// in and out say whether a client's access token is good.
func in(t *testing.T, p person) {
	t.Helper()
	p.Must(t, http.MethodGet, "/users/@me", nil, nil)
}

func out(t *testing.T, p person) {
	t.Helper()
	p.Fails(t, http.MethodGet, "/users/@me", nil, discord.ErrUnauthorized)
}

// problems are the codes of a form error by field.
func problems(t *testing.T, a apitest.Answer) map[string]string {
	t.Helper()
	var got struct {
		Code   int `json:"code"`
		Errors map[string]struct {
			Errors []discord.FieldProblem `json:"_errors"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(a.Body, &got); err != nil || a.Status != http.StatusBadRequest || got.Code != discord.ErrInvalidForm.Code {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	codes := map[string]string{}
	for field, list := range got.Errors {
		codes[field] = list.Errors[0].Code
	}
	return codes
}

// told counts the events of a type in a user's log.
func told(t *testing.T, w *apitest.World, user snowflake.ID, kind string) (n int) {
	t.Helper()
	for _, e := range w.Events(t, user, 0) {
		if e.Head.Type == kind {
			n++
		}
	}
	return n
}

const ended = events.CredentialsChanged
