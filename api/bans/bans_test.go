package bans_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/bans"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// hall is a guild with an owner, a guard who may ban and a member who may not.
type hall struct {
	*apitest.World
	owner, guard, member *apitest.Client
	id, channel          snowflake.ID
	guild                string
}

func newHall(t *testing.T) *hall {
	h := &hall{World: apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(guilds.New(w.Store, w.Access, w.Presences).Routes(), bans.New(w.Store, w.Access).Routes(),
			roles.New(w.Access).Routes())
	})}
	h.owner, h.guard, h.member = h.User(t), h.User(t), h.User(t)
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}, &g)
	h.id, h.channel, h.guild = g.ID, *g.SystemChannelID, "/guilds/"+g.ID.String()
	h.Join(t, h.id, h.guard, h.member)
	h.role(t, h.guard, permissions.BanMembers|permissions.KickMembers|permissions.ManageGuild)
	return h
}

// role gives somebody a role of its own.
func (h *hall) role(t *testing.T, to *apitest.Client, set permissions.Set) discord.Role {
	t.Helper()
	var r discord.Role
	h.owner.Must(t, http.MethodPost, h.guild+"/roles", map[string]any{"name": "role", "permissions": set}, &r)
	h.Exec(t, `update members set roles = roles || $3::bigint where guild_id = $1 and user_id = $2`, h.id, to.ID, r.ID)
	return r
}

