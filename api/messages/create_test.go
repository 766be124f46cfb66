package messages_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestMessageIsAnsweredStoredAndDispatched(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	sent := h.send(h.member, object{
		"content": "  hello <@" + h.owner.ID.String() + "> ", "nonce": 42, "flags": 1 << 12,
		"embeds": []object{{"type": "image", "title": "T", "color": 255, "timestamp": "2024-01-02T03:04:05",
			"fields": []object{{"name": "a", "value": "b", "inline": true}}, "provider": object{"name": "x"}}},
	})
	if sent.Content != "hello <@"+h.owner.ID.String()+">" || sent.Author.ID != h.member.ID || sent.Type != 0 ||
		string(sent.Nonce) != "42" || sent.Flags != 1<<12 || len(sent.Mentions) != 1 || sent.Mentions[0].ID != h.owner.ID {
		t.Errorf("answered %+v", sent)
	}
	if e := sent.Embeds[0]; e.Type != "rich" || e.Title != "T" || *e.Color != 255 || e.Provider != nil || !e.Fields[0].Inline ||
		e.Timestamp.Format("15:04:05") != "03:04:05" {
		t.Errorf("embed %+v", e)
	}
	read := h.get(h.owner, sent.ID)
	if read.Content != sent.Content || read.Nonce != nil || len(read.Embeds) != 1 || read.Mentions[0].Username == "" ||
		read.Mentions[0].Member != nil || read.EditedTimestamp != nil {
		t.Errorf("read %+v", read)
	}

	var event discord.MessageEvent
	e := h.last(h.guild, discord.EventMessageCreate, &event)
	if e.Head.Channel != h.channel || e.Head.Guild != h.guild || e.Head.User != h.member.ID ||
		len(e.Head.Mentions) != 1 || e.Head.Mentions[0] != h.owner.ID {
		t.Errorf("header %+v", e.Head)
	}
	if event.Member == nil || event.Member.User != nil || *event.GuildID != h.guild || string(event.Nonce) != "42" ||
		event.Mentions[0].Member == nil || event.Mentions[0].Member.User != nil || event.Timestamp != sent.Timestamp {
		t.Errorf("event %+v", event)
	}
	var last snowflake.ID
	list := h.channelObject()
	if list.LastMessageID != nil && *list.LastMessageID != nil {
		last = **list.LastMessageID
	}
	if last != sent.ID {
		t.Errorf("last message %s, expected %s", last, sent.ID)
	}
}

