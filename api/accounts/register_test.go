package accounts

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

func TestRegister(t *testing.T) {
	t.Parallel()
	w, mails := newWorld(t)
	body := newForm()
	body["username"] = strings.ToUpper(body["username"].(string))
	body["global_name"] = "Zoë"
	var got entry
	w.Anyone().Must(t, http.MethodPost, "/auth/register", body, &got)
	if got.Token == "" || got.RefreshToken == "" || got.ExpiresIn != 900 || got.UserID == 0 {
		t.Fatalf("%+v", got)
	}
	p := as(w, got, body["email"].(string))
	var me discord.SelfUser
	p.Must(t, http.MethodGet, "/users/@me", nil, &me)
	if me.ID != got.UserID || me.Username != strings.ToLower(body["username"].(string)) || me.GlobalName == nil ||
		*me.GlobalName != "Zoë" || me.Verified || me.Email == nil || *me.Email != p.email || me.Bot {
		t.Errorf("%+v", me)
	}
	mails.link(t, p.email)
	in(t, login(t, w, strings.ToUpper(p.email)))
}

func TestRegisterTellsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	for name, tt := range map[string]struct {
		change map[string]any
		want   map[string]string
	}{
		"everything is missing": {
			map[string]any{"username": nil, "email": nil, "password": nil, "date_of_birth": nil, "consent": nil},
			map[string]string{"username": "BASE_TYPE_REQUIRED", "email": "BASE_TYPE_REQUIRED", "password": "BASE_TYPE_REQUIRED",
				"date_of_birth": "BASE_TYPE_REQUIRED", "consent": "CONSENT_REQUIRED"},
		},
		"short":       {map[string]any{"username": "a", "password": "1234567"}, map[string]string{"username": "BASE_TYPE_BAD_LENGTH", "password": "BASE_TYPE_BAD_LENGTH"}},
		"long":        {map[string]any{"username": strings.Repeat("a", 33), "password": strings.Repeat("ä", 73)}, map[string]string{"username": "BASE_TYPE_BAD_LENGTH", "password": "BASE_TYPE_BAD_LENGTH"}},
		"characters":  {map[string]any{"username": "a b"}, map[string]string{"username": "USERNAME_INVALID_CHARACTERS"}},
		"homoglyph":   {map[string]any{"username": "аdmin"}, map[string]string{"username": "USERNAME_INVALID_CHARACTERS"}},
		"periods":     {map[string]any{"username": "a..b"}, map[string]string{"username": "USERNAME_INVALID_CHARACTERS"}},
		"reserved":    {map[string]any{"username": "Everyone"}, map[string]string{"username": "USERNAME_INVALID_CONTAINS"}},
		"bad address": {map[string]any{"email": "a@b.c\r\nBcc: d@e.f"}, map[string]string{"email": "EMAIL_TYPE_INVALID_EMAIL"}},
		"a child":     {map[string]any{"date_of_birth": "2025-01-01"}, map[string]string{"date_of_birth": "DATE_OF_BIRTH_UNDERAGE"}},
		"no date":     {map[string]any{"date_of_birth": "29.02.2000"}, map[string]string{"date_of_birth": "DATE_OF_BIRTH_INVALID"}},
		"refusal":     {map[string]any{"consent": false}, map[string]string{"consent": "CONSENT_REQUIRED"}},
		"a type":      {map[string]any{"username": 5}, map[string]string{"username": "BASE_TYPE_INVALID"}},
		"bad display": {map[string]any{"global_name": "a\u202eb"}, map[string]string{"global_name": "BASE_TYPE_BAD_VALUE"}},
	} {
		body := newForm()
		maps.Copy(body, tt.change)
		if got := problems(t, w.Anyone().Do(t, http.MethodPost, "/auth/register", body)); !maps.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	longest := newForm()
	longest["password"] = strings.Repeat("ä", 72)
	w.Anyone().Must(t, http.MethodPost, "/auth/register", longest, nil)
}

func TestAPasswordIsTriedBeforeItIsChosen(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	for password, want := range map[string]bool{"": false, "1234567": false, "12345678": true, strings.Repeat("ä", 72): true, strings.Repeat("ä", 73): false} {
		var got struct{ Valid bool }
		w.Anyone().Must(t, http.MethodPost, "/auth/password/validate", map[string]any{"password": password}, &got)
		if got.Valid != want {
			t.Errorf("%q: %t", password, got.Valid)
		}
	}
}

func TestNamesAndAddressesAreUnique(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	first := newForm()
	w.Anyone().Must(t, http.MethodPost, "/auth/register", first, nil)

	second := newForm()
	second["email"] = strings.ToUpper(first["email"].(string))
	if got := problems(t, w.Anyone().Do(t, http.MethodPost, "/auth/register", second)); got["email"] != "EMAIL_ALREADY_REGISTERED" {
		t.Errorf("the same address: %v", got)
	}
	third := newForm()
	third["username"] = strings.ToUpper(first["username"].(string))
	if got := problems(t, w.Anyone().Do(t, http.MethodPost, "/auth/register", third)); got["username"] != "USERNAME_ALREADY_TAKEN" {
		t.Errorf("the same name: %v", got)
	}
}

func TestRegistrationWithAnInviteThatIsNone(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	body := newForm()
	body["invite"] = "nothing"
	w.Anyone().Fails(t, http.MethodPost, "/auth/register", body, discord.ErrUnknownInvite)
	delete(body, "invite")
	w.Anyone().Must(t, http.MethodPost, "/auth/register", body, nil) // nothing of the first attempt is left
}

func TestRegistrationByInvitation(t *testing.T) {
	t.Parallel()
	w, _ := newWorldWith(t, ByInvitation)
	refused := w.Anyone().Do(t, http.MethodPost, "/auth/register", newForm())
	if got := problems(t, refused); got["invite"] != "INVITE_REQUIRED" {
		t.Errorf("%v", got)
	}
	invited := func(code string) map[string]any {
		body := newForm()
		body["invite"] = code
		return body
	}
	w.Anyone().Fails(t, http.MethodPost, "/auth/register", invited("nonesuch"), discord.ErrUnknownInvite)
	_, err := w.Store.CreateInvitation(t.Context(), store.Invitation{Code: "comein", MaxUses: 1, ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	// A registration that fails does not use it up.
	short := invited("comein")
	short["password"] = "short"
	problems(t, w.Anyone().Do(t, http.MethodPost, "/auth/register", short))
	w.Anyone().Must(t, http.MethodPost, "/auth/register", invited("comein"), nil)
	w.Anyone().Fails(t, http.MethodPost, "/auth/register", invited("comein"), discord.ErrUnknownInvite)

	_, err = w.Store.CreateInvitation(t.Context(), store.Invitation{Code: "late", MaxUses: 9, ExpiresAt: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	w.Anyone().Fails(t, http.MethodPost, "/auth/register", invited("late"), discord.ErrUnknownInvite)
}

func TestClosedRegistration(t *testing.T) {
	t.Parallel()
	w, _ := newWorldWith(t, Closed)
	w.Anyone().Fails(t, http.MethodPost, "/auth/register", newForm(), discord.ErrRegistrationClosed)
}
