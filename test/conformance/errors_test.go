package conformance_test

import (
	"encoding/json"
	"strings"
	"testing"

	"guildhall.chat/guildhall/test/clients/rest"
)

// errors are the main failures: each has the status and code that Discord documents and the described shape, and an
// invalid form tells which field is wrong.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
func (s *suite) errors(t *testing.T) {
	const unknown = "1"
	id := s.ok(t, s.owner.Client, "POST "+messages, object{"content": "mine"}, s.text).text("id")
	long := strings.Repeat("x", 5000)
	for _, c := range []struct {
		name         string
		as           *rest.Client
		operation    string
		values       []string
		body         any
		status, code int
		field        string // of an invalid form, with dots
	}{
		{"no token", s.nobody, "GET /users/@me", nil, nil, 401, 0, ""},
		{"no token for a change", s.nobody, "POST " + messages, []string{s.text}, object{"content": "x"}, 401, 0, ""},
		{"unknown user", s.bot.Client, "GET /users/{user_id}", []string{unknown}, nil, 404, 10013, ""},
		{"unknown guild", s.bot.Client, "GET /guilds/{guild_id}", []string{unknown}, nil, 404, 10004, ""},
		{"unknown channel", s.bot.Client, "GET /channels/{channel_id}", []string{unknown}, nil, 404, 10003, ""},
		{"unknown message", s.bot.Client, "GET " + message, []string{s.text, unknown}, nil, 404, 10008, ""},
		{"unknown member", s.bot.Client, "GET /guilds/{guild_id}/members/{user_id}", []string{s.guild, s.other.ID}, nil, 404, 10007, ""},
		{"unknown role", s.bot.Client, "GET /guilds/{guild_id}/roles/{role_id}", []string{s.guild, unknown}, nil, 404, 10011, ""},
		{"unknown invite", s.bot.Client, "GET /invites/{code}", []string{"nonesuch"}, nil, 404, 10006, ""},
		{"unknown overwrite", s.bot.Client, "DELETE /channels/{channel_id}/permissions/{overwrite_id}", []string{s.text, unknown}, nil, 404, 10009, ""},
		{"unknown emoji", s.bot.Client, "PUT " + message + "/reactions/{emoji_name}/@me", []string{s.text, id, "nonesuch"}, nil, 400, 10014, ""},
		{"not a member", s.other.Client, "GET /channels/{channel_id}", []string{s.text}, nil, 403, 50001, ""},
		{"no permission on the guild", s.guest.Client, "PATCH /guilds/{guild_id}", []string{s.guild}, object{"name": "mine"}, 403, 50013, ""},
		{"no permission on the channel", s.guest.Client, "DELETE /channels/{channel_id}", []string{s.text}, nil, 403, 50013, ""},
		{"another's message", s.guest.Client, "PATCH " + message, []string{s.text, id}, object{"content": "x"}, 403, 50005, ""},
		{"a bot accepts an invite", s.bot.Client, "POST /invites/{code}", []string{"nonesuch"}, object{}, 403, 20001, ""},
		{"a user asks for a bot's gateway", s.owner.Client, "GET /gateway/bot", nil, nil, 403, 20002, ""},
		{"an empty message", s.bot.Client, "POST " + messages, []string{s.text}, object{}, 400, 50006, ""},
		{"content too long", s.bot.Client, "POST " + messages, []string{s.text}, object{"content": long}, 400, 50035, "content"},
		{"an embed's title too long", s.bot.Client, "POST " + messages, []string{s.text}, object{"embeds": []object{{"title": long}}}, 400, 50035, "embeds.0.title"},
		{"an embed's field without a value", s.bot.Client, "POST " + messages, []string{s.text}, object{"embeds": []object{{"fields": []object{{"name": "n"}}}}}, 400, 50035, "embeds.0.fields.0.value"},
		{"no name", s.bot.Client, "POST /guilds/{guild_id}/channels", []string{s.guild}, object{}, 400, 50035, "name"},
		{"a wrong type", s.bot.Client, "PATCH /guilds/{guild_id}", []string{s.guild}, object{"name": []int{1}}, 400, 50035, "name"},
		{"out of a set", s.bot.Client, "PATCH /guilds/{guild_id}", []string{s.guild}, object{"afk_timeout": 61}, 400, 50035, "afk_timeout"},
		{"out of a range", s.bot.Client, "POST /channels/{channel_id}/invites", []string{s.text}, object{"max_age": -1}, 400, 50035, "max_age"},
		{"a nested field", s.bot.Client, "POST /guilds/{guild_id}/channels", []string{s.guild}, object{"name": "x", "permission_overwrites": []object{{"id": "x", "type": 0}}}, 400, 50035, "permission_overwrites.0.id"},
		{"a list for an object", s.bot.Client, "POST /guilds/{guild_id}/roles", []string{s.guild}, []int{}, 400, 50035, ""},
		{"no snowflake in the path", s.bot.Client, "GET /guilds/{guild_id}", []string{"x"}, nil, 400, 50035, "guild_id"},
		{"a query out of its range", s.bot.Client, "GET " + messages + "?limit=101", []string{s.text}, nil, 400, 50035, "limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var payload []byte
			if c.body != nil {
				var err error
				if payload, err = json.Marshal(c.body); err != nil {
					t.Fatal(err)
				}
			}
			got := s.send(t, c.as, c.operation, payload, c.values...)
			operation, _, _ := strings.Cut(c.operation, "?")
			if _, err := s.validate(operation, got); err != nil {
				t.Errorf("%s: %v", c.operation, err)
			}
			var failure struct {
				Code   int `json:"code"`
				Errors any `json:"errors"`
			}
			if err := json.Unmarshal(got.Body, &failure); err != nil || got.Status != c.status || failure.Code != c.code {
				t.Fatalf("%s: status %d, expected %d with code %d: %.600s", c.operation, got.Status, c.status, c.code, got.Body)
			}
			s.note(operation, c.status, c.code)
			if c.field == "" {
				return
			}
			if _, ok := at(failure.Errors, "/"+strings.ReplaceAll(c.field, ".", "/")+"/_errors"); !ok {
				t.Errorf("%s: the errors don't point at %s: %s", c.operation, c.field, got.Body)
			}
		})
	}
}
