package conformance_test

import (
	"testing"

	"guildhall.chat/guildhall/test/clients/rest"
)

func (s *suite) gatewayInfo(t *testing.T) {
	s.ok(t, s.nobody, "GET /gateway", nil)
	s.ok(t, s.bot.Client, "GET /gateway/bot", nil)
	s.ok(t, s.owner.Client, "GET /voice/regions", nil)
}

func (s *suite) users(t *testing.T) {
	for _, as := range []*rest.Client{s.owner.Client, s.bot.Client} {
		s.ok(t, as, "GET /users/@me", nil)
		s.ok(t, as, "GET /users/{user_id}", nil, s.guest.ID)
		s.ok(t, as, "GET /users/{user_id}", nil, s.bot.ID)
	}
	s.ok(t, s.bot.Client, "PATCH /users/@me", object{"avatar": pixel, "banner": pixel})
	s.ok(t, s.guest.Client, "PATCH /users/@me", object{
		"global_name": "A Guest", "avatar": pixel, "bio": "just visiting", "accent_color": 0xabcdef, "locale": "fr",
	})
	s.ok(t, s.owner.Client, "GET /users/{user_id}", nil, s.guest.ID)
}

func (s *suite) applications(t *testing.T) {
	s.ok(t, s.bot.Client, "GET /applications/@me", nil)
	s.ok(t, s.bot.Client, "GET /oauth2/applications/@me", nil)
	install := object{"scopes": []string{"bot", "applications.commands"}, "permissions": "8"}
	s.ok(t, s.bot.Client, "PATCH /applications/@me", object{"install_params": install, "integration_types_config": object{"0": object{"oauth2_install_params": install}}})
	s.ok(t, s.bot.Client, "PATCH /applications/@me", object{"description": "conforms", "icon": pixel, "tags": []string{"test"}})
	s.ok(t, s.owner.Client, "GET /applications/{application_id}", nil, s.bot.ApplicationID)
	s.ok(t, s.owner.Client, "PATCH /applications/{application_id}", object{"description": ""}, s.bot.ApplicationID)
}
