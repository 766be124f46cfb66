package conformance_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
)

const (
	messages = "/channels/{channel_id}/messages"
	message  = messages + "/{message_id}"
)

// fullMessage has every part that a message without attachments can have.
func (s *suite) fullMessage() object {
	return object{
		"content": "@everyone <@" + s.guest.ID + "> <@&" + s.role + "> <#" + s.text + ">", "nonce": "n-1", "enforce_nonce": true,
		"tts": false, "flags": 1 << 12, "allowed_mentions": object{"parse": []string{"users", "roles", "everyone"}},
		"embeds": []object{{
			"title": "t", "type": "rich", "description": "d", "url": "https://example.com/", "color": 0x123456,
			"timestamp": time.Now().UTC().Format(time.RFC3339), "footer": object{"text": "f", "icon_url": "https://example.com/f.png"},
			"image": object{"url": "https://example.com/i.png"}, "thumbnail": object{"url": "https://example.com/t.png"},
			"author": object{"name": "a", "url": "https://example.com/a", "icon_url": "https://example.com/a.png"},
			"fields": []object{{"name": "n", "value": "v", "inline": true}, {"name": "n", "value": "v"}},
		}},
		"components": []object{{"type": 1, "components": []object{
			{"type": 2, "style": 1, "label": "push", "custom_id": "button"},
			{"type": 2, "style": 5, "label": "go", "url": "https://example.com/", "id": 1},
		}}, {"type": 1, "components": []object{
			{"type": 3, "custom_id": "choice", "options": []object{{"label": "one", "value": "1"}}},
		}}},
	}
}

func (s *suite) messages(t *testing.T) {
	as := s.bot.Client
	id := s.ok(t, as, "POST "+messages, s.fullMessage(), s.text).text("id")
	reply := s.ok(t, as, "POST "+messages, object{
		"content": "reply", "nonce": 1 << 40, "message_reference": object{"message_id": id},
	}, s.text)
	if reply.text("referenced_message", "id") != id {
		t.Error("a reply without the message that it answers")
	}
	forward := s.ok(t, as, "POST "+messages, object{
		"message_reference": object{"type": 1, "channel_id": s.text, "message_id": id},
	}, s.text)
	if list, ok := forward.get("message_snapshots").([]any); !ok || len(list) != 1 {
		t.Error("a forward without its snapshot")
	}
	s.ok(t, s.owner.Client, "POST "+messages, object{"content": "of a person"}, s.text)
	s.ok(t, as, "GET "+message, nil, s.text, id)
	edited := s.ok(t, as, "PATCH "+message, object{"content": "edited", "embeds": []object{}, "flags": 4}, s.text, id)
	if edited.get("edited_timestamp") == nil {
		t.Error("an edited message without the time of it")
	}
	s.ok(t, as, "GET "+messages+"?limit=100", nil, s.text).some() // with the messages of joins
	for _, query := range []string{"around", "before"} {
		s.ok(t, as, "GET "+messages+"?limit=3&"+query+"="+reply.text("id"), nil, s.text).some()
	}
	s.ok(t, as, "GET "+messages+"?after=0", nil, s.text).some()
	s.ok(t, as, "DELETE "+message, nil, s.text, id)
	s.ok(t, as, "GET "+message, nil, s.text, reply.text("id")) // what it answers is gone
	s.ok(t, as, "POST "+messages, object{"sticker_ids": []string{s.newSticker(t, s.guild)}}, s.text)
	s.ok(t, as, "POST "+messages+"/bulk-delete", object{"messages": []string{reply.text("id"), forward.text("id")}}, s.text)
}

// layout sends every kind of component that a message can have.
// https://discord.com/developers/docs/components/reference
func (s *suite) layout(t *testing.T) {
	media := object{"url": "https://example.com/i.png"}
	row := func(c object) object { return object{"type": 1, "components": []object{c}} }
	id := s.ok(t, s.bot.Client, "POST "+messages, object{"flags": 1 << 15, "components": []object{
		{"type": 10, "content": "text"},
		{"type": 9, "components": []object{{"type": 10, "content": "beside"}}, "accessory": object{"type": 11, "media": media, "description": "d"}},
		{"type": 12, "items": []object{{"media": media}}},
		{"type": 14, "divider": true, "spacing": 2},
		{"type": 17, "accent_color": 1, "components": []object{{"type": 10, "content": "inside"}}},
		row(object{"type": 2, "style": 1, "custom_id": "b", "emoji": object{"name": "🔥"}}),
		row(object{"type": 5, "custom_id": "u", "default_values": []object{{"id": s.guest.ID, "type": "user"}}}),
		row(object{"type": 6, "custom_id": "r", "default_values": []object{{"id": s.role, "type": "role"}}}),
		row(object{"type": 7, "custom_id": "m"}),
		row(object{"type": 8, "custom_id": "c", "default_values": []object{{"id": s.text, "type": "channel"}}}),
	}}, s.text).text("id")
	s.ok(t, s.bot.Client, "GET "+message, nil, s.text, id)
	s.fails(t, s.bot.Client, "POST "+messages, object{"flags": 1 << 15, "components": []object{{"type": 10}}}, 400, 50035, s.text)
}

// enclosed are two files, and shown is a message that shows them in components.
var (
	enclosed = []file{{"letter.txt", []byte("dear all")}, {"picture.gif", gif}}
	shown    = object{"flags": 1 << 15, "components": []object{
		{"type": 13, "file": object{"url": "attachment://letter.txt"}},
		{"type": 12, "items": []object{{"media": object{"url": "attachment://picture.gif"}, "description": "d"}}},
	}}
)

