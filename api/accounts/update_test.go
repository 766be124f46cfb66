package accounts

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
)

// dot is a PNG of one pixel.
const dot = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

func TestUpdate(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p := register(t, w)
	var got discord.SelfUser
	p.Must(t, http.MethodPatch, "/users/@me", map[string]any{
		"username": "New.Name_1", "global_name": "New", "avatar": dot, "accent_color": 0xff0000, "bio": "hello",
	}, &got)
	if got.Username != "new.name_1" || *got.GlobalName != "New" || len(*got.Avatar) != 32 || *got.AccentColor != 0xff0000 || got.Bio != "hello" {
		t.Errorf("%+v", got)
	}
	var me discord.SelfUser
	p.Must(t, http.MethodGet, "/users/@me", nil, &me)
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(me)
	if string(a) != string(b) {
		t.Errorf("%s is kept, %s was told", b, a)
	}
	p.Must(t, http.MethodPatch, "/users/@me", map[string]any{"avatar": nil, "global_name": nil, "accent_color": nil}, &got)
	p.Must(t, http.MethodGet, "/users/@me", nil, &me)
	if me.Avatar != nil || me.GlobalName != nil || me.AccentColor != nil || me.Bio != "hello" || me.Username != "new.name_1" {
		t.Errorf("%+v", me)
	}
	if n := told(t, w, p.ID, discord.EventUserUpdate); n != 2 {
		t.Errorf("%d USER_UPDATE", n)
	}
}

func TestUpdateIsChecked(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p, other := register(t, w), newForm()
	w.Anyone().Must(t, http.MethodPost, "/auth/register", other, nil)
	for field, value := range map[string]any{
		"username": other["username"], "avatar": "data:image/png;base64,AAAA", "banner": "http://example.com/a.png",
		"global_name": strings.Repeat("a", 33), "bio": strings.Repeat("ä", 191), "accent_color": 1 << 24, "locale": "xx",
	} {
		got := problems(t, p.Do(t, http.MethodPatch, "/users/@me", map[string]any{field: value}))
		if len(got) != 1 || got[field] == "" {
			t.Errorf("%s: %v", field, got)
		}
	}
}

func TestABotChangesItsNameAndAvatar(t *testing.T) {
	t.Parallel()
	w, mails := newWorld(t)
	bot := w.Bot(t, register(t, w).Client, 0)
	for len(mails) > 0 {
		<-mails
	}
	var got discord.SelfUser
	bot.Must(t, http.MethodPatch, "/users/@me", map[string]any{
		"username": "Ünicode Bot", "avatar": dot, "email": "bot@example.com", "new_password": "a new password", "global_name": "x",
	}, &got)
	if got.Username != "Ünicode Bot" || got.Avatar == nil || got.Email != nil || got.GlobalName != nil || !got.Verified || len(mails) != 0 {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{"a", "everyone", "a@b", "a:b", " a ", strings.Repeat("ä", 33)} {
		if got := problems(t, bot.Do(t, http.MethodPatch, "/users/@me", map[string]any{"username": name})); got["username"] == "" {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestANewPasswordEndsAllLogins(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p := register(t, w)
	thief := login(t, w, p.email)
	in(t, thief)

	for _, password := range []any{nil, "", "wrong password"} {
		got := problems(t, p.Do(t, http.MethodPatch, "/users/@me", map[string]any{"new_password": "a new password", "password": password}))
		if got["password"] != "PASSWORD_DOES_NOT_MATCH" {
			t.Errorf("with %v: %v", password, got)
		}
	}
	in(t, thief)

	var got struct {
		ID           string `json:"id"`
		Token        string `json:"token"`
		RefreshToken string `json:"refresh_token"`
	}
	p.Must(t, http.MethodPatch, "/users/@me", map[string]any{"password": goodPassword, "new_password": "a new password"}, &got)
	out(t, thief)
	out(t, p)
	for _, old := range []person{thief, p} {
		if answer := refresh(t, w, old.refresh); answer.Status != http.StatusUnauthorized {
			t.Errorf("%d %s", answer.Status, answer.Body)
		}
	}
	p.Authorization, p.refresh = got.Token, got.RefreshToken
	in(t, p)
	in(t, mustRefresh(t, w, p))
	if answer := w.Anyone().Do(t, http.MethodPost, "/auth/login", map[string]any{"login": p.email, "password": goodPassword}); answer.Status != http.StatusBadRequest {
		t.Errorf("with the old password: %d %s", answer.Status, answer.Body)
	}
	w.Anyone().Must(t, http.MethodPost, "/auth/login", map[string]any{"login": p.email, "password": "a new password"}, nil)
	if n := told(t, w, p.ID, ended); n != 1 {
		t.Errorf("the gateway was told %d times", n)
	}
}

func TestANewAddressHasToBeVerified(t *testing.T) {
	t.Parallel()
	w, mails := newWorld(t)
	p := register(t, w)
	verify(t, w, mails.link(t, p.email))
	if got := problems(t, p.Do(t, http.MethodPatch, "/users/@me", map[string]any{"email": "new@example.com"})); got["password"] == "" {
		t.Errorf("without password: %v", got)
	}
	p.Must(t, http.MethodPatch, "/users/@me", map[string]any{"email": p.email, "password": goodPassword}, nil)
	if !verified(t, p) || len(mails) != 0 {
		t.Error("the same address has to be verified again")
	}
	var got map[string]any
	p.Must(t, http.MethodPatch, "/users/@me", map[string]any{"email": "new@example.com", "password": goodPassword}, &got)
	if verified(t, p) || got["token"] != nil {
		t.Errorf("%v", got)
	}
	token := mails.link(t, "new@example.com")
	if notice := <-mails; notice.To != p.email {
		t.Errorf("%+v", notice)
	}
	verify(t, w, token)
	if !verified(t, p) {
		t.Error("not verified")
	}
}
