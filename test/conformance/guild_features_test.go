package conformance_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
)

func (s *suite) moderation(t *testing.T) {
	const bans = "/guilds/{guild_id}/bans"
	own := s.owner.Client
	s.ok(t, own, "PUT "+bans+"/{user_id}", object{"delete_message_seconds": 60}, s.guild, s.other.ID)
	s.ok(t, own, "GET "+bans, nil, s.guild).some()
	s.ok(t, own, "GET "+bans+"/{user_id}", nil, s.guild, s.other.ID)
	s.ok(t, own, "DELETE "+bans+"/{user_id}", object{}, s.guild, s.other.ID)
	s.ok(t, own, "POST /guilds/{guild_id}/bulk-ban", object{"user_ids": []string{s.other.ID}}, s.guild)
	s.ok(t, own, "DELETE "+bans+"/{user_id}", nil, s.guild, s.other.ID)
	s.ok(t, own, "GET /guilds/{guild_id}/prune?days=30", nil, s.guild)
	s.ok(t, own, "POST /guilds/{guild_id}/prune", object{"days": 30}, s.guild)
	s.ok(t, own, "PUT /guilds/{guild_id}/incident-actions", object{"dms_disabled_until": soon()}, s.guild)
	s.ok(t, own, "PUT /guilds/{guild_id}/incident-actions", object{"dms_disabled_until": nil}, s.guild)
	s.ok(t, own, "GET /guilds/{guild_id}/audit-logs", nil, s.guild)
	s.ok(t, own, "GET /guilds/{guild_id}/roles/member-counts", nil, s.guild)
}