// files sends files by themselves and in components, as a bot and by a webhook, and fetches one.
func (s *suite) files(t *testing.T) {
	as := s.bot.Client
	described := object{"attachments": []object{{"id": "0", "filename": "letter.txt", "description": "a letter"}, {"id": "1", "filename": "picture.gif"}}}
	sent := s.okFiles(t, as, "POST "+messages, described, enclosed, s.text)
	list, _ := sent.get("attachments").([]any)
	if len(list) != 2 {
		t.Fatalf("attachments %v", list)
	}
	link := strings.TrimPrefix(list[0].(map[string]any)["url"].(string), s.nobody.Base)
	if got, err := s.nobody.Raw(t.Context(), http.MethodGet, link, nil, nil); err != nil || string(got.Body) != "dear all" {
		t.Errorf("%s: %v %d %q", link, err, got.Status, got.Body)
	}
	id := s.okFiles(t, as, "POST "+messages, shown, enclosed, s.text).text("id")
	s.ok(t, as, "GET "+message, nil, s.text, id)
	s.okFiles(t, as, "PATCH "+message, object{"components": shown["components"]}, enclosed, s.text, id)
	hook := s.ok(t, s.owner.Client, "POST "+channelWebhooks, object{"name": "of files"}, s.text)
	by := object{"content": "with a file", "username": "Clerk"}
	m := s.okFiles(t, s.nobody, "POST "+webhookToken+"?wait=true", by, enclosed[:1], hook.text("id"), hook.text("token")).text("id")
	s.okFiles(t, s.nobody, "PATCH "+webhookMessage, object{"content": "with another", "attachments": []object{}}, enclosed[1:], hook.text("id"), hook.text("token"), m)
	s.okFiles(t, s.nobody, "POST "+webhookToken+"?wait=true&with_components=true", shown, enclosed, hook.text("id"), hook.text("token"))
	s.fails(t, as, "POST "+messages, object{"flags": 1 << 15, "components": []object{{"type": 13, "file": object{"url": "attachment://none.txt"}}}}, 400, 50035, s.text)
}

// unfurled sends a link to a page with a film and waits for its embed.
func (s *suite) unfurled(t *testing.T) {
	cinema := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<html><head><meta property="og:site_name" content="Cinema"><meta property="og:title" content="Film">
			<meta property="og:video" content="https://example.com/film.mp4"><meta property="og:video:type" content="video/mp4"></head></html>`))
	}))
	defer cinema.Close()
	id := s.ok(t, s.owner.Client, "POST "+messages, object{"content": "see " + cinema.URL}, s.text).text("id")
	s.until(t, "the embed of a link", func() bool {
		return slices.ContainsFunc(s.heard[ofBot]["MESSAGE_UPDATE"], func(e gatewayclient.Event) bool { return strings.Contains(string(e.Data), `"id":"`+id+`"`) })
	})
	if embeds, _ := s.ok(t, s.owner.Client, "GET "+message, nil, s.text, id).get("embeds").([]any); len(embeds) != 1 {
		t.Errorf("embeds %v", embeds)
	}
}

func (s *suite) reactions(t *testing.T) {
	const (
		all   = message + "/reactions"
		emoji = all + "/{emoji_name}"
	)
	as := s.bot.Client
	id := s.ok(t, as, "POST "+messages, object{"content": "well?"}, s.text).text("id")
	for _, name := range []string{"👍", "❤️", "🇩🇪"} {
		s.ok(t, as, "PUT "+emoji+"/@me", nil, s.text, id, name)
		s.ok(t, s.guest.Client, "PUT "+emoji+"/@me", nil, s.text, id, name)
	}
	s.ok(t, as, "GET "+message, nil, s.text, id)
	s.ok(t, as, "GET "+emoji+"?limit=10", nil, s.text, id, "👍").some()
	s.ok(t, as, "DELETE "+emoji+"/@me", nil, s.text, id, "👍")
	s.ok(t, as, "DELETE "+emoji+"/{user_id}", nil, s.text, id, "👍", s.guest.ID)
	s.ok(t, as, "DELETE "+emoji, nil, s.text, id, "❤️")
	s.ok(t, as, "DELETE "+all, nil, s.text, id)
}

func (s *suite) directMessages(t *testing.T) {
	own := s.owner.Client
	const open = "POST /users/@me/channels"
	dm := s.ok(t, s.bot.Client, open, object{"recipient_id": s.guest.ID}).text("id")
	s.ok(t, s.bot.Client, "GET /channels/{channel_id}", nil, dm)
	s.ok(t, own, open, object{"recipients": []string{s.guest.ID}})

	id := s.ok(t, s.bot.Client, "POST "+messages, object{"content": "between us"}, dm).text("id")
	s.ok(t, s.guest.Client, "GET "+message, nil, dm, id)
	s.ok(t, s.guest.Client, "GET "+messages, nil, dm).some()
	s.ok(t, s.bot.Client, "PATCH "+message, object{"content": "still between us"}, dm, id)
	s.ok(t, s.bot.Client, "POST /channels/{channel_id}/typing", nil, dm)
	s.ok(t, s.guest.Client, "DELETE /channels/{channel_id}", nil, dm)
}
