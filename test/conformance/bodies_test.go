package conformance_test

import (
	"encoding/json"
	"math/rand/v2"
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
	values := s.arena(t)
	var operations []string
	for operation := range s.called {
		if _, ok := s.doc.request(operation); ok {
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
		t.Run(operation, func(t *testing.T) { s.bodies(t, operation, values) })
	}
}

// arena makes the things that generated bodies are about and returns the values of path parameters.
func (s *suite) arena(t *testing.T) map[string]string {
	t.Helper()
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
	return map[string]string{
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
	}
}

func (s *suite) bodies(t *testing.T, operation string, known map[string]string) {
	var values []string
	for _, name := range parameter.FindAllString(operation, -1) {
		if name == "{code}" && strings.Contains(operation, "/templates/") {
			name = "template"
		}
		if known[name] == "" {
			t.Fatalf("nothing is known to fill %s with", name)
		}
		values = append(values, known[name])
	}
	schema, _ := s.doc.request(operation)
	as := s.owner.Client
	if strings.HasSuffix(operation, "/@me") && !strings.Contains(operation, "/members/") { // bots have no password to confirm with
		as = s.bot.Client
	}
	if strings.Contains(operation, "/commands") && !strings.HasSuffix(operation, "/permissions") { // an application's own
		as = s.bot.Client
	}
	g := generator{
		Rand: rand.New(rand.NewPCG(bodySeed, uint64(len(operation)))), doc: s.doc,
		ids: []string{s.guild, s.text, s.role, s.guest.ID, s.other.ID, s.bot.ID, known["{channel_id}"], known["{role_id}"], "1"},
	}
	answers := map[int]int{}
	for i := range bodiesEach {
		body := g.value(schema, 0)
		for range i % 4 {
			body = g.damage(body)
		}
		payload, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		got := s.send(t, as, operation, payload, values...)
		answers[got.Status]++
		if got.Status >= 500 {
			t.Errorf("status %d: %s\nto %.3000s", got.Status, got.Body, payload)
		} else if _, err := s.validate(operation, got); err != nil {
			t.Errorf("%v\nto %.3000s", err, payload)
		}
	}
	t.Logf("answers by status: %v", answers)
}
