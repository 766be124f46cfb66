package webhooks_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/messages"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/api/webhooks"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/fetch"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// hall is a guild with an owner, a bot of the owner's and a friend.
type hall struct {
	*apitest.World
	owner, friend, bot *apitest.Client
	id, channel        snowflake.ID
	guild, path        string
}

func newHall(t *testing.T) *hall {
	t.Helper()
	return hallIn(t, apitest.New(t, routes))
}

func routes(w *apitest.World) []call.Route {
	poster := w.Poster
	return slices.Concat(
		guilds.New(w.Store, w.Access, w.Presences).Routes(),
		channels.New(w.Store, w.Access, w.Poster, w.Publisher).Routes(),
		roles.New(w.Access).Routes(),
		messages.New(w.Store, w.Access, poster, w.Redis).Routes(),
		webhooks.New(webhooks.Config{
			Store: w.Store, Access: w.Access, Poster: poster, PublicURL: "https://chat.example",
			Fetch: fetch.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}),
		}).Routes(),
	)
}

func hallIn(t *testing.T, world *apitest.World) *hall {
	t.Helper()
	h := &hall{World: world}
	h.owner, h.friend = h.User(t), h.User(t)
	h.bot = h.Bot(t, h.owner, 0)
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}, &g)
	h.id, h.channel, h.guild = g.ID, *g.SystemChannelID, "/guilds/"+g.ID.String()
	h.path = "/channels/" + h.channel.String() + "/webhooks"
	h.Join(t, h.id, h.friend, h.bot)
	return h
}

func (h *hall) channelOf(t *testing.T, kind discord.ChannelType) snowflake.ID {
	t.Helper()
	var c discord.Channel
	h.owner.Must(t, http.MethodPost, h.guild+"/channels", map[string]any{"name": "another", "type": kind}, &c)
	return c.ID
}

func (h *hall) webhook(t *testing.T, body map[string]any) (w discord.Webhook) {
	t.Helper()
	h.owner.Must(t, http.MethodPost, h.path, body, &w)
	return w
}

func secret(w discord.Webhook) string { return "/webhooks/" + w.ID.String() + "/" + w.Token }

func types(evs []events.Event) (types []string) {
	for _, e := range evs {
		types = append(types, e.Head.Type)
	}
	return types
}

