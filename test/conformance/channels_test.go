package conformance_test

import (
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/rest"
)

func (s *suite) channels(t *testing.T) {
	as, all, one := s.bot.Client, "/guilds/{guild_id}/channels", "/channels/{channel_id}"
	category := s.ok(t, as, "POST "+all, object{"name": "rooms", "type": 4}, s.guild).text("id")
	voice := s.ok(t, as, "POST "+all, object{
		"name": "voice", "type": 2, "parent_id": category, "bitrate": 32000, "user_limit": 5, "video_quality_mode": 2,
	}, s.guild).text("id")
	text := s.ok(t, as, "POST "+all, object{
		"name": "all-fields", "type": 0, "topic": "a topic", "nsfw": true, "rate_limit_per_user": 5, "parent_id": category,
		"position": 3, "default_auto_archive_duration": 60, "default_thread_rate_limit_per_user": 10,
		"permission_overwrites": []object{{"id": s.role, "type": 0, "allow": "1024", "deny": "2048"}},
	}, s.guild).text("id")
	s.ok(t, as, "GET "+all, nil, s.guild).some()
	for _, id := range []string{category, voice, text, s.text} {
		s.ok(t, as, "GET "+one, nil, id)
	}
	s.ok(t, as, "PATCH "+one, object{"name": "renamed", "topic": nil, "parent_id": nil, "nsfw": false}, text)
	s.ok(t, as, "PATCH "+one, object{"name": "hall", "user_limit": 0}, voice)
	s.ok(t, as, "PATCH "+one, object{"name": "floor"}, category)
	s.ok(t, as, "PATCH "+all, []object{{"id": text, "position": 1}, {"id": s.text, "position": 2}}, s.guild)
	s.ok(t, as, "POST "+one+"/typing", nil, s.text)
	slow := s.ok(t, as, "POST "+all, object{"name": "slow", "rate_limit_per_user": 600}, s.guild).text("id")
	s.ok(t, s.guest.Client, "POST "+messages, object{"content": "x"}, slow)
	if left := s.ok(t, s.guest.Client, "POST "+one+"/typing", nil, slow).get("message_send_cooldown_ms"); left == nil {
		t.Error("a slow channel tells nothing of it")
	}
	for _, id := range []string{category, voice, text} {
		s.ok(t, as, "DELETE "+one, nil, id)
	}
}

func (s *suite) overwrites(t *testing.T) {
	as, one := s.bot.Client, "/channels/{channel_id}/permissions/{overwrite_id}"
	s.ok(t, as, "PUT "+one, object{"type": 0, "allow": "1024", "deny": "0"}, s.text, s.role)
	s.ok(t, as, "PUT "+one, object{"type": 1, "deny": "2048"}, s.text, s.guest.ID)
	s.ok(t, as, "GET /channels/{channel_id}", nil, s.text)
	s.ok(t, as, "DELETE "+one, nil, s.text, s.role)
	s.ok(t, as, "DELETE "+one, nil, s.text, s.guest.ID)
}

func (s *suite) invites(t *testing.T) {
	as, all, one := s.bot.Client, "/channels/{channel_id}/invites", "/invites/{code}"
	voice := s.ok(t, as, "POST /guilds/{guild_id}/channels", object{"name": "stage door", "type": 2}, s.guild).text("id")
	s.ok(t, s.owner.Client, "POST "+all, object{"role_ids": []string{s.role}}, s.text)
	s.ok(t, s.owner.Client, "POST "+all, object{"target_type": 1, "target_user_id": s.owner.ID}, voice)
	s.ok(t, s.owner.Client, "POST "+all, object{"target_type": 2, "target_application_id": s.bot.ApplicationID}, voice)
	forever := s.ok(t, as, "POST "+all, object{"max_age": 0, "unique": true}, s.text).text("code")
	code := s.ok(t, s.owner.Client, "POST "+all, object{"max_age": 3600, "max_uses": 3, "temporary": true, "unique": true}, s.text).text("code")
	s.ok(t, as, "GET "+all, nil, s.text).some()
	s.ok(t, as, "GET /guilds/{guild_id}/invites", nil, s.guild).some()
	s.ok(t, s.nobody, "GET "+one, nil, code)
	s.ok(t, s.other.Client, "GET "+one+"?with_counts=true&with_expiration=true", nil, forever)
	s.ok(t, s.other.Client, "POST "+one, object{}, forever)
	s.ok(t, s.other.Client, "DELETE /users/@me/guilds/{guild_id}", nil, s.guild)
	s.ok(t, as, "DELETE "+one, nil, code)
}

// join lets a user into the guild.
func (s *suite) join(t *testing.T, user *rest.User) {
	t.Helper()
	if err := rest.Join(t.Context(), s.owner.Client, s.text, user); err != nil {
		t.Fatal(err)
	}
}

// soon is a timestamp an hour ahead.
func soon() string { return time.Now().Add(time.Hour).UTC().Format(time.RFC3339) }
