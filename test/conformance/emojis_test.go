package conformance_test

import "testing"

const (
	guildEmojis       = "/guilds/{guild_id}/emojis"
	applicationEmojis = "/applications/{application_id}/emojis"
)

func (s *suite) emojis(t *testing.T) {
	const one, unknown = guildEmojis + "/{emoji_id}", "1"
	as, guest := s.bot.Client, s.guest.Client
	body := object{"name": "party", "image": pixel}
	id := s.ok(t, as, "POST "+guildEmojis, body, s.guild).text("id")
	restricted := s.ok(t, s.owner.Client, "POST "+guildEmojis, object{"name": "restricted", "image": pixel, "roles": []string{s.role}}, s.guild).text("id")
	s.ok(t, as, "GET "+guildEmojis, nil, s.guild).some()
	s.ok(t, guest, "GET "+guildEmojis, nil, s.guild).some()
	s.ok(t, as, "GET "+one, nil, s.guild, id)
	s.ok(t, as, "PATCH "+one, object{"name": "parrot", "roles": nil}, s.guild, id)
	if list, _ := s.ok(t, guest, "GET /guilds/{guild_id}", nil, s.guild).get("emojis").([]any); len(list) != 2 {
		t.Errorf("the guild has emojis %v", list)
	}
	s.fails(t, s.other.Client, "GET "+guildEmojis, nil, 403, 50001, s.guild)
	s.fails(t, guest, "POST "+guildEmojis, body, 403, 50013, s.guild)
	s.fails(t, as, "POST "+guildEmojis, object{"name": "pa:ty", "image": pixel}, 400, 50035, s.guild)
	s.fails(t, as, "GET "+one, nil, 404, 10014, s.guild, unknown)
	s.fails(t, guest, "PATCH "+one, object{"name": "mine"}, 403, 50013, s.guild, id)
	s.fails(t, as, "PATCH "+one, object{"name": "x"}, 400, 50035, s.guild, id)
	s.fails(t, guest, "DELETE "+one, nil, 403, 50013, s.guild, id)
	s.ok(t, as, "DELETE "+one, nil, s.guild, id)
	s.ok(t, as, "DELETE "+one, nil, s.guild, restricted)
	s.fails(t, as, "DELETE "+one, nil, 404, 10014, s.guild, id)
}

func (s *suite) applicationEmojis(t *testing.T) {
	const one, unknown = applicationEmojis + "/{emoji_id}", "1"
	as, app, body := s.bot.Client, s.bot.ApplicationID, object{"name": "party", "image": pixel}
	id := s.ok(t, as, "POST "+applicationEmojis, body, app).text("id")
	if list, _ := s.ok(t, as, "GET "+applicationEmojis, nil, app).get("items").([]any); len(list) != 1 {
		t.Errorf("the application has emojis %v", list)
	}
	s.ok(t, as, "GET "+one, nil, app, id)
	s.ok(t, as, "PATCH "+one, object{"name": "parrot"}, app, id)
	s.fails(t, as, "POST "+applicationEmojis, object{"name": "parrot", "image": pixel}, 400, 50035, app)
	s.fails(t, s.guest.Client, "POST "+applicationEmojis, body, 404, 10002, app)
	s.fails(t, s.guest.Client, "GET "+applicationEmojis, nil, 404, 10002, app)
	s.fails(t, as, "GET "+one, nil, 404, 10014, app, unknown)
	s.fails(t, as, "PATCH "+one, object{"name": "x"}, 400, 50035, app, id)
	s.ok(t, as, "DELETE "+one, nil, app, id)
	s.fails(t, as, "DELETE "+one, nil, 404, 10014, app, id)
}