func (s *suite) guildFeatures(t *testing.T) {
	own := s.owner.Client
	const guild = "/guilds/{guild_id}"
	s.ok(t, own, "GET "+guild+"/preview", nil, s.guild)
	s.ok(t, own, "GET "+guild+"/vanity-url", nil, s.guild)
	s.ok(t, own, "GET "+guild+"/integrations", nil, s.guild).some()
	s.ok(t, own, "PATCH "+guild+"/welcome-screen", object{
		"description": "Hello", "welcome_channels": []object{{"channel_id": s.text, "description": "Start here"}}}, s.guild)
	s.ok(t, own, "GET "+guild+"/welcome-screen", nil, s.guild)
	s.ok(t, own, "GET "+guild+"/new-member-welcome", nil, s.guild)
	entry := object{"channel_id": s.text, "action_type": 0, "title": "Look around", "description": "d", "emoji": object{"name": "👋"}}
	if err := s.owner.Do(t.Context(), http.MethodPatch, "/guilds/"+s.guild+"/new-member-welcome", object{
		"enabled": true, "welcome_message": object{"author_ids": []string{s.owner.ID}, "message": "Hello"},
		"new_member_actions": []object{entry}, "resource_channels": []object{entry},
	}, nil); err != nil {
		t.Error(err)
	}
	s.ok(t, own, "GET "+guild+"/new-member-welcome", nil, s.guild)
	s.ok(t, own, "PUT "+guild+"/onboarding", object{"prompts": []object{{
		"id": "0", "title": "What do you like?", "options": []object{{"title": "Books", "role_ids": []string{s.role}}}}}}, s.guild)
	s.ok(t, own, "GET "+guild+"/onboarding", nil, s.guild)
	s.ok(t, own, "GET "+guild+"/requests", nil, s.guild)
	s.ok(t, own, "PATCH "+guild+"/widget", object{"enabled": true, "channel_id": s.text}, s.guild)
	s.ok(t, own, "GET "+guild+"/widget", nil, s.guild)
	if err := s.sessions[ofGuest].Send(gatewayclient.OpPresence, object{"status": "online", "since": 0, "afk": false, "activities": []object{{"name": "go", "type": 0}}}); err != nil {
		t.Error(err)
	}
	s.until(t, "what the guest does", func() bool {
		return slices.ContainsFunc(s.heard[ofBot]["PRESENCE_UPDATE"], func(e gatewayclient.Event) bool { return strings.Contains(string(e.Data), `"name":"go"`) })
	})
	s.ok(t, s.nobody, "GET "+guild+"/widget.json", nil, s.guild)
	s.picture(t, "GET "+guild+"/widget.png", s.guild)

	// A bot of its own is removed with its integration.
	spare, err := s.owner.CreateBot(t.Context(), "spare", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.owner.AddBot(t.Context(), spare, s.guild, 0); err != nil {
		t.Fatal(err)
	}
	list := s.ok(t, own, "GET "+guild+"/integrations", nil, s.guild).body.([]any)
	last := list[len(list)-1].(map[string]any)["id"].(string)
	s.ok(t, own, "DELETE "+guild+"/integrations/{integration_id}", nil, s.guild, last)
}

// picture calls an operation whose answer is a PNG.
func (s *suite) picture(t *testing.T, operation string, values ...string) {
	t.Helper()
	got := s.send(t, s.nobody, operation, nil, values...)
	if kind := got.Header.Get("Content-Type"); got.Status != http.StatusOK || kind != "image/png" {
		t.Errorf("%s: status %d, Content-Type %q", operation, got.Status, kind)
	}
	s.called[operation] = true
}

func (s *suite) templates(t *testing.T) {
	own := s.owner.Client
	const all = "/guilds/{guild_id}/templates"
	s.ok(t, own, "POST /guilds/{guild_id}/channels", object{"name": "questions", "type": 15, "available_tags": []object{{"name": "solved"}}}, s.guild)
	code := s.ok(t, own, "POST "+all, object{"name": "Model"}, s.guild).text("code")
	s.ok(t, own, "GET "+all, nil, s.guild).some()
	s.ok(t, s.nobody, "GET /guilds/templates/{code}", nil, code)
	s.ok(t, own, "PUT "+all+"/{code}", nil, s.guild, code)
	s.ok(t, own, "PATCH "+all+"/{code}", object{"description": "for all"}, s.guild, code)
	s.ok(t, own, "DELETE "+all+"/{code}", nil, s.guild, code)
}

func (s *suite) scheduledEvents(t *testing.T) {
	own := s.owner.Client
	const all = "/guilds/{guild_id}/scheduled-events"
	const one = all + "/{guild_scheduled_event_id}"
	start := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	id := s.ok(t, own, "POST "+all, object{
		"name": "Picnic", "privacy_level": 2, "entity_type": 3, "entity_metadata": object{"location": "the park"},
		"scheduled_start_time": start, "scheduled_end_time": start.Add(time.Hour),
		"recurrence_rule": object{"start": start, "frequency": 3, "interval": 1},
	}, s.guild).text("id")
	s.ok(t, own, "GET "+all+"?with_user_count=true", nil, s.guild).some()
	s.ok(t, own, "GET "+one, nil, s.guild, id)
	s.ok(t, own, "PATCH "+one, object{"description": "Bring food"}, s.guild, id)
	if err := s.guest.Do(t.Context(), http.MethodPut, "/guilds/"+s.guild+"/scheduled-events/"+id+"/users/@me", object{"response": 1}, nil); err != nil {
		t.Error(err)
	}
	s.ok(t, own, "GET "+one+"/users?with_member=true", nil, s.guild, id)
	code := s.ok(t, own, "POST /channels/{channel_id}/invites", object{}, s.text).text("code")
	s.ok(t, s.guest.Client, "GET /invites/{code}?guild_scheduled_event_id="+id, nil, code)
	voice := s.ok(t, own, "POST /guilds/{guild_id}/channels", object{"name": "stage", "type": 2}, s.guild).text("id")
	s.ok(t, own, "POST "+all, object{
		"name": "Talk", "privacy_level": 2, "entity_type": 2, "channel_id": voice, "scheduled_start_time": start,
		"recurrence_rule": object{"start": start, "frequency": 1, "interval": 1, "by_n_weekday": []object{{"n": (start.Day()-1)/7 + 1, "day": (int(start.Weekday()) + 6) % 7}}},
	}, s.guild)
	s.ok(t, own, "GET "+one+"/users/counts", nil, s.guild, id)
	exception := s.ok(t, own, "POST "+one+"/exceptions", object{
		"original_scheduled_start_time": start.AddDate(0, 0, 1), "is_canceled": true}, s.guild, id).text("event_exception_id")
	s.ok(t, own, "GET "+one+"/{guild_scheduled_event_exception_id}/users", nil, s.guild, id, exception)
	s.ok(t, own, "PATCH "+one+"/exceptions/{exception_id}", object{"is_canceled": false}, s.guild, id, exception)
	s.ok(t, own, "DELETE "+one+"/exceptions/{exception_id}", nil, s.guild, id, exception)
	s.ok(t, own, "DELETE "+one, nil, s.guild, id)
}

// inviteTargets uploads whom an invite is for, which no JSON body can.
func (s *suite) inviteTargets(t *testing.T) {
	own := s.owner.Client
	code := s.ok(t, own, "POST /channels/{channel_id}/invites", object{"unique": true}, s.text).text("code")
	body := "--edge\r\nContent-Disposition: form-data; name=\"target_users_file\"; filename=\"users.csv\"\r\n\r\nuser_id\n" +
		s.other.ID + "\r\n--edge--\r\n"
	header := http.Header{"Content-Type": {"multipart/form-data; boundary=edge"}}
	put, err := own.Raw(t.Context(), http.MethodPut, "/api/v10/invites/"+code+"/target-users", header, []byte(body))
	if err != nil || put.Status != http.StatusNoContent {
		t.Errorf("%v %d %s", err, put.Status, put.Body)
	}
	got := s.send(t, own, "GET /invites/{code}/target-users", nil, code)
	if want := "user_id\n" + s.other.ID + "\n"; got.Status != http.StatusOK || string(got.Body) != want {
		t.Errorf("%d %q, expected %q", got.Status, got.Body, want)
	}
	s.called["PUT /invites/{code}/target-users"], s.called["GET /invites/{code}/target-users"] = true, true
	s.ok(t, own, "GET /invites/{code}/target-users/job-status", nil, code)
	s.ok(t, own, "DELETE /invites/{code}", nil, code)
}

// screening lets somebody new fill in a form, and approves of it.
func (s *suite) screening(t *testing.T) {
	own := s.owner.Client
	const guild = "/guilds/{guild_id}"
	id := s.ok(t, own, "POST /guilds", object{"name": "Screened"}).text("id")
	rules := s.ok(t, own, "POST "+guild+"/channels", object{"name": "rules"}, id).text("id")
	s.ok(t, own, "PATCH "+guild, object{"rules_channel_id": rules, "public_updates_channel_id": rules, "features": []string{"COMMUNITY"}}, id)
	s.send(t, own, "PATCH "+guild+"/member-verification", []byte(`{"enabled":true,"manual_approval":true,"form_fields":[
		{"field_type":"TERMS","label":"Rules","required":true,"values":["Be kind"]},{"field_type":"TEXT_INPUT","label":"Name","required":true},
		{"field_type":"PARAGRAPH","label":"Why","required":true},{"field_type":"MULTIPLE_CHOICE","label":"Which","required":true,"choices":["a","b"]}]}`), id)
	code := s.ok(t, own, "POST /channels/{channel_id}/invites", object{}, rules).text("code")
	s.ok(t, s.guest.Client, "POST /invites/{code}", nil, code)
	var form struct {
		Version string           `json:"version"`
		Fields  []map[string]any `json:"form_fields"`
	}
	path := "/guilds/" + id
	if err := s.guest.Do(t.Context(), http.MethodGet, path+"/member-verification", nil, &form); err != nil || len(form.Fields) != 4 {
		t.Fatal(err, form)
	}
	for i, response := range []any{true, "Guest", "To see", 1} {
		form.Fields[i]["response"] = response
	}
	if err := s.guest.Do(t.Context(), http.MethodPut, path+"/requests/@me", object{"version": form.Version, "form_fields": form.Fields}, nil); err != nil {
		t.Fatal(err)
	}
	list := s.ok(t, own, "GET "+guild+"/requests", nil, id).get("guild_join_requests").([]any)
	if len(list) != 1 {
		t.Fatalf("requests %v", list)
	}
	s.ok(t, own, "PATCH "+guild+"/requests/{request_id}", object{"action": "APPROVED"}, id, list[0].(map[string]any)["id"].(string))
	s.ok(t, own, "DELETE "+guild, nil, id)
}
