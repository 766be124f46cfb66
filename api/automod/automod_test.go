package automod_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/auditlog"
	"guildhall.chat/guildhall/api/automod"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/members"
	"guildhall.chat/guildhall/api/messages"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/api/threads"
	"guildhall.chat/guildhall/api/webhooks"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestMain(m *testing.M) {
	// An expiring cache, as webhooks have one for pictures, can't be stopped.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/hashicorp/golang-lru/v2/expirable.NewLRU[...].func1"))
}

type object = map[string]any

// hall is a guild with its first channel, an owner and a member.
type hall struct {
	*apitest.World
	t             *testing.T
	guild, text   snowflake.ID
	rules         string // path
	owner, member *apitest.Client
}

func newHall(t *testing.T) *hall {
	t.Helper()
	w := apitest.New(t, func(w *apitest.World) []call.Route {
		moderator := automod.NewModerator(w.Store, w.Redis, slog.New(slog.DiscardHandler))
		poster := w.Poster.Moderated(moderator)
		return slices.Concat(
			automod.New(w.Access).Routes(),
			channels.New(w.Store, w.Access, poster, w.Publisher).Routes(),
			messages.New(w.Store, w.Access, poster, w.Redis).Routes(),
			threads.New(w.Store, w.Access, poster, w.Redis).Routes(),
			webhooks.New(webhooks.Config{Store: w.Store, Access: w.Access, Poster: poster}).Routes(),
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			auditlog.New(w.Store, w.Access).Routes(),
			roles.New(w.Access).Routes(),
			members.New(w.Store, w.Access).Routes(),
		)
	})
	h := &hall{World: w, t: t, owner: w.User(t), member: w.User(t)}
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &g)
	h.guild = g.ID
	if err := w.Query(t, `select id from channels where guild_id = $1 and type = 0`, g.ID).Scan(&h.text); err != nil {
		t.Fatal(err)
	}
	h.rules = "/guilds/" + g.ID.String() + "/auto-moderation/rules"
	w.Join(t, h.guild, h.member)
	return h
}

func (h *hall) keywordRule(actions ...object) object {
	return object{
		"name": "words", "event_type": 1, "trigger_type": 1, "enabled": true,
		"trigger_metadata": object{"keyword_filter": []string{"cabbage*"}}, "actions": actions,
	}
}

func (h *hall) create(body object) (r discord.AutoModRule) {
	h.t.Helper()
	h.owner.Must(h.t, http.MethodPost, h.rules, body, &r)
	return r
}

func (h *hall) messages() string { return "/channels/" + h.text.String() + "/messages" }

// since are the events of the guild after a seq, by type.
func (h *hall) since(seq int64) map[string][]json.RawMessage {
	found := map[string][]json.RawMessage{}
	for _, e := range h.Events(h.t, h.guild, seq) {
		found[e.Head.Type] = append(found[e.Head.Type], e.Data)
	}
	return found
}

var block = object{"type": 1, "metadata": object{"custom_message": "no vegetables"}}

