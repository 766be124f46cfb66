package automod_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/automod"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

func (h *hall) nameRule(actions ...object) object {
	return object{
		"name": "names", "event_type": 2, "trigger_type": 6, "enabled": true, "actions": actions,
		"trigger_metadata": object{"keyword_filter": []string{"*cabbage*"}, "allow_list": []string{"cabbage fan"}},
	}
}

var quarantine = object{"type": 4}

func (h *hall) judgeNames() {
	h.t.Helper()
	if err := automod.JudgeNames(h.t.Context(), h.Store); err != nil {
		h.t.Fatal(err)
	}
}

// quarantined reports whether a member is, and checks that it is what the member may do.
func (h *hall) quarantined(c *apitest.Client) bool {
	h.t.Helper()
	var m discord.Member
	h.owner.Must(h.t, http.MethodGet, "/guilds/"+h.guild.String()+"/members/"+c.ID.String(), nil, &m)
	is := m.Flags&discord.MemberQuarantinedName != 0
	if is {
		c.Fails(h.t, http.MethodPost, h.messages(), object{"content": "hello"}, discord.ErrMissingPermissions)
	} else {
		c.Must(h.t, http.MethodPost, h.messages(), object{"content": "hello"}, nil)
	}
	return is
}

func (h *hall) nick(as, of *apitest.Client, name any) {
	h.t.Helper()
	who := of.ID.String()
	if as == of {
		who = "@me"
	}
	as.Must(h.t, http.MethodPatch, "/guilds/"+h.guild.String()+"/members/"+who, object{"nick": name}, nil)
}

func TestNicknamesAreJudged(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	rule := h.create(h.nameRule(quarantine, object{"type": 2, "metadata": object{"channel_id": h.text}}))
	h.nick(h.member, h.member, "a cabbage fan")
	h.judgeNames()
	if h.quarantined(h.member) {
		t.Error("quarantined for what is allowed")
	}
	seq := h.Seq(t, h.guild)
	h.nick(h.member, h.member, "CabbageKing")
	h.judgeNames()
	h.judgeNames() // it has been judged
	evs := h.since(seq)
	if len(evs[discord.EventAutoModActionExecution]) != 2 || len(evs[discord.EventGuildMemberUpdate]) != 2 || len(evs[discord.EventMessageCreate]) != 1 {
		t.Fatalf("%v", evs)
	}
	var e discord.AutoModExecution
	if err := json.Unmarshal(evs[discord.EventAutoModActionExecution][0], &e); err != nil || e.RuleID != rule.ID || e.TriggerType != 6 ||
		e.Action.Type != discord.AutoModQuarantine || e.UserID != h.member.ID || e.ChannelID != nil || e.MessageID != nil ||
		e.Content != "CabbageKing" || *e.MatchedKeyword != "*cabbage*" || *e.MatchedContent != "Cabbage" {
		t.Errorf("%+v %v", e, err)
	}
	var alert discord.MessageEvent
	if err := json.Unmarshal(evs[discord.EventMessageCreate][0], &alert); err != nil || alert.ChannelID != h.text || alert.Author.ID != h.member.ID {
		t.Errorf("%+v %v", alert, err)
	}
	for name, value := range map[string]string{"quarantine_user": "nickname", "quarantine_event": "username_update", "quarantine_user_action": "quarantine_user"} {
		if !slices.Contains(alert.Embeds[0].Fields, discord.EmbedField{Name: name, Value: value}) {
			t.Errorf("fields %+v", alert.Embeds[0].Fields)
		}
	}
	var audited int
	if err := h.Query(t, `select count(*) from audit_log where guild_id = $1 and action = $2 and target_id = $3`,
		h.guild, discord.AuditAutoModQuarantine, h.member.ID.String()).Scan(&audited); err != nil || audited != 1 {
		t.Errorf("%d entries, %v", audited, err)
	}
	if !h.quarantined(h.member) {
		t.Error("not quarantined")
	}
	h.nick(h.member, h.member, nil) // is what a quarantine leaves to a member
	h.judgeNames()
	if h.quarantined(h.member) {
		t.Error("still quarantined")
	}
	h.nick(h.owner, h.member, "cabbage")
	h.judgeNames()
	if !h.quarantined(h.member) {
		t.Error("not quarantined for what others call it")
	}
}