func pngBytes(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWebhookIsMadeShownChangedAndDeleted(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	seq := h.Seq(t, h.id)
	picture := "data:image/png;base64," + base64.StdEncoding.EncodeToString(pngBytes(t))
	made := h.webhook(t, map[string]any{"name": " Captain Hook ", "avatar": picture})
	if made.Name != "Captain Hook" || made.Type != discord.WebhookIncoming || *made.GuildID != h.id || *made.ChannelID != h.channel ||
		made.User == nil || made.User.ID != h.owner.ID || made.Avatar == nil || len(made.Token) != 68 ||
		made.URL != "https://chat.example/api"+secret(made) || made.ApplicationID != nil {
		t.Errorf("webhook %+v", made)
	}
	evs := h.Events(t, h.id, seq)
	if !slices.Equal(types(evs), []string{"WEBHOOKS_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"}) || evs[0].Head.Channel != h.channel {
		t.Errorf("events %+v", evs)
	}

	one := "/webhooks/" + made.ID.String()
	var shown discord.Webhook
	h.owner.Must(t, http.MethodGet, one, nil, &shown)
	if shown.Token != made.Token || shown.User.ID != h.owner.ID {
		t.Errorf("shown %+v", shown)
	}
	var byToken discord.Webhook
	h.Anyone().Must(t, http.MethodGet, secret(made), nil, &byToken)
	if byToken.User != nil || byToken.Token != made.Token {
		t.Errorf("by token %+v", byToken)
	}

	other := h.channelOf(t, discord.ChannelText)
	var changed discord.Webhook
	h.owner.Must(t, http.MethodPatch, one, map[string]any{"name": "Smee", "avatar": nil, "channel_id": other}, &changed)
	if changed.Name != "Smee" || changed.Avatar != nil || *changed.ChannelID != other || changed.Token != made.Token {
		t.Errorf("changed %+v", changed)
	}
	changed = discord.Webhook{}
	h.Anyone().Must(t, http.MethodPatch, secret(made), map[string]any{"name": "Starkey", "channel_id": h.channel}, &changed)
	if changed.Name != "Starkey" || *changed.ChannelID != other || changed.User != nil {
		t.Errorf("changed by token %+v", changed)
	}
	var lists [2][]discord.Webhook
	h.owner.Must(t, http.MethodGet, "/channels/"+other.String()+"/webhooks", nil, &lists[0])
	h.owner.Must(t, http.MethodGet, h.guild+"/webhooks", nil, &lists[1])
	for _, list := range lists {
		if len(list) != 1 || list[0].ID != made.ID {
			t.Errorf("list %+v", list)
		}
	}
	h.owner.Must(t, http.MethodDelete, one, nil, nil)
	h.Anyone().Fails(t, http.MethodGet, secret(made), nil, discord.ErrUnknownWebhook)
	h.owner.Fails(t, http.MethodDelete, one, nil, discord.ErrUnknownWebhook)
}

func TestWebhooksAreForThoseWhoManageThem(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	w, stranger := h.webhook(t, map[string]any{"name": "Hook"}), h.User(t)
	one := "/webhooks/" + w.ID.String()
	for _, request := range []struct{ method, path string }{
		{http.MethodPost, h.path}, {http.MethodGet, h.path}, {http.MethodGet, h.guild + "/webhooks"},
		{http.MethodGet, one}, {http.MethodPatch, one}, {http.MethodDelete, one},
	} {
		var body any
		if request.method == http.MethodPost || request.method == http.MethodPatch {
			body = map[string]any{"name": "x"}
		}
		h.friend.Fails(t, request.method, request.path, body, discord.ErrMissingPermissions)
		stranger.Fails(t, request.method, request.path, body, discord.ErrMissingAccess)
		h.Anyone().Fails(t, request.method, request.path, body, discord.ErrUnauthorized)
	}
	for _, method := range []string{http.MethodGet, http.MethodPatch, http.MethodDelete, http.MethodPost} {
		body := map[string]any{"content": "x"}
		h.Anyone().Fails(t, method, one+"/wrong", body, discord.ErrWebhookToken)
		h.Anyone().Fails(t, method, "/webhooks/1/wrong", body, discord.ErrUnknownWebhook)
	}
}

func TestTokenOfAnApplicationIsItsOwn(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.owner.Must(t, http.MethodPatch, h.guild+"/roles/"+h.id.String(), map[string]any{"permissions": permissions.ManageWebhooks | permissions.ViewChannel}, nil)
	var own, seen discord.Webhook
	h.bot.Must(t, http.MethodPost, h.path, map[string]any{"name": "Bot's"}, &own)
	if own.Token == "" || own.ApplicationID == nil {
		t.Fatalf("the bot's own %+v", own)
	}
	h.owner.Must(t, http.MethodGet, "/webhooks/"+own.ID.String(), nil, &seen)
	if seen.Token != "" || seen.URL != "" {
		t.Errorf("another sees the token: %+v", seen)
	}
}

func TestWebhooksAreChecked(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for _, body := range []map[string]any{
		{}, {"name": ""}, {"name": "   "}, {"name": strings.Repeat("x", 81)}, {"name": "My Clyde"}, {"name": "DISCORD news"},
		{"name": "x", "avatar": "data:text/plain;base64,eA=="}, {"name": 5},
	} {
		h.owner.Fails(t, http.MethodPost, h.path, body, discord.ErrInvalidForm)
	}
	category := h.channelOf(t, discord.ChannelCategory)
	h.owner.Fails(t, http.MethodPost, "/channels/"+category.String()+"/webhooks", map[string]any{"name": "x"}, discord.ErrWrongChannelType)
	for range 15 {
		h.webhook(t, map[string]any{"name": "Hook"})
	}
	h.owner.Fails(t, http.MethodPost, h.path, map[string]any{"name": "One more"}, discord.ErrTooManyWebhooks)
}

func TestExecutedWebhookPosts(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	w := h.webhook(t, map[string]any{"name": "Hook"})
	seq := h.Seq(t, h.id)
	var m discord.Message
	h.Anyone().Must(t, http.MethodPost, secret(w)+"?wait=true", map[string]any{
		"content": "hi <@" + h.friend.ID.String() + "> @everyone", "username": "Peter", "embeds": []any{map[string]any{"title": "Never"}},
	}, &m)
	if m.Author.ID != w.ID || m.Author.Username != "Peter" || !m.Author.Bot || m.Author.Discriminator != "0000" ||
		m.WebhookID == nil || *m.WebhookID != w.ID || len(m.Embeds) != 1 || len(m.Mentions) != 1 || m.MentionEveryone {
		t.Errorf("message %+v", m)
	}
	evs := h.Events(t, h.id, seq)
	if !slices.Equal(types(evs), []string{"MESSAGE_CREATE"}) {
		t.Errorf("events %v", types(evs))
	}
	var read discord.Message
	h.friend.Must(t, http.MethodGet, "/channels/"+h.channel.String()+"/messages/"+m.ID.String(), nil, &read)
	if read.Author.Username != "Peter" || read.Author.ID != w.ID {
		t.Errorf("read %+v", read.Author)
	}
	answer := h.Anyone().Do(t, http.MethodPost, secret(w), map[string]any{"content": "quiet"})
	if answer.Status != http.StatusNoContent || len(answer.Body) != 0 {
		t.Errorf("without wait: %d %s", answer.Status, answer.Body)
	}
	h.Anyone().Must(t, http.MethodPost, secret(w)+"?wait=1", map[string]any{
		"content": "@everyone", "allowed_mentions": map[string]any{"parse": []string{"everyone"}},
	}, &m)
	if !m.MentionEveryone {
		t.Error("a mention of everyone that was asked for doesn't count")
	}
	for _, body := range []map[string]any{
		{"content": "x", "username": "discord"}, {"content": strings.Repeat("x", 2001)}, {"content": "x", "embeds": make([]struct{}, 11)},
		{"content": "x", "username": strings.Repeat("x", 81)},
	} {
		h.Anyone().Fails(t, http.MethodPost, secret(w), body, discord.ErrInvalidForm)
	}
	h.Anyone().Fails(t, http.MethodPost, secret(w), map[string]any{}, discord.ErrEmptyMessage)
	h.Anyone().Fails(t, http.MethodPost, secret(w), map[string]any{"content": "x", "thread_name": "x"}, discord.ErrThreadOutOfForum)
}

func TestComponentsOfWebhooks(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	w := h.webhook(t, map[string]any{"name": "Hook"})
	row := func(button map[string]any) map[string]any {
		return map[string]any{"content": "x", "components": []any{map[string]any{"type": 1, "components": []any{button}}}}
	}
	press := row(map[string]any{"type": 2, "style": 1, "custom_id": "a", "label": "a"})
	visit := row(map[string]any{"type": 2, "style": 5, "url": "https://example.org", "label": "a"})
	count := func(query string, body any) int {
		var m struct{ Components []any }
		h.Anyone().Must(t, http.MethodPost, secret(w)+"?wait=true"+query, body, &m)
		return len(m.Components)
	}
	if n := count("", press); n != 0 {
		t.Errorf("%d components that nobody asked for", n)
	}
	if n := count("&with_components=true", visit); n != 1 {
		t.Errorf("%d components, want the link", n)
	}
	h.Anyone().Fails(t, http.MethodPost, secret(w)+"?with_components=true", press, discord.ErrInvalidForm)
	// An edit is no way around it, not with numbers as texts either.
	var m discord.Message
	h.Anyone().Must(t, http.MethodPost, secret(w)+"?wait=true", map[string]any{"content": "x"}, &m)
	texts := row(map[string]any{"type": "2", "style": "1", "custom_id": "a", "label": "a"})
	for _, body := range []map[string]any{press, texts} {
		h.Anyone().Fails(t, http.MethodPatch, secret(w)+"/messages/"+m.ID.String()+"?with_components=true", body, discord.ErrInvalidForm)
	}
	h.Exec(t, `update webhooks set application_id = (select id from applications limit 1)`)
	if n := count("", press); n != 1 {
		t.Errorf("%d components of an application's webhook", n)
	}
}

func TestPictureOfAMessageIsFetchedOnce(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	w, picture, asked := h.webhook(t, map[string]any{"name": "Hook"}), pngBytes(t), 0
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path == "/text" {
			_, _ = rw.Write([]byte("no picture"))
			return
		}
		_, _ = rw.Write(picture)
	}))
	t.Cleanup(server.Close)
	var m discord.Message
	for range 2 {
		h.Anyone().Must(t, http.MethodPost, secret(w)+"?wait=true", map[string]any{"content": "x", "avatar_url": server.URL + "/a.png"}, &m)
		if m.Author.Avatar == nil || len(*m.Author.Avatar) != 32 {
			t.Fatalf("avatar %v", m.Author.Avatar)
		}
	}
	if asked != 1 {
		t.Errorf("fetched %d times", asked)
	}
	if _, err := h.Store.Image(t.Context(), *m.Author.Avatar); err != nil {
		t.Error(err)
	}
	for _, url := range []string{server.URL + "/text", "file:///etc/passwd", "http://10.0.0.1/"} {
		h.Anyone().Must(t, http.MethodPost, secret(w)+"?wait=true", map[string]any{"content": "x", "avatar_url": url}, &m)
		if m.Author.Avatar != nil {
			t.Errorf("%s gave %s", url, *m.Author.Avatar)
		}
	}
}

