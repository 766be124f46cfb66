package conformance_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
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
			with(texts("number"), object{"type": 10, "autocomplete": true}), with(texts("price"), object{"type": 10, "choices": []object{{"name": "a", "value": 1.5}}}), with(texts("flag"), object{"type": 5}),
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

	give := s.ok(t, as, "POST "+guildCommands, object{"name": "give", "description": "d", "options": []object{{"type": 11, "name": "file", "description": "d"}}}, app, s.guild).text("id")
	gift := i.invoke(t, own, 2, object{"data": object{"id": give, "name": "give", "type": 1, "options": []object{{"type": 11, "name": "file", "value": "0"}}}}, enclosed[0])
	s.given(t, gift, 1)
	first := i.invoke(t, own, 2, command)
	result := s.ok(t, s.nobody, "POST "+callback+"?with_response=true",
		object{"type": 4, "data": object{"content": "hello", "components": button}}, first.ID, first.Token)
	m := result.text("resource", "message", "id")
	s.fails(t, s.nobody, "POST "+callback, object{"type": 4, "data": object{"content": "x"}}, http.StatusBadRequest, 40060, first.ID, first.Token)
	s.ok(t, s.nobody, "GET "+original, nil, app, first.Token)
	s.ok(t, s.nobody, "PATCH "+original, object{"content": "edited", "components": button}, app, first.Token)
	s.ok(t, as, "GET "+message, nil, s.text, m)

	push := object{"message_id": m, "data": object{"component_type": 2, "custom_id": "b"}}
	second := i.invoke(t, own, 3, push)
	s.ok(t, s.nobody, "POST "+callback+"?with_response=true", object{"type": 7, "data": object{"content": "pushed"}}, second.ID, second.Token)
	s.ok(t, s.nobody, "POST "+webhookToken, object{"content": "more", "flags": 64}, app, second.Token)

	third := i.invoke(t, own, 2, command)
	s.ok(t, s.nobody, "POST "+callback, object{"type": 5}, third.ID, third.Token)
	s.ok(t, s.nobody, "DELETE "+original, nil, app, third.Token)
	s.fails(t, s.nobody, "GET "+original, nil, http.StatusNotFound, 10008, app, third.Token)
	s.fails(t, s.nobody, "POST "+callback, object{"type": 4, "data": object{"content": "x"}}, http.StatusNotFound, 10062, "1", "nothing")

	asked := i.invoke(t, own, 3, push)
	s.ok(t, s.nobody, "POST "+callback, object{"type": 9, "data": object{"custom_id": "form", "title": "Form", "components": []object{
		{"type": 18, "label": "Why", "component": object{"type": 4, "style": 2, "custom_id": "why"}},
		{"type": 18, "label": "Proof", "component": object{"type": 19, "custom_id": "proof", "max_values": 2}},
	}}}, asked.ID, asked.Token)
	answered := i.invoke(t, own, 5, object{"data": object{"id": asked.ID, "custom_id": "form", "components": []object{
		{"type": 18, "component": object{"type": 4, "custom_id": "why", "value": "because"}},
		{"type": 18, "component": object{"type": 19, "custom_id": "proof", "values": []string{"0", "1"}}},
	}}}, enclosed...)
	s.given(t, answered, len(enclosed))
	s.okFiles(t, s.nobody, "POST "+callback+"?with_response=true", object{"type": 4, "data": shown}, enclosed, answered.ID, answered.Token)
	s.okFiles(t, s.nobody, "PATCH "+original, object{"components": shown["components"]}, enclosed, app, answered.Token)
}

// given checks that an application is told of the files that it was given.
func (s *suite) given(t *testing.T, i invoked, n int) {
	t.Helper()
	var data struct {
		Resolved struct {
			Attachments map[string]json.RawMessage `json:"attachments"`
		} `json:"resolved"`
	}
	if err := json.Unmarshal(i.Data, &data); err != nil || len(data.Resolved.Attachments) != n {
		t.Fatalf("%d attachments expected: %v %s", n, err, i.Data)
	}
	for _, a := range data.Resolved.Attachments {
		body, err := jsonschema.UnmarshalJSON(bytes.NewReader(a))
		if err == nil {
			err = s.doc.validate(schemas+"MessageAttachmentResponse", body)
		}
		if err != nil {
			t.Error(err)
		}
	}
}
