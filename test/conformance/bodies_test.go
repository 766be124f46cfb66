package conformance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"mime/multipart"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	bodiesEach = 50
	bodySeed   = 10 // with the same seed, the same bodies
)

// generatedBodies sends bodies made from the request schema of every called operation, three in four damaged. The owner
// asks, who may do everything, so that no permission stands before the body.
func (s *suite) generatedBodies(t *testing.T) {
	s.arena(t)
	var operations []string
	for operation := range s.called {
		_, isJSON := s.doc.request(operation)
		_, isForm := s.doc.form(operation)
		if isJSON || isForm {
			operations = append(operations, operation)
		}
	}
	// The guild's own last: its owner may hand it over.
	const last = "PATCH /guilds/{guild_id}"
	slices.SortFunc(operations, func(a, b string) int {
		if (a == last) != (b == last) {
			return map[bool]int{true: 1, false: -1}[a == last]
		}
		return strings.Compare(a, b)
	})
	for _, operation := range operations {
		t.Run(operation, func(t *testing.T) { s.bodies(t, operation) })
	}
}

// arena makes the things that requests are about which the suite generates: the values of path parameters.
func (s *suite) arena(t *testing.T) {
	t.Helper()
	if s.known != nil {
		return
	}
	own := s.owner.Client
	s.join(t, s.other)
	channel := s.ok(t, own, "POST /guilds/{guild_id}/channels", object{"name": "arena"}, s.guild).text("id")
	role := s.ok(t, own, "POST /guilds/{guild_id}/roles", object{"name": "arena"}, s.guild).text("id")
	rule := s.ok(t, own, "POST /guilds/{guild_id}/auto-moderation/rules", object{
		"name": "arena", "event_type": 1, "trigger_type": 1, "actions": []object{{"type": 1}},
	}, s.guild).text("id")
	hook := s.ok(t, own, "POST "+channelWebhooks, object{"name": "arena"}, channel)
	start := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	event := s.ok(t, own, "POST /guilds/{guild_id}/scheduled-events", object{
		"name": "arena", "privacy_level": 2, "entity_type": 3, "entity_metadata": object{"location": "here"},
		"scheduled_start_time": start, "scheduled_end_time": start.Add(time.Hour),
		"recurrence_rule": object{"start": start, "frequency": 3, "interval": 1},
	}, s.guild).text("id")
	exception := s.ok(t, own, "POST /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions", object{
		"original_scheduled_start_time": start.AddDate(0, 0, 1), "is_canceled": true,
	}, s.guild, event).text("event_exception_id")
	group := s.ok(t, own, "POST /users/@me/channels", object{"recipients": []string{s.guest.ID, s.other.ID}}).text("id")
	news := s.ok(t, own, "POST /guilds/{guild_id}/channels", object{"name": "arena", "type": 5}, s.guild).text("id")
	s.known = map[string]string{
		"thread": s.ok(t, own, "POST /channels/{channel_id}/threads", object{"name": "arena", "type": 11}, channel).text("id"),
		"news":   news, "group": group,
		"global":                     s.ok(t, s.bot.Client, "POST "+appCommands, object{"name": "arena", "description": "d"}, s.bot.ApplicationID).text("id"),
		"{guild_scheduled_event_id}": event, "{exception_id}": exception, "{request_id}": "1", "{rule_id}": rule, "{sticker_id}": s.newSticker(t, s.guild),
		"template":     s.ok(t, own, "POST /guilds/{guild_id}/templates", object{"name": "arena"}, s.guild).text("code"),
		"{webhook_id}": hook.text("id"), "{webhook_token}": hook.text("token"),
		"{guild_id}": s.guild, "{channel_id}": channel, "{user_id}": s.other.ID, "{role_id}": role, "{overwrite_id}": role,
		"{message_id}":     s.ok(t, own, "POST "+messages, object{"content": "target"}, channel).text("id"),
		"{code}":           s.ok(t, own, "POST /channels/{channel_id}/invites", object{}, channel).text("code"),
		"{application_id}": s.bot.ApplicationID,
		"{command_id}":     s.ok(t, s.bot.Client, "POST "+guildCommands, object{"name": "arena", "description": "d"}, s.bot.ApplicationID, s.guild).text("id"),
		"{emoji_id}":       s.ok(t, own, "POST "+guildEmojis, object{"name": "arena", "image": pixel}, s.guild).text("id"),
		// A real one is over after three seconds.
		"{interaction_id}": "1", "{interaction_token}": "none",
		"{emoji_name}": "👍", "{answer_id}": "1", "{integration_id}": "1", "{pack_id}": "1", "{guild_scheduled_event_exception_id}": exception,
	}
}

