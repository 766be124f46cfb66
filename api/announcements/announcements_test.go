package announcements_test

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/announcements"
	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/messages"
	"guildhall.chat/guildhall/api/webhooks"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// press is a guild with an announcement channel, and another guild with a channel for the news. The reader owns the latter
// and is a member of the former, the friend only that.
type press struct {
	*apitest.World
	editor, reader, friend    *apitest.Client
	source, target, elsewhere snowflake.ID // elsewhere is the reader's guild
	delivery                  *announcements.Delivery
}

func newPress(t *testing.T) *press {
	p := &press{World: apitest.New(t, func(w *apitest.World) []call.Route {
		poster := w.Poster
		return slices.Concat(
			announcements.New(w.Store, w.Access).Routes(),
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			channels.New(w.Store, w.Access, w.Poster, w.Publisher).Routes(),
			messages.New(w.Store, w.Access, poster, w.Redis).Routes(),
			webhooks.New(webhooks.Config{Store: w.Store, Access: w.Access, Poster: poster}).Routes(),
		)
	})}
	p.delivery = announcements.NewDelivery(p.Store, p.Access, slog.New(slog.NewTextHandler(t.Output(), nil)))
	p.editor, p.reader, p.friend = p.User(t), p.User(t), p.User(t)
	var here, there discord.Guild
	p.editor.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Times"}, &here)
	p.reader.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Home"}, &there)
	var news discord.Channel
	p.editor.Must(t, http.MethodPost, "/guilds/"+here.ID.String()+"/channels", map[string]any{"name": "news", "type": 5}, &news)
	p.source, p.target, p.elsewhere = news.ID, *there.SystemChannelID, there.ID
	p.Join(t, here.ID, p.reader, p.friend)
	return p
}

func at(channel snowflake.ID, rest string) string { return "/channels/" + channel.String() + rest }

func (p *press) follow(t *testing.T) (f discord.ChannelFollower) {
	t.Helper()
	p.reader.Must(t, http.MethodPost, at(p.source, "/followers"), map[string]any{"webhook_channel_id": p.target}, &f)
	return f
}

// publish posts a message and publishes it.
func (p *press) publish(t *testing.T, content string) (m discord.Message) {
	t.Helper()
	p.editor.Must(t, http.MethodPost, at(p.source, "/messages"), map[string]any{"content": content}, &m)
	p.editor.Must(t, http.MethodPost, at(p.source, "/messages/"+m.ID.String()+"/crosspost"), nil, &m)
	return m
}

