package oauth2_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestWebhookScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	email := w.giveCredentials(t, owner)
	a := w.newApp(t, w.User(t))
	g := newGuild(t, owner)
	var channel snowflake.ID
	if err := w.Query(t, `select id from channels where guild_id = $1 and type = 0`, g.ID).Scan(&channel); err != nil {
		t.Fatal(err)
	}
	scope := url.Values{"scope": {"webhook.incoming"}}
	q := "/oauth2/authorize?response_type=code&scope=webhook.incoming&client_id=" + a.id.String()
	owner.Fails(t, http.MethodPost, q, map[string]any{"authorize": true}, discord.ErrInvalidForm)
	owner.Fails(t, http.MethodPost, strings.Replace(q, "=code", "=token", 1), map[string]any{"authorize": true, "webhook_channel_id": channel}, discord.ErrInvalidForm)
	stranger := w.User(t)
	stranger.Fails(t, http.MethodPost, q, map[string]any{"authorize": true, "webhook_channel_id": channel}, discord.ErrMissingAccess)
	w.Join(t, g.ID, stranger)
	stranger.Fails(t, http.MethodPost, q, map[string]any{"authorize": true, "webhook_channel_id": channel}, discord.ErrMissingPermissions)

	got := a.exchange(t, a.authorize(t, owner, scope, map[string]any{"webhook_channel_id": channel}).Get("code"), nil)
	if got.Webhook == nil || *got.Webhook.ChannelID != channel || *got.Webhook.ApplicationID != a.id || got.Webhook.Token == "" ||
		got.Webhook.URL != w.url+"/api/webhooks/"+got.Webhook.ID.String()+"/"+got.Webhook.Token {
		t.Errorf("%+v", got.Webhook)
	}

	// On the page: first the guild, then the channel.
	b := w.newBrowser(t)
	first := b.logIn(t, a.page("scope=webhook.incoming"), email)
	if !strings.Contains(first.body, `value="`+g.ID.String()+`"`) || strings.Contains(first.body, "Authorize</button>") {
		t.Fatalf("%s", first.body)
	}
	second := b.get(t, a.page("scope=webhook.incoming&guild_id="+g.ID.String()))
	action, form := second.form(t)
	form.Set("decision", "authorize")
	if missing := b.send(t, action, "same-origin", form); missing.status != http.StatusBadRequest || !strings.Contains(missing.body, "choose a channel") {
		t.Errorf("%d %s", missing.status, missing.body)
	}
	form.Set("channel_id", channel.String())
	if done := b.send(t, action, "same-origin", form); done.status != http.StatusSeeOther || !strings.Contains(done.header.Get("Location"), "code=") {
		t.Errorf("%d %s", done.status, done.body)
	}
}

func TestApplicationsAreToldOfAuthorizations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	a := w.newApp(t, w.User(t))
	w.Exec(t, `update applications set event_webhooks_url = 'https://client.example/events', event_webhooks_status = 2,
		event_webhooks_types = '{APPLICATION_AUTHORIZED,APPLICATION_DEAUTHORIZED}' where id = $1`, a.id)
	got := a.grant(t, user, "identify")
	a.post(t, "/oauth2/token/revoke", url.Values{"token": {got.AccessToken}})
	var told string
	err := w.Query(t, `select string_agg(convert_from(body, 'utf8'), ' ' order by id) from deliveries where application_id = $1`, a.id).Scan(&told)
	if err != nil || strings.Count(told, `"APPLICATION_AUTHORIZED"`) != 1 || strings.Count(told, `"APPLICATION_DEAUTHORIZED"`) != 1 ||
		!strings.Contains(told, user.ID.String()) || !strings.Contains(told, `"scopes":["identify"]`) {
		t.Errorf("%s, %v", told, err)
	}
}

func TestDeletingAnApplicationEndsAllOfIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, user := w.User(t), w.User(t)
	bot, made, path := newBot(t, w, owner)
	var reset struct {
		Secret string `json:"secret"`
	}
	owner.Must(t, http.MethodPost, path+"/reset", nil, &reset)
	a := &app{world: w, id: made.ID, path: path, secret: reset.Secret}
	g := newGuild(t, owner)
	owner.Must(t, http.MethodPost, link(made, 8), yes(g.ID), nil)
	got := a.grant(t, user, "identify")
	before := w.Seq(t, g.ID)

	user.Fails(t, http.MethodDelete, path, nil, discord.ErrUnknownApplication)
	owner.Must(t, http.MethodDelete, path, nil, nil)
	owner.Fails(t, http.MethodDelete, path, nil, discord.ErrUnknownApplication)
	bot.Fails(t, http.MethodGet, "/users/@me", nil, discord.ErrUnauthorized)
	w.bearer(got.AccessToken).Fails(t, http.MethodGet, "/users/@me", nil, discord.ErrUnauthorized)
	refused(t, a.refresh(t, got.RefreshToken), "invalid_client")
	if _, err := w.Store.Member(t.Context(), g.ID, bot.ID); err == nil {
		t.Error("the bot is still a member")
	}
	var types []string
	for _, e := range w.Events(t, g.ID, before) {
		types = append(types, e.Head.Type)
	}
	if all := strings.Join(types, " "); !strings.Contains(all, discord.EventGuildMemberRemove) || !strings.Contains(all, discord.EventGuildRoleDelete) {
		t.Errorf("the guild was told %v", types)
	}
	user.Must(t, http.MethodGet, "/users/"+bot.ID.String(), nil, nil) // as the author of what it wrote
}