func (h *hall) members(t *testing.T) (n int) {
	t.Helper()
	if err := h.Query(t, `select member_count from guilds where id = $1`, h.id).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBanRemovesAndKeepsOut(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	path := h.guild + "/bans/" + h.member.ID.String()
	h.guard.Fails(t, http.MethodGet, path, nil, discord.ErrUnknownBan)
	before := h.Seq(t, h.id)
	h.guard.Header = http.Header{"X-Audit-Log-Reason": {"spam%20all%20day"}}
	h.guard.Must(t, http.MethodPut, path, map[string]any{"delete_message_seconds": 60}, nil)
	h.guard.Header = nil
	var types []string
	for _, e := range h.Events(t, h.id, before) {
		types = append(types, e.Head.Type)
	}
	want := []string{discord.EventGuildBanAdd, discord.EventGuildMemberRemove, discord.EventAuditLogEntryCreate}
	if !slices.Equal(types, want) {
		t.Errorf("events %q, expected %q", types, want)
	}
	var ban discord.Ban
	h.guard.Must(t, http.MethodGet, path, nil, &ban)
	if ban.User.ID != h.member.ID || ban.Reason == nil || *ban.Reason != "spam all day" {
		t.Errorf("ban %+v", ban)
	}
	if n := h.members(t); n != 2 {
		t.Errorf("%d members", n)
	}
	h.guard.Must(t, http.MethodPut, path, nil, nil) // again: nothing happens
	h.guard.Must(t, http.MethodDelete, path, nil, nil)
	h.guard.Fails(t, http.MethodDelete, path, nil, discord.ErrUnknownBan)
}

// TestBanByQuery bans as clients of version 9 do, which say everything in the query.
func TestBanByQuery(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	path := h.guild + "/bans/" + h.member.ID.String()
	h.guard.Fails(t, http.MethodPut, path+"?delete_message_days=8", nil, discord.ErrInvalidForm)
	h.guard.Fails(t, http.MethodPut, path+"?reason="+strings.Repeat("x", 513), nil, discord.ErrInvalidForm)
	h.guard.Must(t, http.MethodPut, path+"?delete_message_days=1&reason=spam+all+day", nil, nil)
	var ban discord.Ban
	h.guard.Must(t, http.MethodGet, path, nil, &ban)
	if ban.Reason == nil || *ban.Reason != "spam all day" {
		t.Errorf("ban %+v", ban)
	}
	var purges int
	if err := h.Query(t, `select count(*) from purges where author_id = $1`, h.member.ID).Scan(&purges); err != nil {
		t.Fatal(err)
	}
	if purges != 1 {
		t.Errorf("%d purges, expected one of a day", purges)
	}
}

func TestBanNeedsPermissionAndRank(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	outsider := h.User(t)
	path := h.guild + "/bans"
	target := path + "/" + h.member.ID.String()
	h.Anyone().Fails(t, http.MethodPut, target, nil, discord.ErrUnauthorized)
	outsider.Fails(t, http.MethodPut, target, nil, discord.ErrMissingAccess)
	for _, as := range []*apitest.Client{h.member} {
		as.Fails(t, http.MethodPut, path+"/"+h.guard.ID.String(), nil, discord.ErrMissingPermissions)
		as.Fails(t, http.MethodGet, path, nil, discord.ErrMissingPermissions)
		as.Fails(t, http.MethodGet, target, nil, discord.ErrMissingPermissions)
		as.Fails(t, http.MethodDelete, target, nil, discord.ErrMissingPermissions)
		as.Fails(t, http.MethodPost, h.guild+"/bulk-ban", map[string]any{"user_ids": []any{outsider.ID}}, discord.ErrMissingPermissions)
		as.Fails(t, http.MethodGet, h.guild+"/prune", nil, discord.ErrMissingPermissions)
		as.Fails(t, http.MethodPost, h.guild+"/prune", map[string]any{}, discord.ErrMissingPermissions)
	}
	h.guard.Fails(t, http.MethodPut, path+"/"+h.owner.ID.String(), nil, discord.ErrMissingPermissions)
	h.guard.Fails(t, http.MethodPut, path+"/"+h.guard.ID.String(), nil, discord.ErrMissingPermissions)
	h.guard.Fails(t, http.MethodPut, path+"/123", nil, discord.ErrUnknownUser)
	h.guard.Fails(t, http.MethodPut, target, map[string]any{"delete_message_seconds": 604801}, discord.ErrInvalidForm)
	if n := h.members(t); n != 3 {
		t.Errorf("%d members after refusals", n)
	}
}

func TestBansArePaged(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	var users []snowflake.ID
	for range 5 {
		users = append(users, h.User(t).ID)
	}
	var outcome struct {
		Banned []snowflake.ID `json:"banned_users"`
		Failed []snowflake.ID `json:"failed_users"`
	}
	h.guard.Must(t, http.MethodPost, h.guild+"/bulk-ban", map[string]any{
		"user_ids": append(slices.Clone(users), h.owner.ID, 77)}, &outcome)
	if !slices.Equal(outcome.Banned, users) || len(outcome.Failed) != 2 {
		t.Errorf("outcome %+v", outcome)
	}
	h.guard.Fails(t, http.MethodPost, h.guild+"/bulk-ban", map[string]any{"user_ids": users}, discord.ErrNobodyBanned)
	for query, want := range map[string][]snowflake.ID{
		"":                                users,
		"?limit=2":                        users[:2],
		"?limit=2&after=" + id(users[1]):  users[2:4],
		"?limit=2&before=" + id(users[3]): users[1:3],
		"?limit=2&before=" + id(users[3]) + "&after=" + id(users[4]): users[1:3],
	} {
		var bans []discord.Ban
		h.guard.Must(t, http.MethodGet, h.guild+"/bans"+query, nil, &bans)
		var got []snowflake.ID
		for _, b := range bans {
			got = append(got, b.User.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, expected %v", query, got, want)
		}
	}
	var bans []discord.Ban
	h.guard.Must(t, http.MethodGet, h.guild+"/bans/search?query=USER"+id(users[2]), nil, &bans)
	if len(bans) != 1 || bans[0].User.ID != users[2] {
		t.Errorf("found %+v", bans)
	}
}

func id(i snowflake.ID) string { return i.String() }

func TestBannedMessagesGo(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	post := func(by snowflake.ID, n int) {
		for range n {
			id := h.Store.NewID()
			h.Exec(t, `insert into messages (id, channel_id, guild_id, author_id, content) values ($1, $2, $3, $4, 'x')`,
				id, h.channel, h.id, by)
			h.Exec(t, `update channels set last_message_id = $2 where id = $1`, h.channel, id)
		}
	}
	post(h.member.ID, 120)
	post(h.owner.ID, 2)
	h.guard.Must(t, http.MethodPut, h.guild+"/bans/"+h.member.ID.String(), map[string]any{"delete_message_days": 1}, nil)
	before := h.Seq(t, h.id)
	if more, err := h.Store.Purge(t.Context()); err != nil || more {
		t.Fatalf("more %v, %v", more, err)
	}
	told := 0
	for _, e := range h.Events(t, h.id, before) {
		var bulk discord.MessageDeleteBulkEvent
		if err := json.Unmarshal(e.Data, &bulk); err != nil || e.Head.Channel != h.channel {
			t.Errorf("event %+v %v", e.Head, err)
		}
		told += len(bulk.IDs)
	}
	var left int
	if err := h.Query(t, `select count(*) from messages where channel_id = $1 and deleted_at is null and author_id <> $2 and type = 0`,
		h.channel, h.member.ID).Scan(&left); err != nil || left != 2 {
		t.Errorf("%d messages of others are left, %v", left, err)
	}
	if told != 121 { // and the announcement of the joining
		t.Errorf("%d deletions were told", told)
	}
}

func TestDeletedGuildLeavesNoMessages(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	message := h.Store.NewID()
	h.Exec(t, `insert into messages (id, channel_id, guild_id, author_id) values ($1, $2, $3, $4)`,
		message, h.channel, h.id, h.owner.ID)
	h.Exec(t, `insert into pins (message_id, channel_id) values ($1, $2)`, message, h.channel)
	h.Exec(t, `insert into polls (message_id, channel_id, expires_at) values ($1, $2, now())`, message, h.channel)
	h.Exec(t, `insert into poll_votes (message_id, answer_id, user_id) values ($1, 1, $2)`, message, h.owner.ID)
	h.Exec(t, `insert into message_mentions (message_id, channel_id, target_id) values ($1, $2, $3)`, message, h.channel, h.owner.ID)
	h.Exec(t, `insert into message_search (message_id, channel_id, doc) values ($1, $2, 'secret')`, message, h.channel)
	h.owner.Must(t, http.MethodDelete, h.guild, nil, nil)
	if _, err := h.Store.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left, planned int
	for _, table := range []string{"messages", "pins", "polls", "poll_votes", "message_mentions", "message_search"} {
		if err := h.Query(t, `select count(*) from `+table).Scan(&left); err != nil || left != 0 {
			t.Errorf("%d rows of %s are left, %v", left, table, err)
		}
	}
	if err := h.Query(t, `select count(*) from purges`).Scan(&planned); err != nil || planned != 0 {
		t.Errorf("%d purges are left, %v", planned, err)
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	away, awayWithRole, recent := h.User(t), h.User(t), h.User(t)
	h.Join(t, h.id, away, awayWithRole, recent)
	role := h.role(t, awayWithRole, 0)
	h.Exec(t, `update members set joined_at = now() - interval '1 year'`)
	h.Exec(t, `update users set seen_at = now() - interval '10 days' where id = any($1)`, []snowflake.ID{away.ID, awayWithRole.ID, h.owner.ID})
	for query, want := range map[string]int{"?days=7": 1, "?days=30": 0, "?days=7&include_roles=" + role.ID.String(): 2} {
		var answer struct{ Pruned *int }
		h.owner.Must(t, http.MethodGet, h.guild+"/prune"+query, nil, &answer)
		if answer.Pruned == nil || *answer.Pruned != want {
			t.Errorf("%s: %v, expected %d", query, answer.Pruned, want)
		}
	}
	h.owner.Fails(t, http.MethodGet, h.guild+"/prune?days=31", nil, discord.ErrInvalidForm)
	var answer struct{ Pruned *int }
	h.owner.Must(t, http.MethodPost, h.guild+"/prune", map[string]any{"days": 7}, &answer)
	if answer.Pruned == nil || *answer.Pruned != 1 || h.members(t) != 5 {
		t.Errorf("pruned %v, %d members are left", answer.Pruned, h.members(t))
	}
	h.owner.Must(t, http.MethodPost, h.guild+"/prune", map[string]any{
		"days": 7, "include_roles": role.ID.String(), "compute_prune_count": false}, &answer)
	if answer.Pruned != nil || h.members(t) != 4 {
		t.Errorf("pruned %v, %d members are left", answer.Pruned, h.members(t))
	}
	var options string
	if err := h.Query(t, `select options->>'members_removed' from audit_log where action = 21 order by id limit 1`).Scan(&options); err != nil || options != "1" {
		t.Errorf("audit log: %q, %v", options, err)
	}
}
