package conformance_test

import (
	"testing"

	"guildhall.chat/guildhall/test/clients/rest"
)

func (s *suite) threads(t *testing.T) {
	const (
		channel = "/channels/{channel_id}"
		all     = channel + "/threads"
		from    = message + "/threads"
		members = channel + "/thread-members"
		member  = members + "/{user_id}"
	)
	as := s.bot.Client
	said := s.ok(t, as, "POST "+messages, object{"content": "let us talk"}, s.text).text("id")
	talk := s.ok(t, as, "POST "+from, object{"name": "talk", "auto_archive_duration": 60}, s.text, said).text("id")
	s.ok(t, as, "GET "+message, nil, s.text, said)
	secret := s.ok(t, as, "POST "+all, object{"name": "secret", "type": 12, "invitable": true}, s.text).text("id")
	s.ok(t, s.guest.Client, "POST "+messages, object{"content": "in the thread"}, talk)
	s.ok(t, as, "GET "+messages, nil, talk).some()
	s.ok(t, as, "GET "+channel, nil, talk)

	s.ok(t, as, "PUT "+member, nil, secret, s.guest.ID)
	s.ok(t, as, "GET "+members+"?with_member=true&limit=10", nil, secret).some()
	s.ok(t, as, "GET "+members, nil, secret).some()
	s.ok(t, as, "GET "+member+"?with_member=true", nil, secret, s.guest.ID)
	s.ok(t, as, "DELETE "+member, nil, secret, s.guest.ID)
	s.ok(t, as, "DELETE "+members+"/@me", nil, talk)
	s.ok(t, as, "PUT "+members+"/@me", nil, talk)
	s.ok(t, as, "GET /guilds/{guild_id}/threads/active", nil, s.guild)

	for _, id := range []string{talk, secret} {
		s.ok(t, as, "PATCH "+channel, object{"name": "past", "archived": true, "locked": true}, id)
	}
	s.ok(t, as, "GET "+all+"/archived/public?limit=2", nil, s.text)
	s.ok(t, as, "GET "+all+"/archived/private", nil, s.text)
	s.ok(t, as, "GET "+channel+"/users/@me/threads/archived/private", nil, s.text)

	forum := s.ok(t, as, "POST /guilds/{guild_id}/channels", object{
		"name": "forum", "type": 15, "available_tags": []object{{"name": "question", "emoji_name": "❓"}},
		"default_reaction_emoji": object{"emoji_name": "👍"}, "default_sort_order": 1, "default_forum_layout": 2,
	}, s.guild).text("id")
	post := s.ok(t, as, "POST "+all, object{"name": "a post", "message": object{"content": "its text"}}, forum).text("id")
	s.ok(t, as, "PATCH "+channel, object{"flags": 2}, post)
	s.ok(t, as, "GET "+all+"/search?name=post&sort_by=creation_time", nil, forum)

	for _, c := range []struct {
		name, operation string
		as              *rest.Client
		values          []string
		body            any
		status, code    int
	}{
		{"a second thread", "POST " + from, as, []string{s.text, said}, object{"name": "x"}, 400, 160004},
		{"a thread of nothing", "POST " + from, as, []string{s.text, "1"}, object{"name": "x"}, 404, 10008},
		{"a thread in a thread", "POST " + all, as, []string{talk}, object{"name": "x"}, 400, 50024},
		{"a post without a message", "POST " + all, as, []string{forum}, object{"name": "x"}, 400, 50035},
		{"a private thread to a guest", "GET " + channel, s.guest.Client, []string{secret}, nil, 403, 50001},
		{"speaking in a locked thread", "POST " + messages, s.guest.Client, []string{talk}, object{"content": "x"}, 403, 160005},
		{"joining an archived thread", "PUT " + members + "/@me", s.guest.Client, []string{talk}, nil, 400, 50083},
		{"members of a channel", "GET " + members, as, []string{s.text}, nil, 400, 50024},
		{"an unknown member", "GET " + member, as, []string{talk, "1"}, nil, 404, 10007},
		{"an unknown member removed", "DELETE " + member, as, []string{post, "1"}, nil, 404, 10007},
		{"a stranger added", "PUT " + member, as, []string{post, s.other.ID}, nil, 404, 10007},
		{"a channel without threads", "GET " + all + "/search", as, []string{talk}, nil, 400, 50024},
		{"a page too small", "GET " + all + "/archived/public?limit=1", as, []string{s.text}, nil, 400, 50035},
		{"others' private threads", "GET " + all + "/archived/private", s.guest.Client, []string{s.text}, nil, 403, 50013},
		{"a foreign guild's threads", "GET /guilds/{guild_id}/threads/active", s.other.Client, []string{s.guild}, nil, 403, 50001},
	} {
		t.Run(c.name, func(t *testing.T) { s.fails(t, c.as, c.operation, c.body, c.status, c.code, c.values...) })
	}
	for _, id := range []string{talk, secret, post, forum} {
		s.ok(t, as, "DELETE "+channel, nil, id)
	}
}
