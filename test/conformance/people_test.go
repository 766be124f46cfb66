package conformance_test

import (
	"net/http"
	"testing"

	"guildhall.chat/guildhall/test/clients/rest"
)

// people is what friends do with each other, as far as it is described, and what is answered because clients ask for it.
func (s *suite) people(t *testing.T) {
	own, one, recipient := s.owner.Client, "/channels/{channel_id}", "/channels/{channel_id}/recipients/{user_id}"
	for _, friend := range []*rest.User{s.guest, s.other} {
		s.befriend(t, s.owner, friend)
	}
	dm := s.ok(t, own, "POST /users/@me/channels", object{"recipient_id": s.guest.ID}).text("id")
	made := s.ok(t, own, "PUT "+recipient, object{}, dm, s.other.ID).text("id")
	s.ok(t, s.guest.Client, "GET "+one, nil, made)
	group := s.ok(t, own, "POST /users/@me/channels", object{"recipients": []string{s.guest.ID, s.other.ID}}).text("id")
	s.ok(t, own, "PATCH "+one, object{"name": "crew", "icon": pixel}, group)
	s.ok(t, own, "DELETE "+recipient, nil, group, s.other.ID)
	s.ok(t, own, "PUT "+recipient, object{}, group, s.other.ID)
	s.ok(t, s.guest.Client, "POST "+messages, object{"content": "to the crew"}, group)
	s.ok(t, s.guest.Client, "GET "+messages, nil, group).some()
	s.ok(t, s.other.Client, "DELETE "+one, nil, group)

	s.ok(t, own, "GET /users/@me/connections", nil)
	s.ok(t, own, "GET /users/@me/applications/{application_id}/entitlements", nil, s.bot.ApplicationID)
	s.ok(t, own, "GET /guilds/{guild_id}/regions", nil, s.guild)
	s.ok(t, own, "GET /soundboard-default-sounds", nil)
	s.ok(t, own, "GET /guilds/{guild_id}/soundboard-sounds", nil, s.guild)
}

// befriend makes two users friends; it is not described how.
func (s *suite) befriend(t *testing.T, a, b *rest.User) {
	t.Helper()
	for _, ask := range []struct {
		as *rest.Client
		of string
	}{{a.Client, b.ID}, {b.Client, a.ID}} {
		if err := ask.as.Do(t.Context(), http.MethodPut, "/users/@me/relationships/"+ask.of, object{}, nil); err != nil {
			t.Fatal(err)
		}
	}
}