func TestJoinsAndNamesOfUsersAreJudged(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.create(h.nameRule(quarantine))
	guest := h.User(t)
	h.Exec(t, `update users set global_name = 'Cabbage' where id = $1`, guest.ID)
	h.Join(t, h.guild, guest)
	h.judgeNames()
	if !h.quarantined(guest) {
		t.Error("joined with a forbidden name")
	}
	h.Exec(t, `update users set global_name = null where id = $1`, guest.ID)
	h.Exec(t, `update users set username = 'leekcabbage' where id = $1`, h.member.ID)
	h.judgeNames()
	if h.quarantined(guest) || !h.quarantined(h.member) {
		t.Error("names of users are not judged")
	}
}

func TestWhoseNamesAreNotJudged(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	var trusted, manager discord.Role
	h.owner.Must(t, http.MethodPost, "/guilds/"+h.guild.String()+"/roles", object{"name": "trusted"}, &trusted)
	h.owner.Must(t, http.MethodPost, "/guilds/"+h.guild.String()+"/roles", object{"name": "manager", "permissions": permissions.ManageGuild}, &manager)
	body := h.nameRule(quarantine)
	body["exempt_roles"] = []snowflake.ID{trusted.ID}
	rule := h.create(body)
	friend, deputy := h.User(t), h.User(t)
	h.Join(t, h.guild, friend, deputy)
	h.Exec(t, `update members set roles = array[$3::bigint] where guild_id = $1 and user_id = $2`, h.guild, friend.ID, trusted.ID)
	h.Exec(t, `update members set roles = array[$3::bigint] where guild_id = $1 and user_id = $2`, h.guild, deputy.ID, manager.ID)
	for _, c := range []*apitest.Client{h.owner, friend, deputy, h.member} {
		h.nick(c, c, "cabbage")
	}
	h.judgeNames()
	if h.quarantined(h.owner) || h.quarantined(friend) || h.quarantined(deputy) || !h.quarantined(h.member) {
		t.Error("the rule applies to others than it should")
	}
	// Without the rule nobody is quarantined any more; and then again only whose name changes.
	seq := h.Seq(t, h.guild)
	path := h.rules + "/" + rule.ID.String()
	h.owner.Must(t, http.MethodPatch, path, object{"name": "other"}, nil)
	h.judgeNames()
	if evs := h.since(seq); !h.quarantined(h.member) || len(evs[discord.EventAutoModActionExecution]) != 0 {
		t.Errorf("%v", evs)
	}
	h.owner.Must(t, http.MethodDelete, path, nil, nil)
	h.judgeNames()
	if h.quarantined(h.member) {
		t.Error("quarantined by a rule that is gone")
	}
	h.create(body)
	h.judgeNames()
	if h.quarantined(h.member) {
		t.Error("quarantined for a name from before the rule")
	}
}

func TestNamesInGuildsThatGoAreForgotten(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.create(h.nameRule(quarantine))
	h.nick(h.member, h.member, "cabbage")
	h.owner.Must(t, http.MethodDelete, "/guilds/"+h.guild.String(), nil, nil)
	h.judgeNames()
	var left int
	if err := h.Query(t, `select count(*) from name_checks`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d are left, %v", left, err)
	}
}

// A name that changes while an earlier one is judged is judged after that.
func TestANameThatChangesMeanwhileIsNotMissed(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.create(h.nameRule(quarantine))
	h.nick(h.member, h.member, "leek")
	judged := make(chan error, 1)
	err := h.Store.Change(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Exec(t.Context(), `update users set global_name = 'cabbage' where id = $1`, h.member.ID); err != nil {
			return err
		}
		go func() { judged <- automod.JudgeNames(t.Context(), h.Store) }()
		for waiting := false; !waiting; {
			select {
			case err := <-judged:
				t.Errorf("judged the old name: %v", err)
				judged <- nil
				return nil
			default:
			}
			err := h.Query(t, `select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')`).Scan(&waiting)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, <-judged); err != nil {
		t.Fatal(err)
	}
	if h.judgeNames(); !h.quarantined(h.member) {
		t.Error("not quarantined")
	}
}