func TestBlockedMessageIsNotSent(t *testing.T) {
	h := newHall(t)
	rule := h.create(h.keywordRule(block, object{"type": 2, "metadata": object{"channel_id": h.text}},
		object{"type": 3, "metadata": object{"duration_seconds": 60}}))
	seq := h.Seq(t, h.guild)
	answer := h.member.Do(t, http.MethodPost, h.messages(), object{"content": "two Cabbages please"})
	if answer.Status != http.StatusBadRequest || !strings.Contains(string(answer.Body), `"code":200000`) ||
		!strings.Contains(string(answer.Body), "no vegetables") {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	evs := h.since(seq)
	if len(evs[discord.EventMessageCreate]) != 1 || len(evs[discord.EventAutoModActionExecution]) != 3 ||
		len(evs[discord.EventAuditLogEntryCreate]) != 3 || len(evs[discord.EventGuildMemberUpdate]) != 1 {
		t.Fatalf("%v", evs)
	}
	var alert discord.MessageEvent
	if err := json.Unmarshal(evs[discord.EventMessageCreate][0], &alert); err != nil || alert.Type != 24 || alert.Author.ID != h.member.ID ||
		alert.Embeds[0].Type != "auto_moderation_message" || alert.Embeds[0].Description != "two Cabbages please" {
		t.Errorf("%+v %v", alert, err)
	}
	var e discord.AutoModExecution
	if err := json.Unmarshal(evs[discord.EventAutoModActionExecution][1], &e); err != nil || e.RuleID != rule.ID || e.MessageID != nil ||
		*e.MatchedKeyword != "cabbage*" || *e.MatchedContent != "Cabbage" || *e.AlertID != alert.ID || *e.ChannelID != h.text {
		t.Errorf("%+v %v", e, err)
	}
	// The time-out holds.
	h.member.Fails(t, http.MethodPost, h.messages(), object{"content": "hello"}, discord.ErrMissingPermissions)
	// Who manages the guild is immune.
	h.owner.Must(t, http.MethodPost, h.messages(), object{"content": "cabbage"}, nil)
}

func TestEditIsJudgedToo(t *testing.T) {
	h := newHall(t)
	var m discord.Message
	h.member.Must(t, http.MethodPost, h.messages(), object{"content": "carrot"}, &m)
	h.create(h.keywordRule(block))
	path := h.messages() + "/" + m.ID.String()
	h.member.Fails(t, http.MethodPatch, path, object{"content": "cabbage"}, discord.ErrMessageBlocked)
	h.owner.Must(t, http.MethodGet, path, nil, &m)
	if m.Content != "carrot" {
		t.Errorf("%q", m.Content)
	}
	h.member.Must(t, http.MethodPatch, path, object{"content": "leek"}, nil)
}

func TestEditOfAWebhookIsJudgedToo(t *testing.T) {
	h := newHall(t)
	var w discord.Webhook
	h.owner.Must(t, http.MethodPost, "/channels/"+h.text.String()+"/webhooks", object{"name": "Hook"}, &w)
	hook := "/webhooks/" + w.ID.String() + "/" + w.Token
	var m discord.Message
	h.Anyone().Must(t, http.MethodPost, hook+"?wait=true", object{"content": "carrot"}, &m)
	h.create(h.keywordRule(block))
	seq := h.Seq(t, h.guild)
	path := hook + "/messages/" + m.ID.String()
	h.Anyone().Fails(t, http.MethodPatch, path, object{"content": "cabbage"}, discord.ErrMessageBlocked)
	evs := h.since(seq)
	if len(evs[discord.EventMessageUpdate]) != 0 || len(evs[discord.EventAutoModActionExecution]) != 1 {
		t.Errorf("%v", evs)
	}
	h.Anyone().Must(t, http.MethodPatch, path, object{"content": "leek"}, &m)
	if m.Content != "leek" {
		t.Errorf("%q", m.Content)
	}
}

func TestAlertLetsTheMessagePass(t *testing.T) {
	h := newHall(t)
	h.create(h.keywordRule(object{"type": 2, "metadata": object{"channel_id": h.text}}))
	seq := h.Seq(t, h.guild)
	var m discord.Message
	h.member.Must(t, http.MethodPost, h.messages(), object{"embeds": []object{{"title": "cabbage"}}, "content": "x"}, &m)
	evs := h.since(seq)
	var e discord.AutoModExecution
	if len(evs[discord.EventMessageCreate]) != 2 || len(evs[discord.EventAutoModActionExecution]) != 1 {
		t.Fatalf("%v", evs)
	}
	if err := json.Unmarshal(evs[discord.EventAutoModActionExecution][0], &e); err != nil || e.MessageID == nil || *e.MessageID != m.ID {
		t.Errorf("%+v %v", e, err)
	}
}

func TestWhatIsSaidAgainAndAgainIsSpam(t *testing.T) {
	h := newHall(t)
	h.create(object{"name": "spam", "event_type": 1, "trigger_type": 3, "enabled": true, "actions": []object{{"type": 1}}})
	for range 3 {
		h.member.Must(t, http.MethodPost, h.messages(), object{"content": "cheap watches here"}, nil)
	}
	h.member.Fails(t, http.MethodPost, h.messages(), object{"content": "cheap watches here"}, discord.ErrMessageBlocked)
	h.member.Must(t, http.MethodPost, h.messages(), object{"content": "sorry"}, nil)
}

func TestRules(t *testing.T) {
	h := newHall(t)
	seq := h.Seq(t, h.guild)
	rule := h.create(h.keywordRule(block))
	if rule.CreatorID != h.owner.ID || rule.GuildID != h.guild || !rule.Enabled || rule.Metadata.RegexPatterns == nil {
		t.Errorf("%+v", rule)
	}
	path := h.rules + "/" + rule.ID.String()
	h.owner.Must(t, http.MethodPatch, path, object{"enabled": false, "trigger_metadata": object{"regex_patterns": []string{"a+"}},
		"exempt_channels": []snowflake.ID{h.text}}, &rule)
	if rule.Enabled || rule.Metadata.KeywordFilter[0] != "cabbage*" || rule.Metadata.RegexPatterns[0] != "a+" || rule.ExemptChannels[0] != h.text {
		t.Errorf("%+v", rule)
	}
	h.member.Must(t, http.MethodPost, h.messages(), object{"content": "cabbage"}, nil)
	var list []discord.AutoModRule
	h.owner.Must(t, http.MethodGet, h.rules, nil, &list)
	h.owner.Must(t, http.MethodGet, path, nil, nil)
	if len(list) != 1 {
		t.Errorf("%+v", list)
	}
	h.owner.Must(t, http.MethodDelete, path, nil, nil)
	h.owner.Fails(t, http.MethodGet, path, nil, discord.ErrNotFound)
	h.owner.Fails(t, http.MethodDelete, path, nil, discord.ErrNotFound)
	evs := h.since(seq)
	for _, kind := range []string{discord.EventAutoModRuleCreate, discord.EventAutoModRuleUpdate, discord.EventAutoModRuleDelete} {
		if len(evs[kind]) != 1 {
			t.Errorf("%s: %d", kind, len(evs[kind]))
		}
	}
	var actions []int
	if err := h.Query(t, `select array_agg(action order by id) from audit_log where guild_id = $1 and action >= 140`, h.guild).Scan(&actions); err != nil ||
		!slices.Equal(actions, []int{140, 141, 142}) {
		t.Errorf("%v %v", actions, err)
	}
}

func TestLimitsAndForms(t *testing.T) {
	h := newHall(t)
	for range 6 {
		h.create(h.keywordRule(block))
	}
	h.owner.Fails(t, http.MethodPost, h.rules, h.keywordRule(block), discord.ErrInvalidForm)
	mention := object{"name": "m", "event_type": 1, "trigger_type": 5, "actions": []object{{"type": 1}},
		"trigger_metadata": object{"mention_total_limit": 5, "mention_raid_protection_enabled": true}}
	if r := h.create(mention); *r.Metadata.MentionTotalLimit != 5 || !*r.Metadata.RaidProtection || r.Metadata.KeywordFilter != nil {
		t.Errorf("%+v", r)
	}
	h.owner.Fails(t, http.MethodPost, h.rules, mention, discord.ErrInvalidForm)
	preset := object{"name": "p", "event_type": 1, "trigger_type": 4, "trigger_metadata": object{"presets": []int{1, 3}}, "actions": []object{{"type": 1}}}
	for name, change := range map[string]object{
		"no name": {"name": ""}, "event": {"event_type": 2}, "trigger": {"trigger_type": 2}, "presets": {"trigger_metadata": object{"presets": []int{4}}},
		"no actions": {"actions": []object{}}, "time-out": {"actions": []object{{"type": 3, "metadata": object{"duration_seconds": 5}}}},
		"alert nowhere": {"actions": []object{{"type": 2}}}, "alert elsewhere": {"actions": []object{{"type": 2, "metadata": object{"channel_id": "5"}}}},
		"twice": {"actions": []object{{"type": 1}, {"type": 1}}}, "role": {"exempt_roles": []string{"5"}},
		"pattern":  {"trigger_type": 6, "event_type": 2, "trigger_metadata": object{"regex_patterns": []string{"(?=a)"}}},
		"long":     {"trigger_metadata": object{"allow_list": []string{strings.Repeat("a", 61)}}},
		"bad type": {"actions": "x"},
	} {
		body := object{}
		for k, v := range preset {
			body[k] = v
		}
		for k, v := range change {
			body[k] = v
		}
		answer := h.owner.Do(t, http.MethodPost, h.rules, body)
		if answer.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
	h.create(preset)
}

func TestWhoMayWriteRules(t *testing.T) {
	h := newHall(t)
	rule := h.create(h.keywordRule(block))
	path := h.rules + "/" + rule.ID.String()
	for _, as := range []struct {
		*apitest.Client
		want *discord.Error
	}{{h.member, discord.ErrMissingPermissions}, {h.User(t), discord.ErrMissingAccess}, {h.Anyone(), discord.ErrUnauthorized}} {
		as.Fails(t, http.MethodPost, h.rules, h.keywordRule(block), as.want)
		as.Fails(t, http.MethodPatch, path, object{"enabled": false}, as.want)
		as.Fails(t, http.MethodDelete, path, nil, as.want)
		as.Fails(t, http.MethodGet, path, nil, as.want)
		as.Fails(t, http.MethodGet, h.rules, nil, as.want)
	}
	// Managing the guild is enough for rules, but not for what they do to members.
	everyone := "/guilds/" + h.guild.String() + "/roles/" + h.guild.String()
	h.owner.Must(t, http.MethodPatch, everyone, object{"permissions": (permissions.ManageGuild | permissions.ViewChannel).String()}, nil)
	timeOut := h.keywordRule(object{"type": 3, "metadata": object{"duration_seconds": 60}})
	h.member.Fails(t, http.MethodPost, h.rules, timeOut, discord.ErrMissingPermissions)
	h.member.Must(t, http.MethodPost, h.rules, h.keywordRule(block), nil)
}

func TestTheAuditLogShowsTheRulesThatItNames(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	made := h.create(h.keywordRule(object{"type": 1}))
	var log discord.AuditLog
	h.owner.Must(t, http.MethodGet, "/guilds/"+h.guild.String()+"/audit-logs?action_type=140", nil, &log)
	if len(log.Entries) != 1 || len(log.AutoModRules) != 1 || log.AutoModRules[0].ID != made.ID {
		t.Errorf("log %+v", log)
	}
	h.owner.Must(t, http.MethodDelete, h.rules+"/"+made.ID.String(), nil, nil)
	h.owner.Must(t, http.MethodGet, "/guilds/"+h.guild.String()+"/audit-logs", nil, &log)
	if log.AutoModRules == nil || len(log.AutoModRules) != 0 {
		t.Errorf("rules of the log %v, expected an empty list", log.AutoModRules)
	}
}
