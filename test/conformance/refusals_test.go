package conformance_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/test/clients/rest"
)

// unknown has the codes for an id of nothing, by the path's parameter.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
var unknown = map[string][]int{
	"{guild_id}": {10004}, "{channel_id}": {10003}, "{message_id}": {10008}, "{user_id}": {10007, 10013, 10026}, "{role_id}": {10011},
	"{overwrite_id}": {10009}, "{emoji_id}": {10014}, "{sticker_id}": {10060}, "{webhook_id}": {10015}, "{webhook_token}": {50027},
	"{code}": {10006, 10057}, "{application_id}": {10002, 20012}, "{command_id}": {10063, 10066}, "{integration_id}": {10005},
	"{guild_scheduled_event_id}": {10070}, "{interaction_id}": {10062}, "{interaction_token}": {10062}, "{pack_id}": {10061},
}

// refusals asks, for every operation in scope, for the failures that follow from its description: without credentials, of
// nothing that there is, and with a body of the wrong kind.
func (s *suite) refusals(t *testing.T) {
	s.arena(t)
	operations := slices.DeleteFunc(s.doc.operations(), func(operation string) bool { return outOfScope(operation) != "" || !s.called[operation] })
	slices.Sort(operations)
	for _, operation := range operations {
		t.Run(operation, func(t *testing.T) {
			as := s.by(operation)
			values := s.values(t, operation)
			if !s.open(operation) {
				s.refuse(t, s.nobody, operation, nil, values, http.StatusUnauthorized, 0)
			}
			s.unknowns(t, as, operation, values)
			if schema, ok := s.doc.request(operation); ok && anyBody[operation] == "" {
				wrong := []byte(`{"x":1}`)
				if s.takesObjects(schema) {
					wrong = []byte(`[1]`)
				}
				s.refuse(t, as, operation, wrong, values, http.StatusBadRequest, discord.ErrInvalidForm.Code)
			}
		})
	}
}

// anyBody has the operations that look at their bodies late or not at all, and why.
var anyBody = map[string]string{
	"POST /invites/{code}":                                             "says nothing that is needed",
	"DELETE /guilds/{guild_id}/bans/{user_id}":                         "says nothing that is needed",
	"PUT /channels/{channel_id}/recipients/{user_id}":                  "says nothing that a user needs",
	"POST /interactions/{interaction_id}/{interaction_token}/callback": "the interaction is over",
	"PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original":  "an interaction's",
	"PUT /users/@me/applications/{application_id}/role-connection":     "asked for by an application's token in oauth2",
}

// open reports whether an operation needs no credentials.
func (s *suite) open(operation string) bool {
	security, _ := at(s.doc.root, pointerTo(operation)+"/security")
	list, _ := security.([]any)
	return slices.ContainsFunc(list, func(way any) bool { return len(way.(map[string]any)) == 0 })
}

// by is who calls an operation with all rights.
func (s *suite) by(operation string) *rest.Client {
	if operation == "GET /guilds/{guild_id}/members" || operation == "PUT /guilds/{guild_id}/members/{user_id}" {
		return s.bot.Client
	}
	own := strings.HasSuffix(operation, "/@me") && !strings.Contains(operation, "/members/") // bots have no password to confirm with
	if own || strings.Contains(operation, "/commands") && !strings.HasSuffix(operation, "/permissions") {
		return s.bot.Client
	}
	return s.owner.Client
}

// takesObjects reports whether a body may be an object.
func (s *suite) takesObjects(schema any) bool {
	node, _ := schema.(map[string]any)
	if ref, ok := node["$ref"].(string); ok {
		target, _ := at(s.doc.root, strings.TrimPrefix(ref, "#"))
		return s.takesObjects(target)
	}
	for _, union := range []string{"oneOf", "anyOf"} {
		if branches, ok := node[union].([]any); ok {
			return slices.ContainsFunc(branches, s.takesObjects)
		}
	}
	kinds, several := node["type"].([]any)
	return node["type"] != "array" && (!several || !slices.Contains(kinds, any("array")))
}

// unknowns calls an operation with an id of nothing in place of each of its parameters in turn.
func (s *suite) unknowns(t *testing.T, as *rest.Client, operation string, values []string) {
	t.Helper()
	for i, name := range parameter.FindAllString(operation, -1) {
		codes := unknown[name]
		if codes == nil || forAnybody[operation+" "+name] != "" {
			continue
		}
		if strings.Contains(operation, "/applications/") {
			codes = append(slices.Clone(codes), discord.ErrMissingAccess.Code) // of an application that is not there
		}
		others := slices.Clone(values)
		others[i] = "1"
		s.unknown(t, as, operation, name, others, codes)
	}
}