func (p *press) deliver(t *testing.T) {
	t.Helper()
	if err := p.delivery.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// news are the copies in the reader's channel, oldest first.
func (p *press) news(t *testing.T) (copies []discord.Message) {
	t.Helper()
	var all []discord.Message
	p.reader.Must(t, http.MethodGet, at(p.target, "/messages"), nil, &all)
	for _, m := range slices.Backward(all) {
		if m.WebhookID != nil {
			copies = append(copies, m)
		}
	}
	return copies
}

func TestChannelFollows(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	seq := p.Seq(t, p.elsewhere)
	f := p.follow(t)
	if f.ChannelID != p.source || f.WebhookID == 0 {
		t.Errorf("follower %+v", f)
	}
	var types []string
	for _, e := range p.Events(t, p.elsewhere, seq) {
		types = append(types, e.Head.Type)
	}
	if !slices.Equal(types, []string{"WEBHOOKS_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE", "MESSAGE_CREATE"}) {
		t.Errorf("events %v", types)
	}
	var list []discord.Webhook
	p.reader.Must(t, http.MethodGet, at(p.target, "/webhooks"), nil, &list)
	if len(list) != 1 || list[0].Type != discord.WebhookFollower || list[0].Name != "Times #news" || list[0].Token != "" ||
		list[0].SourceGuild.Name != "Times" || list[0].SourceChannel.ID != p.source {
		t.Errorf("webhooks %+v", list)
	}
	var said []discord.Message
	p.reader.Must(t, http.MethodGet, at(p.target, "/messages?limit=1"), nil, &said)
	if m := said[0]; m.Type != discord.MessageChannelFollowAdd || m.Content != "Times #news" || m.Author.ID != p.reader.ID ||
		m.MessageReference == nil || m.MessageReference.ChannelID != p.source {
		t.Errorf("message %+v", m)
	}
}

func TestWhoMayFollowAndPublish(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	followers, to := at(p.source, "/followers"), map[string]any{"webhook_channel_id": p.target}
	p.friend.Fails(t, http.MethodPost, followers, to, discord.ErrMissingAccess)
	p.User(t).Fails(t, http.MethodPost, followers, to, discord.ErrMissingAccess)
	p.friend.Fails(t, http.MethodPost, followers, map[string]any{"webhook_channel_id": p.source}, discord.ErrMissingPermissions)
	p.reader.Fails(t, http.MethodPost, followers, map[string]any{}, discord.ErrInvalidForm)
	p.reader.Fails(t, http.MethodPost, at(p.target, "/followers"), to, discord.ErrWrongChannelType)

	m := p.publish(t, "extra")
	if m.Flags&discord.MessageFlagCrossposted == 0 || m.EditedTimestamp != nil {
		t.Errorf("published %+v", m)
	}
	crosspost := func(m snowflake.ID) string { return at(p.source, "/messages/"+m.String()+"/crosspost") }
	p.editor.Fails(t, http.MethodPost, crosspost(m.ID), nil, discord.ErrAlreadyCrossposted)
	p.editor.Fails(t, http.MethodPost, crosspost(1), nil, discord.ErrUnknownMessage)
	var other discord.Message
	p.editor.Must(t, http.MethodPost, at(p.source, "/messages"), map[string]any{"content": "not yet"}, &other)
	p.friend.Fails(t, http.MethodPost, crosspost(other.ID), nil, discord.ErrMissingPermissions)
	var own discord.Message
	p.friend.Must(t, http.MethodPost, at(p.source, "/messages"), map[string]any{"content": "mine"}, &own)
	p.friend.Must(t, http.MethodPost, crosspost(own.ID), nil, nil)
	p.reader.Must(t, http.MethodPost, at(p.target, "/messages"), map[string]any{"content": "x"}, &own)
	p.reader.Fails(t, http.MethodPost, at(p.target, "/messages/"+own.ID.String()+"/crosspost"), nil, discord.ErrWrongChannelType)
}

func TestCopiesAreDeliveredInOrderAndFollowTheirSource(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	p.publish(t, "before anybody followed")
	f := p.follow(t)
	first, second := p.publish(t, "first"), p.publish(t, "second")
	// An edit before the delivery does not change the order.
	p.editor.Must(t, http.MethodPatch, at(p.source, "/messages/"+first.ID.String()), map[string]any{"content": "first, better"}, nil)
	p.deliver(t)
	copies := p.news(t)
	if len(copies) != 2 || copies[0].Content != "first, better" || copies[1].Content != "second" {
		t.Fatalf("copies %+v", copies)
	}
	c := copies[1]
	if c.Flags != discord.MessageFlagIsCrosspost || *c.WebhookID != f.WebhookID || c.Author.Username != "Times #news" ||
		*c.MessageReference.MessageID != second.ID || c.MessageReference.ChannelID != p.source || c.ReferencedMessage != nil {
		t.Errorf("copy %+v", c)
	}
	p.deliver(t)
	if again := p.news(t); len(again) != 2 {
		t.Errorf("%d copies after another round", len(again))
	}

	p.editor.Must(t, http.MethodPatch, at(p.source, "/messages/"+second.ID.String()), map[string]any{"content": "second edition"}, nil)
	p.editor.Must(t, http.MethodDelete, at(p.source, "/messages/"+first.ID.String()), nil, nil)
	seq := p.Seq(t, p.elsewhere)
	p.deliver(t)
	copies = p.news(t)
	if copies[1].Content != "second edition" || copies[1].EditedTimestamp == nil {
		t.Errorf("edited %+v", copies[1])
	}
	if copies[0].Flags&discord.MessageFlagSourceDeleted == 0 || strings.Contains(copies[0].Content, "first") {
		t.Errorf("deleted %+v", copies[0])
	}
	for _, e := range p.Events(t, p.elsewhere, seq) {
		if e.Head.Type != discord.EventMessageUpdate {
			t.Errorf("event %s", e.Head.Type)
		}
	}
}

func TestMessageDeletedBeforeItsDeliveryIsNotDelivered(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	p.follow(t)
	m := p.publish(t, "never mind")
	p.editor.Must(t, http.MethodDelete, at(p.source, "/messages/"+m.ID.String()), nil, nil)
	p.deliver(t)
	if copies := p.news(t); len(copies) != 0 {
		t.Errorf("copies %+v", copies)
	}
}

func TestFailedDeliveryHoldsBackItsFollowerOnly(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	f := p.follow(t)
	first := p.publish(t, "first")
	p.publish(t, "second")
	c := store.Crosspost{Source: first.ID, Webhook: f.WebhookID}
	if dropped, err := p.Store.CrosspostFailed(t.Context(), c); err != nil || dropped {
		t.Fatalf("dropped %v, %v", dropped, err)
	}
	p.deliver(t)
	if copies := p.news(t); len(copies) != 0 {
		t.Errorf("the second overtook the first: %+v", copies)
	}
	p.Exec(t, `update crossposts set retry_at = now()`)
	p.deliver(t)
	if copies := p.news(t); len(copies) != 2 {
		t.Errorf("%d copies once it works again", len(copies))
	}
	for range 8 {
		if _, err := p.Store.CrosspostFailed(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if dropped, err := p.Store.CrosspostFailed(t.Context(), c); err != nil || !dropped {
		t.Errorf("dropped %v, %v after nine failures", dropped, err)
	}
	p.reader.Must(t, http.MethodDelete, "/webhooks/"+f.WebhookID.String(), nil, nil)
	if _, err := p.Store.CrosspostFailed(t.Context(), c); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%v once nobody follows", err)
	}
	p.publish(t, "third")
	p.deliver(t)
	if copies := p.news(t); len(copies) != 2 {
		t.Errorf("%d copies though nobody follows any more", len(copies))
	}
}
