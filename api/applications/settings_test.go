package applications_test

import (
	"net/http"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
)

func TestLinksOfApplications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	_, path := newApplication(t, owner)
	good := []string{"https://a.example/cb?x=1", "http://127.0.0.1:8080/", "com.example.app:/oauth", "myapp://done"}
	var got discord.Application
	owner.Must(t, http.MethodPatch, path, map[string]any{
		"redirect_uris": good, "terms_of_service_url": "https://a.example/terms", "privacy_policy_url": "https://a.example/privacy",
		"custom_install_url": "https://a.example/add", "role_connections_verification_url": "https://a.example/link",
		"cover_image": nil, "max_participants": -1, "explicit_content_filter": 1, "bot_require_code_grant": true,
		"install_params":           map[string]any{"scopes": []string{"bot"}, "permissions": "8"},
		"integration_types_config": map[string]any{"1": map[string]any{"oauth2_install_params": nil}},
	}, nil)
	owner.Must(t, http.MethodGet, path, nil, &got)
	if strings.Join(got.RedirectURIs, " ") != strings.Join(good, " ") || *got.TermsOfServiceURL != "https://a.example/terms" ||
		*got.MaxParticipants != -1 || got.ExplicitContentFilter != 1 || !got.BotRequireCodeGrant || got.InstallParams.Permissions != 8 ||
		got.Installs(0) || !got.Installs(1) || *got.RoleConnectionsVerificationURL != "https://a.example/link" {
		t.Errorf("%+v", got)
	}
	owner.Must(t, http.MethodPatch, path, map[string]any{"install_params": nil, "terms_of_service_url": "", "max_participants": nil}, nil)
	got = discord.Application{}
	owner.Must(t, http.MethodGet, path, nil, &got)
	if got.InstallParams != nil || got.TermsOfServiceURL != nil || got.MaxParticipants != nil || got.PrivacyPolicyURL == nil {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{
		"", "/relative", "//host/x", "https://", "https:///x", "https://a.example/#x", "https://a.example/#", "https://user@a.example/",
		"javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https://a.example/\n", "https://a.example/ x",
		"https://a.example;script-src/", "https://ä.example/", "https://a.example/\\..", strings.Repeat("https://a.example/", 200),
	} {
		owner.Fails(t, http.MethodPatch, path, map[string]any{"redirect_uris": []string{bad}}, discord.ErrInvalidForm)
	}
	for name, body := range map[string]map[string]any{
		"twice":      {"redirect_uris": []string{good[0], good[0]}},
		"terms":      {"terms_of_service_url": "javascript:alert(1)"},
		"scope":      {"install_params": map[string]any{"scopes": []string{"identify"}}},
		"no scopes":  {"install_params": map[string]any{"scopes": []string{}}},
		"kind":       {"integration_types_config": map[string]any{"2": nil}},
		"no kind":    {"integration_types_config": map[string]any{}},
		"status":     {"event_webhooks_status": 3},
		"event type": {"event_webhooks_types": []string{"NONSENSE"}},
		"filter":     {"explicit_content_filter": 2},
		"people":     {"max_participants": -2},
	} {
		if answer := owner.Do(t, http.MethodPatch, path, body); answer.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
}

func TestWhatEverybodyMayKnow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, other := w.User(t), w.User(t)
	app, path := newApplication(t, owner)
	owner.Must(t, http.MethodPatch, path, map[string]any{"redirect_uris": []string{"https://a.example/"}}, nil)
	for _, suffix := range []string{"/rpc", "/public"} {
		var got map[string]any
		other.Must(t, http.MethodGet, path+suffix, nil, &got)
		if got["id"] != app.ID.String() || got["verify_key"] != app.VerifyKey {
			t.Errorf("%v", got)
		}
		for _, private := range []string{"redirect_uris", "owner", "interactions_endpoint_url", "event_webhooks_url"} {
			if _, told := got[private]; told {
				t.Errorf("%s is told to everybody", private)
			}
		}
	}
	other.Fails(t, http.MethodGet, "/applications/1/rpc", nil, discord.ErrUnknownApplication)
	var list []discord.PublicApplication
	other.Must(t, http.MethodGet, "/applications/public?application_ids=1&application_ids="+app.ID.String(), nil, &list)
	if len(list) != 1 || list[0].ID != app.ID {
		t.Errorf("%+v", list)
	}
	other.Fails(t, http.MethodGet, "/applications/public?application_ids=x", nil, discord.ErrInvalidForm)
}

func TestRoleConnectionMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	bot, _, path := newBot(t, w, owner)
	path += "/role-connections/metadata"
	item := func(key string, kind int) map[string]any {
		return map[string]any{"type": kind, "key": key, "name": "Name", "description": "text"}
	}
	var list []discord.RoleConnectionMetadata
	bot.Must(t, http.MethodPut, path, []any{item("a", 1), item("b_2", 8)}, nil)
	bot.Must(t, http.MethodGet, path, nil, &list)
	if len(list) != 2 || list[0].Key != "a" || list[1].Type != 8 {
		t.Errorf("%+v", list)
	}
	for name, bad := range map[string]any{
		"twice": []any{item("a", 1), item("a", 2)}, "key": []any{item("A", 1)}, "low": []any{item("a", 0)}, "high": []any{item("a", 9)},
		"many": []any{item("a", 1), item("b", 1), item("c", 1), item("d", 1), item("e", 1), item("f", 1)}, "object": map[string]any{},
	} {
		if answer := bot.Do(t, http.MethodPut, path, bad); answer.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
	w.User(t).Fails(t, http.MethodPut, path, []any{}, discord.ErrUnknownApplication)
	owner.Must(t, http.MethodPut, path, []any{}, &list)
	if len(list) != 0 {
		t.Errorf("%+v", list)
	}
}
