package oauth2_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
)

func TestLinksAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	_, made, _ := newBot(t, w, owner)
	a := w.newApp(t, owner)
	public := w.newPublicApp(t, owner)
	bot, id := made.ID.String(), a.id.String()
	good := "&response_type=code&redirect_uri=" + url.QueryEscape(callback)
	for query, want := range map[string]*discord.Error{
		"":                                     discord.ErrInvalidForm,
		"client_id=x&scope=bot":                discord.ErrInvalidForm,
		"client_id=1&scope=bot":                discord.ErrUnknownApplication,
		"client_id=" + bot:                     discord.ErrMissingScope,
		"client_id=" + bot + "&scope=identify": discord.ErrInvalidForm, // and no response_type
		"client_id=" + bot + "&scope=bot+rpc":  discord.ErrInvalidForm,
		"client_id=" + bot + "&scope=bot&guild_id=x":                                                                      discord.ErrInvalidForm,
		"client_id=" + bot + "&scope=bot&permissions=-1":                                                                  discord.ErrInvalidForm,
		"client_id=" + bot + "&scope=bot&integration_type=1":                                                              discord.ErrInvalidForm,
		"client_id=" + bot + "&scope=bot&integration_type=2":                                                              discord.ErrInvalidForm,
		"client_id=" + id + "&scope=bot":                                                                                  discord.ErrNoBot,
		"client_id=" + id + "&scope=applications.commands&integration_type=1":                                             discord.ErrInvalidForm, // not configured
		"client_id=" + id + "&scope=identify&response_type=code&redirect_uri=" + url.QueryEscape(callback+"/"):            discord.ErrInvalidForm,
		"client_id=" + id + "&scope=identify&response_type=code&redirect_uri=" + url.QueryEscape("https://evil.example/"): discord.ErrInvalidForm,
		"client_id=" + id + "&scope=identify&response_type=id_token":                                                      discord.ErrInvalidForm,
		"client_id=" + id + "&client_id=" + bot + "&scope=identify" + good:                                                discord.ErrInvalidForm,
		"client_id=" + id + "&scope=identify&code_challenge=x" + good:                                                     discord.ErrInvalidForm,
		"client_id=" + id + "&scope=identify&code_challenge_method=S512&code_challenge=" + strings.Repeat("x", 43) + good: discord.ErrInvalidForm,
		"client_id=" + id + "&scope=identify&state=" + strings.Repeat("x", 2049) + good:                                   discord.ErrInvalidForm,
		"client_id=" + public.id.String() + "&scope=identify" + good:                                                      discord.ErrInvalidForm, // no PKCE
	} {
		owner.Fails(t, http.MethodGet, "/oauth2/authorize?"+query, nil, want)
		owner.Fails(t, http.MethodPost, "/oauth2/authorize?"+query, yes(1), want)
	}
	owner.Fails(t, http.MethodPost, link(made, 0), map[string]any{"authorize": true}, discord.ErrInvalidForm)
	w.Anyone().Fails(t, http.MethodGet, link(made, 0), nil, discord.ErrUnauthorized)

	var denied struct {
		Location string `json:"location"`
	}
	owner.Must(t, http.MethodPost, link(made, 0), map[string]any{"guild_id": "1"}, &denied)
	if !strings.HasPrefix(denied.Location, w.url+"/oauth2/authorized?error=access_denied") {
		t.Errorf("location %q", denied.Location)
	}
	owner.Must(t, http.MethodPost, "/oauth2/authorize?client_id="+id+"&scope=identify&state=s"+good, map[string]any{"authorize": false}, &denied)
	if got, _ := url.Parse(denied.Location); got.Host != "client.example" || got.Query().Get("error") != "access_denied" || got.Query().Get("state") != "s" {
		t.Errorf("location %q", denied.Location)
	}
}

func TestGuildsCanBeFixed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	_, made, _ := newBot(t, w, owner)
	one, two := newGuild(t, owner), newGuild(t, owner)
	fixed := link(made, 0) + "&disable_guild_select=true&guild_id=" + one.ID.String()
	owner.Fails(t, http.MethodPost, fixed, yes(two.ID), discord.ErrInvalidForm)
	owner.Must(t, http.MethodPost, fixed, yes(one.ID), nil)
}

func TestUserInstall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, user := w.User(t), w.User(t)
	a := w.newApp(t, owner)
	owner.Must(t, http.MethodPatch, a.path, map[string]any{
		"integration_types_config": map[string]any{"0": nil, "1": map[string]any{
			"oauth2_install_params": map[string]any{"scopes": []string{"applications.commands"}, "permissions": "0"},
		}},
	}, nil)
	q := "/oauth2/authorize?scope=applications.commands&integration_type=1&client_id=" + a.id.String()
	user.Must(t, http.MethodPost, q, map[string]any{"authorize": true}, nil)
	var seen discord.Application
	owner.Must(t, http.MethodGet, a.path, nil, &seen)
	if seen.ApproximateUserInstallCount != 1 || seen.ApproximateUserAuthorizationCount != 1 || !seen.Installs(1) {
		t.Errorf("%+v", seen)
	}
}
