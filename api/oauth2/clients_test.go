package oauth2_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
)

// The flows, as the libraries of real clients go through them.

func (a *app) config(t *testing.T, scopes ...string) (*oauth2.Config, *oidc.Provider) {
	t.Helper()
	provider, err := oidc.NewProvider(t.Context(), a.url)
	if err != nil {
		t.Fatal(err)
	}
	return &oauth2.Config{
		ClientID: a.id.String(), ClientSecret: a.secret, RedirectURL: callback, Scopes: scopes, Endpoint: provider.Endpoint(),
	}, provider
}

func TestOAuth2Library(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	a := w.newApp(t, w.User(t))
	config, _ := a.config(t, "identify", "guilds")
	verifier := oauth2.GenerateVerifier()
	link, err := url.Parse(config.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)))
	if err != nil {
		t.Fatal(err)
	}
	code := a.authorize(t, user, link.Query(), nil).Get("code")
	for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
		wrong := *config
		wrong.Endpoint.AuthStyle = style
		if _, err := wrong.Exchange(t.Context(), code, oauth2.VerifierOption(oauth2.GenerateVerifier())); err == nil {
			t.Error("a wrong verifier is taken")
		}
	}
	token, err := config.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	token.Expiry = token.Expiry.AddDate(-1, 0, 0) // the library refreshes
	source := config.TokenSource(t.Context(), token)
	next, err := source.Token()
	if err != nil || next.AccessToken == token.AccessToken || next.RefreshToken == token.RefreshToken {
		t.Fatalf("%+v, %v", next, err)
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/api/v10/users/@me", http.NoBody)
	response, err := oauth2.NewClient(t.Context(), source).Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", response, err)
	}
	_ = response.Body.Close()
}

func TestOpenIDConnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	w.Exec(t, `update users set email = 'me@example.com', verified = true, global_name = 'Me' where id = $1`, user.ID)
	a := w.newApp(t, w.User(t))
	config, provider := a.config(t, oidc.ScopeOpenID, "identify", "email")
	link, _ := url.Parse(config.AuthCodeURL("state", oidc.Nonce("n-0S6_WzA2Mj")))
	token, err := config.Exchange(t.Context(), a.authorize(t, user, link.Query(), nil).Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	proven, err := provider.Verifier(&oidc.Config{ClientID: config.ClientID}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
		Nickname string `json:"nickname"`
		AuthTime int64  `json:"auth_time"`
	}
	if err := proven.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if proven.Subject != user.ID.String() || proven.Nonce != "n-0S6_WzA2Mj" || claims.Email != "me@example.com" ||
		!claims.Verified || claims.Nickname != "Me" || claims.AuthTime == 0 {
		t.Errorf("%+v, %+v", proven, claims)
	}
	if _, err := provider.Verifier(&oidc.Config{ClientID: "1"}).Verify(t.Context(), raw); err == nil {
		t.Error("the token is good for another client")
	}
	info, err := provider.UserInfo(t.Context(), config.TokenSource(t.Context(), token))
	if err != nil || info.Subject != user.ID.String() || info.Email != "me@example.com" || !info.EmailVerified {
		t.Errorf("%+v, %v", info, err)
	}

	// Another process signs with the same key.
	var keys struct {
		Keys []map[string]string `json:"keys"`
	}
	w.Anyone().Must(t, http.MethodGet, "/oauth2/keys", nil, &keys)
	if len(keys.Keys) != 1 || keys.Keys[0]["kty"] != "RSA" || keys.Keys[0]["d"] != "" {
		t.Errorf("%v", keys)
	}
	little := a.grant(t, user, "openid")
	sub := map[string]any{}
	w.bearer(little.AccessToken).Must(t, http.MethodGet, "/oauth2/userinfo", nil, &sub)
	if len(sub) != 1 || sub["sub"] != user.ID.String() {
		t.Errorf("more than asked for is told: %v", sub)
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, user, other := w.User(t), w.User(t), w.User(t)
	bot, made, path := newBot(t, w, owner)
	a := &app{world: w, id: made.ID, path: path}
	var reset struct {
		Secret string `json:"secret"`
	}
	owner.Must(t, http.MethodPost, path+"/reset", nil, &reset)
	a.secret = reset.Secret
	g := newGuild(t, owner)
	target := "/guilds/" + g.ID.String() + "/members/" + user.ID.String()
	token := a.grant(t, user, "guilds.join").AccessToken
	body := map[string]any{"access_token": token, "nick": "Guest"}

	bot.Fails(t, http.MethodPut, target, body, discord.ErrMissingAccess)
	owner.Must(t, http.MethodPost, link(made, permissions.CreateInstantInvite|permissions.ManageNicknames), yes(g.ID), nil)
	bot.Fails(t, http.MethodPut, target, map[string]any{"access_token": token, "mute": true}, discord.ErrMissingPermissions)
	bot.Fails(t, http.MethodPut, target, map[string]any{"access_token": token, "roles": []string{"1"}}, discord.ErrMissingPermissions)
	bot.Fails(t, http.MethodPut, target, map[string]any{}, discord.ErrInvalidForm)
	bot.Fails(t, http.MethodPut, target, map[string]any{"access_token": "x"}, discord.ErrOAuth2Token)
	bot.Fails(t, http.MethodPut, target, map[string]any{"access_token": a.grant(t, user, "identify").AccessToken}, discord.ErrScopeNeeded)
	bot.Fails(t, http.MethodPut, target, map[string]any{"access_token": a.grant(t, other, "guilds.join").AccessToken}, discord.ErrOAuth2Token)
	stranger := w.newApp(t, owner)
	bot.Fails(t, http.MethodPut, target, map[string]any{"access_token": stranger.grant(t, user, "guilds.join").AccessToken}, discord.ErrOAuth2Token)
	owner.Fails(t, http.MethodPut, target, body, discord.ErrOnlyBots)

	w.Exec(t, `insert into bans (guild_id, user_id) values ($1, $2)`, g.ID, user.ID)
	bot.Fails(t, http.MethodPut, target, body, discord.ErrBannedFromGuild)
	w.Exec(t, `delete from bans`)
	var member discord.Member
	if answer := bot.Do(t, http.MethodPut, target, body); answer.Status != http.StatusCreated {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	if answer := bot.Do(t, http.MethodPut, target, body); answer.Status != http.StatusNoContent {
		t.Errorf("a member already: %d %s", answer.Status, answer.Body)
	}
	reader := w.bearer(a.grant(t, user, "guilds.members.read").AccessToken)
	reader.Must(t, http.MethodGet, "/users/@me/guilds/"+g.ID.String()+"/member", nil, &member)
	if member.Nick == nil || *member.Nick != "Guest" || member.User.ID != user.ID {
		t.Errorf("%+v", member)
	}
	reader.Fails(t, http.MethodGet, "/users/@me/guilds/1/member", nil, discord.ErrUnknownGuild)
	bot.Fails(t, http.MethodGet, "/users/@me/guilds/"+g.ID.String()+"/member", nil, discord.ErrBotsForbidden)
}

func TestCodeGrantAddsTheBotWithTheExchange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	bot, made, path := newBot(t, w, owner)
	owner.Must(t, http.MethodPatch, path, map[string]any{"bot_require_code_grant": true}, nil)
	owner.Fails(t, http.MethodPost, link(made, 8), yes(1), discord.ErrInvalidForm)
	var reset struct {
		Secret string `json:"secret"`
	}
	owner.Must(t, http.MethodPost, path+"/reset", nil, &reset)
	a := &app{world: w, id: made.ID, path: path, secret: reset.Secret}
	g := newGuild(t, owner)
	got := a.authorize(t, owner, url.Values{"scope": {"bot identify"}, "permissions": {"8"}}, yes(g.ID))
	if got.Get("guild_id") != g.ID.String() || got.Get("permissions") != "8" {
		t.Errorf("%v", got)
	}
	bot.Fails(t, http.MethodGet, "/guilds/"+g.ID.String(), nil, discord.ErrMissingAccess)
	answer := a.exchange(t, got.Get("code"), nil)
	if answer.Guild == nil || answer.Guild.ID != g.ID {
		t.Errorf("%+v", answer)
	}
	bot.Must(t, http.MethodGet, "/guilds/"+g.ID.String(), nil, nil)

	// A guild that has come to ask for a second factor takes the bot from who has one alone.
	strict := newGuild(t, owner)
	for _, factor := range []bool{false, true} {
		w.Exec(t, `update guilds set mfa_level = 0 where id = $1`, strict.ID)
		code := a.authorize(t, owner, url.Values{"scope": {"bot"}}, yes(strict.ID)).Get("code")
		w.Exec(t, `update guilds set mfa_level = 1 where id = $1`, strict.ID)
		w.Exec(t, `update users set mfa_enabled = $2 where id = $1`, owner.ID, factor)
		if answer := a.exchange(t, code, nil); (answer.Guild != nil) != factor {
			t.Errorf("second factor %v: %+v", factor, answer)
		}
	}

	// Who has lost the permission meanwhile adds nothing.
	later := newGuild(t, owner)
	code := a.authorize(t, owner, url.Values{"scope": {"bot"}}, yes(later.ID)).Get("code")
	w.Exec(t, `update guilds set owner_id = $2 where id = $1`, later.ID, w.User(t).ID)
	refused(t, a.exchange(t, code, nil), "invalid_grant")
	if _, err := w.Store.Member(t.Context(), later.ID, bot.ID); err == nil {
		t.Error("the bot was added")
	}
}
