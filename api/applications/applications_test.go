package applications_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/applications"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/users"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

func newWorld(t *testing.T) *apitest.World {
	return apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(
			applications.New(w.Store, w.Authenticator).Routes(),
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			users.New(w.Store, w.Presences).Routes(),
		)
	})
}

func newApplication(t *testing.T, owner *apitest.Client) (app discord.Application, path string) {
	t.Helper()
	owner.Must(t, http.MethodPost, "/applications", map[string]any{"name": "Helper"}, &app)
	return app, "/applications/" + app.ID.String()
}

// newBot makes an application with a bot and returns a client with the bot's token.
func newBot(t *testing.T, w *apitest.World, owner *apitest.Client) (bot *apitest.Client, app discord.Application, path string) {
	t.Helper()
	app, path = newApplication(t, owner)
	var made struct {
		ID    snowflake.ID `json:"id"`
		Token string       `json:"token"`
		Bot   bool         `json:"bot"`
	}
	owner.Must(t, http.MethodPost, path+"/bot", map[string]any{}, &made)
	if !made.Bot || made.Token == "" {
		t.Fatalf("%+v", made)
	}
	bot = w.Anyone()
	bot.ID, bot.Authorization = made.ID, "Bot "+made.Token
	return bot, app, path
}

func TestApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	app, path := newApplication(t, owner)
	if key, err := hex.DecodeString(app.VerifyKey); err != nil || len(key) != ed25519.PublicKeySize {
		t.Errorf("verify_key %q", app.VerifyKey)
	}
	if app.Owner.ID != owner.ID || app.Bot != nil || !app.BotPublic || app.Tags == nil || app.RedirectURIs == nil {
		t.Errorf("%+v", app)
	}
	other, _ := newApplication(t, owner)
	if other.VerifyKey == app.VerifyKey {
		t.Error("two applications have one key")
	}
	var got discord.Application
	owner.Must(t, http.MethodPatch, path, map[string]any{
		"name": "Other", "description": "does things", "tags": []string{"a", "b"}, "bot_public": false, "flags": 1<<13 | 1<<15 | 1<<19 | 1<<6,
	}, &got)
	owner.Must(t, http.MethodGet, path, nil, &got)
	if got.Name != "Other" || got.Description != "does things" || !slices.Equal(got.Tags, []string{"a", "b"}) || got.BotPublic ||
		got.Flags != 1<<13|1<<15|1<<19 || got.FlagsNew != "565248" {
		t.Errorf("%+v", got)
	}
	owner.Must(t, http.MethodPatch, path, map[string]any{"description": map[string]any{"default": "objects too"}, "flags": 0}, &got)
	if got.Description != "objects too" || got.Flags != 0 || got.Name != "Other" {
		t.Errorf("%+v", got)
	}
	var list []discord.Application
	owner.Must(t, http.MethodGet, "/applications", nil, &list)
	if len(list) != 2 || list[0].ID != app.ID || list[1].ID != other.ID {
		t.Errorf("%+v", list)
	}
}

func TestApplicationsAreTheirOwners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, stranger := w.User(t), w.User(t)
	bot, _, path := newBot(t, w, owner)
	foreign, _, _ := newBot(t, w, stranger)
	for _, c := range []*apitest.Client{stranger, foreign} {
		c.Fails(t, http.MethodGet, path, nil, discord.ErrUnknownApplication)
		c.Fails(t, http.MethodPatch, path, map[string]any{"description": "x"}, discord.ErrUnknownApplication)
	}
	stranger.Fails(t, http.MethodPost, path+"/bot", nil, discord.ErrUnknownApplication)
	stranger.Fails(t, http.MethodPost, path+"/bot/reset", nil, discord.ErrUnknownApplication)
	bot.Fails(t, http.MethodPost, path+"/bot/reset", nil, discord.ErrBotsForbidden)
	owner.Fails(t, http.MethodGet, "/applications/1", nil, discord.ErrUnknownApplication)
	owner.Fails(t, http.MethodGet, "/applications/@me", nil, discord.ErrOnlyBots)

	var app discord.Application
	for _, mine := range []string{"/applications/@me", "/oauth2/applications/@me", path} {
		bot.Must(t, http.MethodGet, mine, nil, &app)
		if app.Bot == nil || app.Bot.ID != bot.ID || app.Owner.ID != owner.ID {
			t.Errorf("%s: %+v", mine, app)
		}
	}
	bot.Must(t, http.MethodPatch, "/applications/@me", map[string]any{"description": "by itself", "name": "No"}, &app)
	if app.Description != "by itself" || app.Name != "Helper" {
		t.Errorf("%+v", app)
	}
}

func TestApplicationsAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	_, path := newApplication(t, owner)
	for name, body := range map[string]map[string]any{
		"short": {"name": "a"}, "long": {"name": strings.Repeat("a", 33)}, "description": {"description": strings.Repeat("a", 401)},
		"tags": {"tags": []string{"1", "2", "3", "4", "5", "6"}}, "tag": {"tags": []string{strings.Repeat("a", 21)}},
		"twice": {"tags": []string{"a", "a"}}, "icon": {"icon": "x"}, "flags": {"flags": "many"},
	} {
		if answer := owner.Do(t, http.MethodPatch, path, body); answer.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
	owner.Fails(t, http.MethodPost, "/applications", map[string]any{}, discord.ErrInvalidForm)
	w.Exec(t, `insert into applications (id, owner_id, name, sign_key)
		select n, $1, 'x', decode(repeat('00', 32), 'hex') from generate_series(1, 74) n`, owner.ID)
	owner.Fails(t, http.MethodPost, "/applications", map[string]any{"name": "one more"}, discord.ErrTooManyApps)
}

func TestBotTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	_, bare := newApplication(t, owner)
	owner.Fails(t, http.MethodPost, bare+"/bot/reset", nil, discord.ErrNoBot)

	bot, app, path := newBot(t, w, owner)
	var me discord.SelfUser
	bot.Must(t, http.MethodGet, "/users/@me", nil, &me)
	if me.ID != bot.ID || me.ID != app.ID || !me.Bot || me.Username != app.Name || !me.Verified {
		t.Errorf("%+v", me)
	}
	var again map[string]any
	owner.Must(t, http.MethodPost, path+"/bot", nil, &again)
	if again["id"] != bot.ID.String() || again["token"] != nil {
		t.Errorf("a second bot: %v", again)
	}
	var reset struct {
		Token string `json:"token"`
	}
	before := w.Seq(t, bot.ID)
	owner.Must(t, http.MethodPost, path+"/bot/reset", nil, &reset)
	bot.Fails(t, http.MethodGet, "/users/@me", nil, discord.ErrUnauthorized)
	bot.Authorization = "Bot " + reset.Token
	bot.Must(t, http.MethodGet, "/users/@me", nil, nil)
	if evs := w.Events(t, bot.ID, before); len(evs) != 1 || evs[0].Head.Type != events.CredentialsChanged {
		t.Errorf("the gateway was told %+v", evs)
	}
}
