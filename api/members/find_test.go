package members_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

type object = map[string]any

// found are the ids of a search, in their order, and how many there are in all.
func (h *hall) found(t *testing.T, body object) (ids []snowflake.ID, total int) {
	t.Helper()
	var answer struct {
		GuildID snowflake.ID                 `json:"guild_id"`
		Members []discord.SupplementalMember `json:"members"`
		Count   int                          `json:"page_result_count"`
		Total   int                          `json:"total_result_count"`
	}
	h.owner.Must(t, http.MethodPost, "/guilds/"+h.id.String()+"/members-search", body, &answer)
	for _, m := range answer.Members {
		ids = append(ids, m.UserID)
	}
	if answer.GuildID != h.id || answer.Count != len(ids) {
		t.Errorf("answer %+v", answer)
	}
	return ids, answer.Total
}

// guest joins by an invite of the moderator.
func (h *hall) guest(t *testing.T) *apitest.Client {
	t.Helper()
	guest, code := h.User(t), "abc"
	err := h.Store.Change(t.Context(), func(tx *store.Tx) error {
		_, err := tx.JoinAs(t.Context(), h.id, guest.ID, store.Joining{Source: discord.JoinByInvite, Invite: &code, Inviter: &h.moderator.ID})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return guest
}

func TestMembersAreFound(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	guest := h.guest(t)
	h.Exec(t, `update members set joined_at = '2026-01-01T00:00:00.0001Z' where user_id = $1`, h.friend.ID)
	h.Exec(t, `update members set joined_at = '2026-01-01T00:00:00.0002Z' where user_id = $1`, guest.ID)
	h.Exec(t, `update members set joined_at = '2026-02-01T00:00:00Z' where not user_id = any($1)`, []snowflake.ID{h.friend.ID, guest.ID})
	h.Exec(t, `update members set flags = $1 where user_id = $2`, discord.MemberQuarantinedName, h.deputy.ID)
	const january, february = 1767225600000, 1769904000000
	all := []snowflake.ID{h.owner.ID, h.deputy.ID, h.moderator.ID, h.friend.ID, guest.ID}
	for _, c := range []struct {
		name string
		body object
		want []snowflake.ID // in any order
	}{
		{"everybody", object{}, all},
		{"by a role", object{"and_query": object{"role_ids": object{"or_query": []any{h.high.ID, h.own.ID}}}}, []snowflake.ID{h.deputy.ID, h.moderator.ID}},
		{"by both roles", object{"and_query": object{"role_ids": object{"and_query": []any{h.high.ID, h.own.ID}}}}, nil},
		{"by the invite", object{"and_query": object{"source_invite_code": object{"or_query": []any{"abc"}}, "join_source_type": object{"or_query": []int{5}}}}, []snowflake.ID{guest.ID}},
		{"in January", object{"and_query": object{"guild_joined_at": object{"range": object{"gte": january, "lte": january}}}}, []snowflake.ID{h.friend.ID, guest.ID}},
		{"either", object{"or_query": object{"user_id": object{"or_query": []any{h.owner.ID}}, "role_ids": object{"or_query": []any{h.own.ID}}}}, []snowflake.ID{h.owner.ID, h.moderator.ID}},
		{"either, of those in January", object{"and_query": object{"guild_joined_at": object{"range": object{"lte": january}}}, "or_query": object{
			"user_id": object{"or_query": []any{h.owner.ID, h.friend.ID}}, "is_pending": true}}, []snowflake.ID{h.friend.ID}},
		{"by a range of ids", object{"and_query": object{"user_id": object{"range": object{"gte": guest.ID}}}}, []snowflake.ID{guest.ID}},
		{"who signals something", object{"and_query": object{"safety_signals": object{"unusual_account_activity": true}}}, nil},
		{"by nothing in a list", object{"and_query": object{"role_ids": object{"or_query": []any{}}, "usernames": object{"or_query": []any{}}}}, all},
		{"by a source that there isn't", object{"and_query": object{"join_source_type": object{"or_query": []int{1 << 40}}}}, nil},
		{"who has a quarantined name", object{"and_query": object{"safety_signals": object{"automod_quarantined_username": true}}}, []snowflake.ID{h.deputy.ID}},
		{"who was here before", object{"and_query": object{"did_rejoin": true}}, nil},
	} {
		ids, total := h.found(t, c.body)
		slices.Sort(ids)
		slices.Sort(c.want)
		if !slices.Equal(ids, c.want) || total != len(c.want) {
			t.Errorf("%s: %v of %d, want %v", c.name, ids, total, c.want)
		}
	}
	var names []snowflake.ID
	var user discord.User
	h.owner.Must(t, http.MethodGet, "/guilds/"+h.id.String()+"/members/"+guest.ID.String(), nil, &struct{ User *discord.User }{&user})
	if names, _ = h.found(t, object{"and_query": object{"usernames": object{"or_query": []any{user.Username[:len(user.Username)-1]}}}}); !slices.Contains(names, guest.ID) {
		t.Errorf("by the beginning of its name: %v", names)
	}

	// In pages, both ways: two have joined within a millisecond.
	newest, _ := h.found(t, object{})
	for i := range newest[1:] {
		joined := february
		if newest[i] == h.friend.ID || newest[i] == guest.ID {
			joined = january
		}
		after, total := h.found(t, object{"limit": 1, "after": object{"user_id": newest[i], "guild_joined_at": joined}})
		if len(after) != 1 || after[0] != newest[i+1] || total != len(all) {
			t.Errorf("after %d: %v of %d, want %v", i, after, total, newest[i+1])
		}
		if i == 0 {
			continue
		}
		if before, _ := h.found(t, object{"limit": 1, "before": object{"user_id": newest[i], "guild_joined_at": joined}}); len(before) != 1 || before[0] != newest[i-1] {
			t.Errorf("before %d: %v, want %v", i, before, newest[i-1])
		}
	}
	oldest, _ := h.found(t, object{"sort": 2})
	slices.Reverse(oldest)
	if !slices.Equal(oldest, newest) {
		t.Errorf("oldest first is not the other way round: %v, %v", oldest, newest)
	}
	lowest, _ := h.found(t, object{"sort": 4})
	if !slices.IsSorted(lowest) {
		t.Errorf("by id: %v", lowest)
	}
	path := "/guilds/" + h.id.String() + "/members-search"
	for _, wrong := range []string{`{"limit":0}`, `{"limit":1001}`, `{"sort":5}`, `{"and_query":{"usernames":{"or_query":[""]}}}`,
		`{"and_query":{"guild_joined_at":{"range":{"gte":-1}}}}`, `{"or_query":[]}`, `{"after":{"user_id":"x"}}`} {
		h.owner.Fails(t, http.MethodPost, path, json.RawMessage(wrong), discord.ErrInvalidForm)
	}
	h.friend.Fails(t, http.MethodPost, path, object{}, discord.ErrMissingPermissions)
}

func TestHowMembersHaveCome(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	guest := h.guest(t)
	var got []discord.SupplementalMember
	h.owner.Must(t, http.MethodPost, h.path+"/supplemental", object{"user_ids": []any{guest.ID, h.friend.ID, h.id}}, &got)
	slices.SortFunc(got, func(a, b discord.SupplementalMember) int { return int(a.JoinSourceType - b.JoinSourceType) })
	if len(got) != 2 || got[0].UserID != h.friend.ID || got[0].SourceInviteCode != nil || got[1].UserID != guest.ID ||
		*got[1].SourceInviteCode != "abc" || *got[1].InviterID != h.moderator.ID || got[1].Member.User.ID != guest.ID {
		t.Errorf("%+v", got)
	}
	h.owner.Fails(t, http.MethodPost, h.path+"/supplemental", object{"user_ids": make([]int, 201)}, discord.ErrInvalidForm)
	h.friend.Fails(t, http.MethodPost, h.path+"/supplemental", object{"user_ids": []any{}}, discord.ErrMissingPermissions)
}

func TestARoleIsGivenToSeveral(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	path := "/guilds/" + h.id.String() + "/roles/" + h.low.ID.String() + "/members"
	seq := h.Seq(t, h.id)
	h.moderator.Fails(t, http.MethodPatch, path, object{"member_ids": []any{h.friend.ID, h.id}}, discord.ErrUnknownMember)
	if h.Seq(t, h.id) != seq {
		t.Error("one is no member, and others have got the role")
	}
	var got map[snowflake.ID]discord.Member
	h.moderator.Must(t, http.MethodPatch, path, object{"member_ids": []any{h.friend.ID, h.deputy.ID, h.friend.ID}}, &got)
	if len(got) != 2 || !slices.Contains(got[h.friend.ID].Roles, h.low.ID) || !slices.Contains(got[h.deputy.ID].Roles, h.high.ID) {
		t.Errorf("%+v", got)
	}
	updates := 0
	for _, e := range h.Events(t, h.id, seq) {
		if e.Head.Type == discord.EventGuildMemberUpdate {
			updates++
		}
	}
	if updates != 2 {
		t.Errorf("%d members are updated", updates)
	}
	h.moderator.Fails(t, http.MethodPatch, "/guilds/"+h.id.String()+"/roles/"+h.high.ID.String()+"/members", object{"member_ids": []any{h.friend.ID}}, discord.ErrMissingPermissions)
	h.moderator.Fails(t, http.MethodPatch, path, object{}, discord.ErrInvalidForm)
	h.moderator.Fails(t, http.MethodPatch, path, object{"member_ids": make([]snowflake.ID, 31)}, discord.ErrInvalidForm)
}

func TestAnybodyJoinsWhatCanBeDiscovered(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	guest, banned := h.User(t), h.User(t)
	h.Exec(t, `insert into bans (guild_id, user_id) values ($1, $2)`, h.id, banned.ID)
	path := h.path + "/@me"
	guest.Fails(t, http.MethodPut, path, nil, discord.ErrUnknownGuild)
	h.Exec(t, `update guilds set features = '{COMMUNITY,DISCOVERABLE}' where id = $1`, h.id)
	banned.Fails(t, http.MethodPut, path, nil, discord.ErrBannedFromGuild)
	guest.Fails(t, http.MethodPut, path+"?lurker=true", nil, discord.ErrInvalidForm)
	h.Exec(t, `update guilds set invites_disabled_until = now() + interval '1 hour' where id = $1`, h.id)
	guest.Fails(t, http.MethodPut, path, nil, discord.ErrUnknownGuild)
	h.Exec(t, `update guilds set invites_disabled_until = null where id = $1`, h.id)
	var g discord.Guild
	guest.Must(t, http.MethodPut, path, nil, &g)
	if g.ID != h.id {
		t.Errorf("joined %+v", g)
	}
	if ids, _ := h.found(t, object{"and_query": object{"join_source_type": object{"or_query": []int{3}}}}); !slices.Equal(ids, []snowflake.ID{guest.ID}) {
		t.Errorf("by discovery have come %v", ids)
	}
	if again := guest.Do(t, http.MethodPut, path, nil); again.Status != http.StatusNoContent {
		t.Errorf("a member joins: %d %s", again.Status, again.Body)
	}
}
