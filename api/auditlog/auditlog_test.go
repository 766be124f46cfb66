package auditlog_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/auditlog"
	"guildhall.chat/guildhall/api/automod"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/commands"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/internal/discord"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type object = map[string]any

func TestAuditLogHasWhatItsEntriesName(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(guilds.New(w.Store, w.Access, w.Presences).Routes(), automod.New(w.Access).Routes(),
			auditlog.New(w.Store, w.Access).Routes(), commands.New(w.Store, w.Access, w.Publisher).Routes())
	})
	owner, member, other := w.User(t), w.User(t), w.User(t)
	var g discord.Guild
	owner.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &g)
	w.Join(t, g.ID, member)
	guild := "/guilds/" + g.ID.String()
	log := guild + "/audit-logs"

	member.Fails(t, http.MethodGet, log, nil, discord.ErrMissingPermissions)
	other.Fails(t, http.MethodGet, log, nil, discord.ErrMissingAccess)
	owner.Fails(t, http.MethodGet, log+"?limit=101", nil, discord.ErrInvalidForm)

	var raw json.RawMessage
	owner.Must(t, http.MethodGet, log, nil, &raw)
	if strings.Contains(string(raw), "null") {
		t.Errorf("an empty log has null: %s", raw)
	}
	var rule discord.AutoModRule
	owner.Must(t, http.MethodPost, guild+"/auto-moderation/rules", object{
		"name": "words", "event_type": 1, "trigger_type": 1, "trigger_metadata": object{"keyword_filter": []string{"cabbage"}},
		"actions": []object{{"type": 1}},
	}, &rule)
	bot := w.Bot(t, owner, 0)
	w.Join(t, g.ID, bot)
	app := bot.ApplicationID
	var command discord.Command
	bot.Must(t, http.MethodPost, "/applications/"+app.String()+guild+"/commands", object{"name": "cook", "description": "cooks"}, &command)
	w.Exec(t, `insert into audit_log (id, guild_id, user_id, target_id, action, options) values ($1, $2, $3, $4, 121, jsonb_build_object('application_id', $5::text))`,
		command.ID+1, g.ID, owner.ID, command.ID.String(), app.String())

	var got discord.AuditLog
	owner.Must(t, http.MethodGet, log, nil, &got)
	if len(got.AutoModRules) != 1 || got.AutoModRules[0].ID != rule.ID || got.AutoModRules[0].Name != "words" {
		t.Errorf("rules %+v", got.AutoModRules)
	}
	if len(got.Commands) != 1 || got.Commands[0].ID != command.ID {
		t.Errorf("commands %+v", got.Commands)
	}
	if len(got.Integrations) != 1 || got.Integrations[0].ApplicationID != app {
		t.Errorf("integrations %+v", got.Integrations)
	}
	if len(got.Users) == 0 {
		t.Error("no users")
	}
	owner.Must(t, http.MethodDelete, guild+"/auto-moderation/rules/"+rule.ID.String(), nil, nil)
	owner.Must(t, http.MethodGet, log+"?action_type=140", nil, &got)
	if len(got.Entries) != 1 || len(got.AutoModRules) != 0 {
		t.Errorf("after the rule is gone: %+v", got)
	}
}