func (h *hall) channelObject() discord.Channel {
	h.t.Helper()
	c, err := h.Store.Channel(h.t.Context(), h.channel)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// requiredFields are those that a message always has.
var requiredFields = []string{"id", "channel_id", "author", "type", "content", "timestamp", "edited_timestamp", "tts",
	"mention_everyone", "mentions", "mention_roles", "attachments", "embeds", "pinned", "flags", "components"}

func TestMessageObjectIsComplete(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	sent := h.send(h.member, object{"content": "x"})
	for _, at := range []string{path(h.channel, sent.ID), path(h.channel)} {
		body := h.member.Do(t, http.MethodGet, at, nil).Body
		body = bytes.TrimSuffix(bytes.TrimPrefix(body, []byte("[")), []byte("]"))
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(body, &fields); err != nil {
			t.Fatal(err)
		}
		for _, name := range requiredFields {
			if _, there := fields[name]; !there {
				t.Errorf("%s is missing in %s", name, body)
			}
		}
		for _, name := range []string{"mentions", "mention_roles", "attachments", "embeds", "components"} {
			if string(fields[name]) != "[]" {
				t.Errorf("%s is %s", name, fields[name])
			}
		}
	}
}

func TestEmptyMessageIsRefused(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for _, body := range []object{{}, {"content": " \n "}, {"content": nil, "embeds": nil}, {"embeds": []object{}}} {
		h.member.Fails(t, http.MethodPost, path(h.channel), body, discord.ErrEmptyMessage)
	}
	h.member.Fails(t, http.MethodPost, path(h.channel), []byte(`{"content":`), discord.ErrInvalidJSON)
}

func TestLimitsAreTold(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	long := func(n int) string { return strings.Repeat("ä", n) }
	many := make([]object, 26)
	for i := range many {
		many[i] = object{"name": "n", "value": "v"}
	}
	deep := object{"type": 1}
	for range 20 {
		deep = object{"type": 1, "components": []object{deep}}
	}
	h.send(h.member, object{"content": long(2000)})
	for name, c := range map[string]struct {
		body object
		at   []string
		code string
	}{
		"content":             {object{"content": long(2001)}, []string{"content"}, "BASE_TYPE_MAX_LENGTH"},
		"content's type":      {object{"content": 5}, []string{"content"}, "BASE_TYPE_INVALID"},
		"nonce":               {object{"content": "x", "nonce": long(26)}, []string{"nonce"}, "BASE_TYPE_MAX_LENGTH"},
		"nonce's type":        {object{"content": "x", "nonce": 1.5}, []string{"nonce"}, "BASE_TYPE_INVALID"},
		"embeds":              {object{"embeds": make([]object, 11)}, []string{"embeds"}, "BASE_TYPE_MAX_LENGTH"},
		"empty embed":         {object{"embeds": []object{{"color": 1}}}, []string{"embeds", "0", "description"}, "BASE_TYPE_REQUIRED"},
		"title":               {object{"embeds": []object{{"title": long(257)}}}, []string{"embeds", "0", "title"}, "BASE_TYPE_MAX_LENGTH"},
		"field without name":  {object{"embeds": []object{{"fields": []object{{"value": "v"}}}}}, []string{"embeds", "0", "fields", "0", "name"}, "BASE_TYPE_REQUIRED"},
		"too many fields":     {object{"embeds": []object{{"fields": many}}}, []string{"embeds", "0", "fields"}, "BASE_TYPE_MAX_LENGTH"},
		"all embeds together": {object{"embeds": []object{{"description": long(3500)}, {"description": long(2501)}}}, []string{"embeds"}, "MAX_EMBED_SIZE_EXCEEDED"},
		"color":               {object{"embeds": []object{{"title": "x", "color": 1 << 24}}}, []string{"embeds", "0", "color"}, "NUMBER_TYPE_MAX"},
		"url":                 {object{"embeds": []object{{"title": "x", "url": "javascript:alert(1)"}}}, []string{"embeds", "0", "url"}, "URL_TYPE_INVALID_URL"},
		"url's scheme":        {object{"embeds": []object{{"title": "x", "url": "ftp://x.example"}}}, []string{"embeds", "0", "url"}, "URL_TYPE_INVALID_SCHEME"},
		"timestamp":           {object{"embeds": []object{{"title": "x", "timestamp": "today"}}}, []string{"embeds", "0", "timestamp"}, "DATE_TIME_TYPE_PARSE"},
		"attachments":         {object{"content": "x", "attachments": []object{{"id": 0}}}, []string{"attachments"}, "ATTACHMENT_NOT_FOUND"},
		"poll":                {object{"content": "x", "poll": object{}}, []string{"poll", "answers"}, "BASE_TYPE_REQUIRED"},
		"stickers":            {object{"sticker_ids": []string{"1", "2", "3", "4"}}, []string{"sticker_ids"}, "BASE_TYPE_MAX_LENGTH"},
		"both ways to allow":  {object{"content": "x", "allowed_mentions": object{"parse": []string{"users"}, "users": []string{"1"}}}, []string{"allowed_mentions"}, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"},
		"unknown parse":       {object{"content": "x", "allowed_mentions": object{"parse": []string{"dogs"}}}, []string{"allowed_mentions", "parse", "0"}, "BASE_TYPE_CHOICES"},
		"component":           {object{"components": []object{{"components": []object{}}}}, []string{"components", "0", "type"}, "BASE_TYPE_REQUIRED"},
		"rows":                {object{"components": []object{{"type": 1}, {"type": 1}, {"type": 1}, {"type": 1}, {"type": 1}, {"type": 1}}}, []string{"components"}, "BASE_TYPE_BAD_LENGTH"},
		"components no list":  {object{"components": "x"}, []string{"components"}, "LIST_TYPE_CONVERT"},
		"big components":      {object{"components": []object{{"type": 1, "x": long(140_000)}}}, []string{"components"}, "BASE_TYPE_MAX_LENGTH"},
		"v2 with content":     {object{"content": "x", "flags": 1 << 15, "components": []object{{"type": 10, "content": "x"}}}, []string{"content"}, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"},
		"reference":           {object{"content": "x", "message_reference": object{}}, []string{"message_reference", "message_id"}, "BASE_TYPE_REQUIRED"},
	} {
		if codes := problem(t, h.member, http.MethodPost, path(h.channel), c.body, c.at...); codes[0] != c.code {
			t.Errorf("%s: %v, expected %s", name, codes, c.code)
		}
	}
	answer := h.member.Do(t, http.MethodPost, path(h.channel), object{"components": []object{deep}})
	if answer.Status != http.StatusBadRequest {
		t.Errorf("deep components: %d %s", answer.Status, answer.Body)
	}
}

// What Postgres can't keep as JSON must not become a 500.
func TestAwkwardComponentsAreKeptOrRefused(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for _, raw := range []string{
		`{"components":[{"type":10,"content":"b\u0000c\\u0000"}],"flags":32768}`,
		`{"components":[{"type":10,"content":"\ud800"}],"flags":32768}`,
		`{"components":[{"type":17,"accent_color":1e400}],"flags":32768}`,
		`{"components":[null]}`,
		`{"components":[{"type":1e300}]}`,
		`{"content":"nul \u0000 in text","nonce":"a\u0000"}`,
		`{"content":"x","embeds":[{"title":"\ud800 half a pair"}]}`,
	} {
		if answer := h.member.Do(t, http.MethodPost, path(h.channel), []byte(raw)); answer.Status >= 500 {
			t.Errorf("%s: %d %s", raw, answer.Status, answer.Body)
		}
	}
	sent := h.send(h.member, object{"components": []object{{"type": 1, "components": []object{{"type": 2, "style": 1, "label": "B", "custom_id": "b"}}}}})
	if got := h.get(h.member, sent.ID).Components; !bytes.Contains(got, []byte(`"custom_id"`)) {
		t.Errorf("components %s", got)
	}
}

func TestSendingNeedsPermissions(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	hello := object{"content": "hello"}
	h.User(t).Fails(t, http.MethodPost, path(h.channel), hello, discord.ErrMissingAccess)
	h.Anyone().Fails(t, http.MethodPost, path(h.channel), hello, discord.ErrUnauthorized)
	h.member.Fails(t, http.MethodPost, path(h.channel+1), hello, discord.ErrUnknownChannel)
	category := h.newChannel(object{"name": "c", "type": 4})
	h.owner.Fails(t, http.MethodPost, path(category), hello, discord.ErrNotText)
	voice := h.newChannel(object{"name": "v", "type": 2})
	sendTo(t, h.member, voice, hello)

	h.deny(permissions.EmbedLinks)
	embeds := []object{{"title": "x"}}
	if m := h.send(h.member, object{"content": "x", "embeds": embeds}); len(m.Embeds) != 0 {
		t.Error("embeds without EMBED_LINKS")
	}
	h.member.Fails(t, http.MethodPost, path(h.channel), object{"embeds": embeds}, discord.ErrMissingPermissions)
	h.deny(permissions.SendTTSMessages)
	h.member.Fails(t, http.MethodPost, path(h.channel), object{"content": "x", "tts": true}, discord.ErrMissingPermissions)
	h.deny(permissions.SendMessages)
	h.member.Fails(t, http.MethodPost, path(h.channel), hello, discord.ErrMissingPermissions)
	h.send(h.owner, hello)
	h.deny(permissions.ViewChannel)
	h.member.Fails(t, http.MethodPost, path(h.channel), hello, discord.ErrMissingAccess)
}

func TestOtherFormsOfBody(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	post := func(kind string, body []byte) (int, discord.Message) {
		client := *h.member
		client.Header = http.Header{"Content-Type": {kind}}
		answer := client.Do(t, http.MethodPost, path(h.channel), body)
		var m discord.Message
		_ = json.Unmarshal(answer.Body, &m)
		return answer.Status, m
	}
	if status, m := post("application/x-www-form-urlencoded", []byte("content=a+b&tts=false&flags=4")); status != 200 || m.Content != "a b" || m.Flags != 4 {
		t.Errorf("form: %d %+v", status, m)
	}
	multi := func(fields, files map[string]string) (string, []byte) {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		for name, value := range fields {
			_ = w.WriteField(name, value)
		}
		for name, value := range files {
			part, _ := w.CreateFormFile(name, "a.txt")
			_, _ = part.Write([]byte(value))
		}
		_ = w.Close()
		return w.FormDataContentType(), body.Bytes()
	}
	if status, m := post(multi(map[string]string{"payload_json": `{"content":"json"}`}, nil)); status != 200 || m.Content != "json" {
		t.Errorf("multipart: %d %+v", status, m)
	}
	if status, m := post(multi(map[string]string{"content": "x"}, map[string]string{"files[0]": "data"})); status != 200 || len(m.Attachments) != 1 {
		t.Errorf("a file: %d %+v", status, m)
	}
}

func TestEnforcedNonceGivesTheEarlierMessage(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	body := object{"content": "once", "nonce": "n-1", "enforce_nonce": true}
	ids := make([]snowflake.ID, 12)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			var m discord.Message
			answer := h.member.Do(t, http.MethodPost, path(h.channel), body)
			if err := json.Unmarshal(answer.Body, &m); err != nil || string(m.Nonce) != `"n-1"` {
				t.Errorf("%d %s", answer.Status, answer.Body)
			}
			ids[i] = m.ID
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("several messages for one nonce: %v", ids)
		}
	}
	if other := h.send(h.owner, body); other.ID == ids[0] {
		t.Error("another author's nonce")
	}
	if again := h.send(h.member, object{"content": "once", "nonce": "n-1"}); again.ID == ids[0] {
		t.Error("a nonce that is not enforced gave the earlier message")
	}
}

func TestSlowmode(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.owner.Must(t, http.MethodPatch, "/channels/"+h.channel.String(), object{"rate_limit_per_user": 60}, nil)
	hello := object{"content": "hello"}
	// What is refused for another reason does not take the turn.
	h.member.Fails(t, http.MethodPost, path(h.channel), object{}, discord.ErrEmptyMessage)
	h.send(h.member, hello)
	answer := h.member.Do(t, http.MethodPost, path(h.channel), hello)
	var body struct {
		Code       int
		RetryAfter float64 `json:"retry_after"`
		Message    string
		Global     *bool
	}
	if err := json.Unmarshal(answer.Body, &body); err != nil || answer.Status != 429 || body.Code != 20016 ||
		body.RetryAfter <= 0 || body.RetryAfter > 60 || body.Global == nil {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
	// Others, bots and who may bypass it are not slowed.
	for range 2 {
		h.send(h.owner, hello)
	}
	bot := h.Bot(t, h.owner, 0)
	h.Join(t, h.guild, bot)
	for range 2 {
		h.send(bot, hello)
	}
	other := h.User(t)
	h.Join(t, h.guild, other)
	h.allow(other, permissions.BypassSlowmode)
	for range 2 {
		h.send(other, hello)
	}
}

func TestManyAtOnceAreAllInOrder(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	before := h.Seq(t, h.guild)
	const senders, each = 8, 10
	var all sync.WaitGroup
	for i := range senders {
		all.Go(func() {
			for j := range each {
				answer := h.member.Do(t, http.MethodPost, path(h.channel), object{"content": fmt.Sprint(i, " ", j)})
				if answer.Status != 200 {
					t.Errorf("%d %s", answer.Status, answer.Body)
				}
			}
		})
	}
	all.Wait()
	next := make([]int, senders)
	for _, e := range h.Events(t, h.guild, before) {
		var m discord.MessageEvent
		if err := json.Unmarshal(e.Data, &m); err != nil {
			t.Fatal(err)
		}
		var i, j int
		if _, err := fmt.Sscan(m.Content, &i, &j); err != nil || next[i] != j {
			t.Fatalf("%q out of its sender's order", m.Content)
		}
		next[i]++
	}
	if got := h.Seq(t, h.guild) - before; got != senders*each {
		t.Errorf("%d events, expected %d", got, senders*each)
	}
}