// values are those of an operation's path parameters.
func (s *suite) values(t *testing.T, operation string) (values []string) {
	t.Helper()
	for _, name := range parameter.FindAllString(operation, -1) {
		switch {
		case name == "{code}" && strings.Contains(operation, "/templates/"):
			name = "template"
		case name == "{channel_id}" && strings.Contains(operation, "/thread-members"):
			name = "thread"
		case name == "{channel_id}" && strings.Contains(operation, "/recipients"):
			name = "group"
		case name == "{channel_id}" && (strings.HasSuffix(operation, "/crosspost") || strings.HasSuffix(operation, "/followers")):
			name = "news"
		case name == "{command_id}" && !strings.Contains(operation, "/guilds/"):
			name = "global"
		}
		if s.known[name] == "" {
			t.Fatalf("nothing is known to fill %s with", name)
		}
		values = append(values, s.known[name])
	}
	return values
}

func (s *suite) bodies(t *testing.T, operation string) {
	values, as := s.values(t, operation), s.by(operation)
	schema, isJSON := s.doc.request(operation)
	if !isJSON {
		schema, _ = s.doc.form(operation)
	}
	g := generator{
		Rand: rand.New(rand.NewPCG(bodySeed, uint64(len(operation)))), doc: s.doc,
		ids: []string{s.guild, s.text, s.role, s.guest.ID, s.other.ID, s.bot.ID, s.known["{channel_id}"], s.known["{role_id}"], "1"},
	}
	answers := map[int]int{}
	for i := range bodiesEach {
		body := g.value(schema, 0)
		for range i % 4 {
			body = g.damage(body)
		}
		kind := "application/json"
		var payload []byte
		if isJSON {
			var err error
			if payload, err = json.Marshal(body); err != nil {
				t.Fatal(err)
			}
		} else {
			kind, payload = formOf(t, schema, body)
		}
		got := s.sendAs(t, as, operation, kind, payload, values...)
		answers[got.Status]++
		if got.Status >= 500 {
			t.Errorf("status %d: %s\nto %.3000s", got.Status, got.Body, payload)
		} else if _, err := s.validate(operation, got); err != nil {
			t.Errorf("%v\nto %.3000s", err, payload)
		}
	}
	t.Logf("answers by status: %v", answers)
}

// formOf encodes a body as a form: what the schema calls binary as files, all else as text. A body that is no object is sent as
// it is.
func formOf(t *testing.T, schema, body any) (kind string, payload []byte) {
	t.Helper()
	fields, ok := body.(map[string]any)
	if !ok {
		return "multipart/form-data; boundary=none", fmt.Append(nil, body)
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for _, name := range sorted(fields) {
		encoding, _ := at(schema, "/properties/"+name+"/contentEncoding")
		part, err := w.CreateFormField(name)
		if encoding == "binary" {
			part, err = w.CreateFormFile(name, "file.gif")
		}
		if err == nil {
			value := fields[name]
			if raw, hostile := value.(json.RawMessage); hostile {
				value = string(raw)
			}
			_, err = fmt.Fprint(part, value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), form.Bytes()
}
