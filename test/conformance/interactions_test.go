package conformance_test

import (
	"net/http"
	"testing"
)

const (
	appCommands   = "/applications/{application_id}/commands"
	guildCommands = "/applications/{application_id}/guilds/{guild_id}/commands"
	callback      = "/interactions/{interaction_id}/{interaction_token}/callback"
	original      = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
)

// fullCommand has every part that a command can have.
func fullCommand() object {
	texts := func(name string) object {
		return object{
			"name": name, "description": "d", "name_localizations": object{"de": name + "x"}, "description_localizations": object{"fr": "f"},
		}
	}
	with := func(o object, fields object) object {
		for key, value := range fields {
			o[key] = value
		}
		return o
	}
	return with(texts("full"), object{
		"type": 1, "default_member_permissions": "8", "nsfw": false, "contexts": []int{0, 1}, "integration_types": []int{0, 1},
		"options": []object{
			with(texts("user"), object{"type": 6, "required": true}), with(texts("text"), object{"type": 3, "min_length": 1, "max_length": 9}),
			with(texts("one"), object{"type": 3, "choices": []object{{"name": "a", "value": "a", "name_localizations": object{"de": "ä"}}}}),
			with(texts("whole"), object{"type": 4, "min_value": -5, "max_value": 5, "choices": []object{{"name": "a", "value": 1}}}),
			with(texts("number"), object{"type": 10, "autocomplete": true}), with(texts("flag"), object{"type": 5}),
			with(texts("channel"), object{"type": 7, "channel_types": []int{0, 5}}), with(texts("role"), object{"type": 8}),
			with(texts("mentionable"), object{"type": 9}), with(texts("file"), object{"type": 11}),
		},
	})
}

func (s *suite) commands(t *testing.T) {
	app, as := s.bot.ApplicationID, s.bot.Client
	for _, place := range []struct {
		path string
		in   []string
	}{{appCommands, []string{app}}, {guildCommands, []string{app, s.guild}}} {
		id := s.ok(t, as, "POST "+place.path, fullCommand(), place.in...).text("id")
		s.ok(t, as, "POST "+place.path, fullCommand(), place.in...) // again: 200
		group := s.ok(t, as, "POST "+place.path, object{"name": "group", "description": "d", "options": []object{
			{"type": 2, "name": "g", "description": "d", "options": []object{{"type": 1, "name": "s", "description": "d"}}},
		}}, place.in...).text("id")
		s.ok(t, as, "GET "+place.path+"?with_localizations=true", nil, place.in...).some()
		s.ok(t, as, "GET "+place.path, nil, place.in...).some()
		one := append(place.in[:len(place.in):len(place.in)], id)
		s.ok(t, as, "GET "+place.path+"/{command_id}", nil, one...)
		s.ok(t, as, "PATCH "+place.path+"/{command_id}", object{"description": "changed"}, one...)
		s.ok(t, as, "DELETE "+place.path+"/{command_id}", nil, append(place.in[:len(place.in):len(place.in)], group)...)
		s.ok(t, as, "PUT "+place.path, []object{{"name": "on", "type": 2}, {"name": "full", "description": "kept"}}, place.in...).some()
	}
	list := guildCommands + "/permissions"
	one := guildCommands + "/{command_id}/permissions"
	id := s.ok(t, as, "POST "+guildCommands, object{"name": "governed", "description": "d"}, app, s.guild).text("id")
	s.ok(t, s.owner.Client, "PUT "+one, object{"permissions": []object{
		{"id": s.guest.ID, "type": 2, "permission": true}, {"id": s.text, "type": 3, "permission": false},
	}}, app, s.guild, id)
	s.ok(t, as, "GET "+list, nil, app, s.guild).some()
	s.ok(t, as, "GET "+one, nil, app, s.guild, id)
	s.fails(t, as, "PUT "+one, object{"permissions": []object{}}, http.StatusForbidden, 20001, app, s.guild, id)
	s.fails(t, s.guest.Client, "GET "+appCommands, nil, http.StatusForbidden, 20012, app)
	s.fails(t, as, "GET "+appCommands+"/{command_id}", nil, http.StatusNotFound, 10063, app, "1")
}

// interactions plays a command and a component through the gateway.
func (s *suite) interactions(t *testing.T) {
	app, as := s.bot.ApplicationID, s.bot.Client
	i, own := s.invoker(t, s.bot), s.owner.Client
	id := s.ok(t, as, "POST "+guildCommands, object{"name": "play", "description": "d"}, app, s.guild).text("id")
	command := object{"data": object{"id": id, "name": "play", "type": 1}}
	button := []object{{"type": 1, "components": []object{{"type": 2, "style": 1, "label": "b", "custom_id": "b"}}}}

	first := i.invoke(t, own, 2, command)
	result := s.ok(t, s.nobody, "POST "+callback+"?with_response=true",
		object{"type": 4, "data": object{"content": "hello", "components": button}}, first.ID, first.Token)
	m := result.text("resource", "message", "id")
	s.fails(t, s.nobody, "POST "+callback, object{"type": 4, "data": object{"content": "x"}}, http.StatusBadRequest, 40060, first.ID, first.Token)
	s.ok(t, s.nobody, "GET "+original, nil, app, first.Token)
	s.ok(t, s.nobody, "PATCH "+original, object{"content": "edited", "components": button}, app, first.Token)
	s.ok(t, as, "GET "+message, nil, s.text, m)

	second := i.invoke(t, own, 3, object{"message_id": m, "data": object{"component_type": 2, "custom_id": "b"}})
	s.ok(t, s.nobody, "POST "+callback, object{"type": 7, "data": object{"content": "pushed"}}, second.ID, second.Token)
	s.ok(t, s.nobody, "POST "+webhookToken, object{"content": "more", "flags": 64}, app, second.Token)

	third := i.invoke(t, own, 2, command)
	s.ok(t, s.nobody, "POST "+callback, object{"type": 5}, third.ID, third.Token)
	s.ok(t, s.nobody, "DELETE "+original, nil, app, third.Token)
	s.fails(t, s.nobody, "GET "+original, nil, http.StatusNotFound, 10008, app, third.Token)
	s.fails(t, s.nobody, "POST "+callback, object{"type": 4, "data": object{"content": "x"}}, http.StatusNotFound, 10062, "1", "nothing")
}
