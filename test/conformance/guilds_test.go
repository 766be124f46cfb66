package conformance_test

import "testing"

func (s *suite) guilds(t *testing.T) {
	own := s.owner.Client
	id := s.ok(t, own, "POST /guilds", object{"name": "Short-lived"}).text("id")
	s.ok(t, own, "GET /guilds/{guild_id}", nil, id)
	counted := s.ok(t, own, "GET /guilds/{guild_id}?with_counts=true", nil, id)
	if counted.get("approximate_member_count") == nil {
		t.Error("no counts where they were asked for")
	}
	voice := s.ok(t, own, "POST /guilds/{guild_id}/channels", object{"name": "afk", "type": 2}, id).text("id")
	rules := s.ok(t, own, "POST /guilds/{guild_id}/channels", object{"name": "rules"}, id).text("id")
	s.ok(t, own, "PATCH /guilds/{guild_id}", object{
		"name": "Full", "description": "every field is set", "icon": pixel, "afk_channel_id": voice, "afk_timeout": 300,
		"system_channel_id": rules, "system_channel_flags": 1, "verification_level": 1, "default_message_notifications": 1,
		"explicit_content_filter": 2, "preferred_locale": "de", "rules_channel_id": rules, "public_updates_channel_id": rules,
		"features": []string{"COMMUNITY", "INVITES_DISABLED"},
	}, id)
	s.ok(t, s.bot.Client, "PATCH /guilds/{guild_id}", object{"description": nil}, s.guild)
	s.ok(t, own, "GET /guilds/{guild_id}", nil, id)
	s.ok(t, own, "GET /users/@me/guilds", nil).some()
	s.ok(t, own, "GET /users/@me/guilds?with_counts=true", nil).some()
	s.ok(t, own, "DELETE /guilds/{guild_id}", nil, id)
}

// pixel is the smallest picture: a GIF as a data URI.
// https://discord.com/developers/docs/reference#image-data
const pixel = "data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs="

func (s *suite) roles(t *testing.T) {
	as := s.bot.Client
	all := "/guilds/{guild_id}/roles"
	s.ok(t, as, "POST "+all, object{}, s.guild)
	id := s.ok(t, s.owner.Client, "POST "+all, object{
		"name": "full", "permissions": "1024", "colors": object{"primary_color": 0x00ff00}, "hoist": true, "mentionable": true,
	}, s.guild).text("id")
	s.ok(t, as, "GET "+all, nil, s.guild).some()
	s.ok(t, as, "GET "+all+"/{role_id}", nil, s.guild, id)
	s.ok(t, as, "PATCH "+all, []object{{"id": id, "position": 1}}, s.guild).some()
	s.ok(t, as, "PATCH "+all+"/{role_id}", object{"name": "renamed", "color": 0xff0000, "unicode_emoji": nil}, s.guild, id)
	s.ok(t, as, "DELETE "+all+"/{role_id}", nil, s.guild, id)
}

func (s *suite) members(t *testing.T) {
	const all = "/guilds/{guild_id}/members"
	as, own := s.bot.Client, s.owner.Client
	s.ok(t, as, "GET "+all+"?limit=10", nil, s.guild).some()
	s.ok(t, as, "GET "+all+"/search?query=gu", nil, s.guild).some()
	s.ok(t, as, "GET "+all+"/{user_id}", nil, s.guild, s.guest.ID)
	s.ok(t, own, "PATCH "+all+"/{user_id}", object{
		"nick": "Guest of honour", "roles": []string{s.role}, "communication_disabled_until": soon(),
	}, s.guild, s.guest.ID)
	s.ok(t, as, "GET "+all+"/{user_id}", nil, s.guild, s.guest.ID)
	s.ok(t, own, "PATCH "+all+"/{user_id}", object{"nick": nil, "roles": []string{}, "communication_disabled_until": nil}, s.guild, s.guest.ID)
	s.ok(t, as, "PATCH "+all+"/@me", object{"nick": "Conformer"}, s.guild)
	s.ok(t, own, "PUT "+all+"/{user_id}/roles/{role_id}", nil, s.guild, s.guest.ID, s.role)
	s.ok(t, own, "DELETE "+all+"/{user_id}/roles/{role_id}", nil, s.guild, s.guest.ID, s.role)

	s.join(t, s.other)
	s.ok(t, as, "DELETE "+all+"/{user_id}", nil, s.guild, s.other.ID)
	s.join(t, s.other)
	s.ok(t, s.other.Client, "DELETE /users/@me/guilds/{guild_id}", nil, s.guild)
}