func TestWebhookEditsAndDeletesItsOwnMessages(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	w, other := h.webhook(t, map[string]any{"name": "Hook"}), h.webhook(t, map[string]any{"name": "Other"})
	var m, changed discord.Message
	h.Anyone().Must(t, http.MethodPost, secret(w)+"?wait=true", map[string]any{"content": "before", "username": "Peter"}, &m)
	at := func(w discord.Webhook, id string) string { return secret(w) + "/messages/" + id }
	h.Anyone().Must(t, http.MethodPatch, at(w, m.ID.String()), map[string]any{"content": "after"}, &changed)
	if changed.Content != "after" || changed.EditedTimestamp == nil || changed.Author.Username != "Peter" {
		t.Errorf("changed %+v", changed)
	}
	h.Anyone().Must(t, http.MethodGet, at(w, m.ID.String()), nil, &changed)

	var foreign discord.Message
	h.owner.Must(t, http.MethodPost, "/channels/"+h.channel.String()+"/messages", map[string]any{"content": "mine"}, &foreign)
	for _, path := range []string{at(other, m.ID.String()), at(w, foreign.ID.String()), at(w, "1"), at(w, "@original")} {
		h.Anyone().Fails(t, http.MethodGet, path, nil, discord.ErrUnknownMessage)
		h.Anyone().Fails(t, http.MethodPatch, path, map[string]any{"content": "x"}, discord.ErrUnknownMessage)
		h.Anyone().Fails(t, http.MethodDelete, path, nil, discord.ErrUnknownMessage)
	}
	h.friend.Fails(t, http.MethodPatch, "/channels/"+h.channel.String()+"/messages/"+m.ID.String(), map[string]any{"content": "x"}, discord.ErrNotAuthor)
	seq := h.Seq(t, h.id)
	h.Anyone().Must(t, http.MethodDelete, at(w, m.ID.String()), nil, nil)
	if got := types(h.Events(t, h.id, seq)); !slices.Equal(got, []string{"MESSAGE_DELETE"}) {
		t.Errorf("events %v", got)
	}
	h.Anyone().Fails(t, http.MethodGet, at(w, m.ID.String()), nil, discord.ErrUnknownMessage)
}