// forAnybody has the parameters, after their operations, for which an unknown id is no failure of its own, or not one that
// can be asked for like this, and why.
var forAnybody = map[string]string{
	"PATCH /guilds/{guild_id}/requests/{request_id} {guild_id}":                                      "looks at its body before, and no generated one is right",
	"POST /guilds/{guild_id}/auto-moderation/rules {guild_id}":                                       "looks at its body before, and no generated one is right",
	"POST /guilds/{guild_id}/bulk-ban {guild_id}":                                                    "looks at its body before, and no generated one is right",
	"POST /guilds/{guild_id}/stickers {guild_id}":                                                    "looks at its file before, and no generated one is right",
	"PUT /channels/{channel_id}/recipients/{user_id} {user_id}":                                      "is refused as no friend",
	"PUT /guilds/{guild_id}/members/{user_id} {guild_id}":                                            "looks at the access token before",
	"PUT /guilds/{guild_id}/members/{user_id} {user_id}":                                             "looks at the access token before",
	"PUT /channels/{channel_id}/permissions/{overwrite_id} {overwrite_id}":                           "makes the overwrite",
	"DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id} {user_id}": "the reaction is gone either way",
	"DELETE /channels/{channel_id}/recipients/{user_id} {user_id}":                                   "the recipient is gone either way",
	"DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name} {emoji_name}":        "the reactions are gone either way",
	"PUT /users/@me/applications/{application_id}/role-connection {application_id}":                  "asked for by an application's token in oauth2",
	"GET /users/@me/applications/{application_id}/role-connection {application_id}":                  "asked for by an application's token in oauth2",
	"DELETE /users/@me/applications/{application_id}/role-connection {application_id}":               "asked for by an application's token in oauth2",
}

// unknown asks for what there is not. A body must be right before it counts what it is about, so that several are tried.
func (s *suite) unknown(t *testing.T, as *rest.Client, operation, name string, values []string, codes []int) {
	t.Helper()
	schema, isJSON := s.doc.request(operation)
	form, isForm := s.doc.form(operation)
	g := generator{Rand: rand.New(rand.NewPCG(bodySeed, 0)), doc: s.doc, ids: []string{s.guild, s.text, s.role, s.guest.ID, s.known["{channel_id}"]}}
	asked := operation
	if strings.HasSuffix(operation, "/members/search") {
		asked += "?query=x"
	}
	for range 200 {
		var got rest.Response
		switch {
		case isJSON:
			body, err := json.Marshal(g.value(schema, maxDepth)) // no more than is required
			if err != nil {
				t.Fatal(err)
			}
			got = s.send(t, as, asked, body, values...)
		case isForm:
			kind, body := formOf(t, form, g.value(form, maxDepth))
			got = s.sendAs(t, as, asked, kind, body, values...)
		default:
			got = s.send(t, as, asked, nil, values...)
		}
		status, code := s.failure(t, operation, got)
		if slices.Contains(codes, code) {
			s.note(operation, status, code)
			return
		}
		if code != discord.ErrInvalidForm.Code || !isJSON && !isForm {
			t.Errorf("unknown %s: %d (%d), expected one of %v: %.300s", name, status, code, codes, got.Body)
			return
		}
	}
	t.Errorf("unknown %s: no generated body was right", name)
}

// refuse calls an operation and expects a status and code.
func (s *suite) refuse(t *testing.T, as *rest.Client, operation string, body []byte, values []string, status, code int) {
	t.Helper()
	got := s.send(t, as, operation, body, values...)
	if isStatus, isCode := s.failure(t, operation, got); isStatus != status || isCode != code {
		t.Errorf("%d (%d), expected %d (%d): %.300s", isStatus, isCode, status, code, got.Body)
		return
	}
	s.note(operation, status, code)
}

// failure checks that a failure is as described, and reads it.
func (s *suite) failure(t *testing.T, operation string, got rest.Response) (status, code int) {
	t.Helper()
	if _, err := s.validate(operation, got); err != nil {
		t.Error(err)
	}
	var failure struct {
		Code int `json:"code"`
	}
	if err := json.Unmarshal(got.Body, &failure); err != nil {
		t.Errorf("%v: %.300s", err, fmt.Sprint(got.Status, string(got.Body)))
	}
	return got.Status, failure.Code
}