func TestWebhookGoesWithItsChannel(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	other := h.channelOf(t, discord.ChannelText)
	var w discord.Webhook
	h.owner.Must(t, http.MethodPost, "/channels/"+other.String()+"/webhooks", map[string]any{"name": "Hook"}, &w)
	h.owner.Must(t, http.MethodDelete, "/channels/"+other.String(), nil, nil)
	h.Anyone().Fails(t, http.MethodPost, secret(w), map[string]any{"content": "x"}, discord.ErrUnknownWebhook)
}

func TestForumsNeedAThread(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	forum := h.channelOf(t, discord.ChannelForum)
	var w discord.Webhook
	h.owner.Must(t, http.MethodPost, "/channels/"+forum.String()+"/webhooks", map[string]any{"name": "Hook"}, &w)
	h.Anyone().Fails(t, http.MethodPost, secret(w), map[string]any{"content": "x"}, discord.ErrForumNeedsThread)
	h.Anyone().Fails(t, http.MethodPost, secret(w)+"/slack", map[string]any{"text": "x"}, discord.ErrServiceInForum)

	seq := h.Seq(t, h.id)
	var m discord.Message
	h.Anyone().Must(t, http.MethodPost, secret(w)+"?wait=true", map[string]any{"content": "first", "thread_name": " News "}, &m)
	if m.ChannelID != m.ID || m.Author.ID != w.ID {
		t.Errorf("message %+v", m)
	}
	if got := types(h.Events(t, h.id, seq)); !slices.Equal(got, []string{"THREAD_CREATE", "MESSAGE_CREATE"}) {
		t.Errorf("events %v", got)
	}
	var post discord.Channel
	h.owner.Must(t, http.MethodGet, "/channels/"+m.ChannelID.String(), nil, &post)
	if *post.Name != "News" || *post.OwnerID != w.ID || **post.ParentID != forum {
		t.Errorf("post %+v", post)
	}
	h.Anyone().Must(t, http.MethodPost, secret(w)+"?wait=true&thread_id="+m.ChannelID.String(), map[string]any{"content": "second"}, &m)
	h.Anyone().Fails(t, http.MethodPost, secret(w), map[string]any{"content": "x", "thread_name": "y", "applied_tags": []string{"1"}}, discord.ErrUnknownTag)
}

func TestWebhookIsLimitedWhoeverCalls(t *testing.T) {
	t.Parallel()
	h := hallIn(t, apitest.NewLimited(t, routes))
	w, other := h.webhook(t, map[string]any{"name": "Hook"}), h.webhook(t, map[string]any{"name": "Other"})
	for i := range 10 {
		as := []*apitest.Client{h.owner, h.friend, h.Anyone()}[i%3]
		as.Must(t, http.MethodGet, secret(w), nil, nil)
	}
	for _, as := range []*apitest.Client{h.bot, h.owner, h.Anyone()} {
		if answer := as.Do(t, http.MethodGet, secret(w), nil); answer.Status != http.StatusTooManyRequests {
			t.Errorf("status %d beyond the limit", answer.Status)
		}
	}
	h.Anyone().Must(t, http.MethodGet, secret(other), nil, nil)
}

func TestThreadsOfTheChannel(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	w := h.webhook(t, map[string]any{"name": "Hook"})
	other := h.channelOf(t, discord.ChannelText)
	thread := func(parent snowflake.ID) snowflake.ID {
		id, name, slow := h.Store.NewID(), "thread", 0
		parentID := &parent
		err := h.Store.Change(t.Context(), func(tx *store.Tx) error {
			if err := tx.LockGuild(t.Context(), h.id); err != nil {
				return err
			}
			_, err := tx.CreateThread(t.Context(), discord.Channel{
				ID: id, Type: discord.ChannelPublicThread, GuildID: &h.id, ParentID: &parentID, OwnerID: &h.owner.ID, Name: &name,
				RateLimitPerUser: &slow, Thread: &discord.Thread{ThreadMetadata: discord.ThreadMetadata{AutoArchiveDuration: 60}},
			})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	inside, outside := thread(h.channel), thread(other)
	var m discord.Message
	h.Anyone().Must(t, http.MethodPost, secret(w)+"?wait=true&thread_id="+inside.String(), map[string]any{"content": "x"}, &m)
	if m.ChannelID != inside {
		t.Errorf("in %s, want %s", m.ChannelID, inside)
	}
	one := secret(w) + "/messages/" + m.ID.String()
	h.Anyone().Fails(t, http.MethodGet, one, nil, discord.ErrUnknownMessage)
	h.Anyone().Must(t, http.MethodPatch, one+"?thread_id="+inside.String(), map[string]any{"content": "y"}, &m)
	for _, id := range []string{outside.String(), other.String(), "1"} {
		h.Anyone().Fails(t, http.MethodPost, secret(w)+"?thread_id="+id, map[string]any{"content": "x"}, discord.ErrUnknownChannel)
	}
	h.Anyone().Fails(t, http.MethodPost, secret(w)+"?thread_id=x", map[string]any{"content": "x"}, discord.ErrInvalidForm)
	h.Anyone().Fails(t, http.MethodPost, secret(w)+"?thread_id="+inside.String(), map[string]any{"content": "x", "thread_name": "y"}, discord.ErrThreadTwice)
}
