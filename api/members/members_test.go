package members_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/members"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// hall is a guild whose moderator is above friend and below the owner's deputy.
type hall struct {
	*apitest.World
	owner, deputy, moderator, friend *apitest.Client
	id                               snowflake.ID
	path                             string
	low, own, high                   discord.Role
}

const trusted = permissions.ManageRoles | permissions.ManageNicknames | permissions.KickMembers |
	permissions.ModerateMembers | permissions.MuteMembers

func newHall(t *testing.T) *hall {
	h := &hall{World: apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			roles.New(w.Access).Routes(),
			members.New(w.Store, w.Access).Routes(),
		)
	})}
	h.owner, h.deputy, h.moderator, h.friend = h.User(t), h.User(t), h.User(t), h.User(t)
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}, &g)
	h.id, h.path = g.ID, "/guilds/"+g.ID.String()+"/members"
	h.Join(t, h.id, h.deputy, h.moderator, h.friend)
	for _, r := range []struct {
		to   *discord.Role
		name string
		set  permissions.Set
	}{{&h.high, "high", permissions.Administrator}, {&h.own, "own", trusted}, {&h.low, "low", 0}} {
		h.owner.Must(t, http.MethodPost, "/guilds/"+g.ID.String()+"/roles", map[string]any{"name": r.name, "permissions": r.set}, r.to)
	}
	h.owner.Must(t, http.MethodPut, h.role(h.deputy, h.high), nil, nil)
	h.owner.Must(t, http.MethodPut, h.role(h.moderator, h.own), nil, nil)
	return h
}

func (h *hall) of(c *apitest.Client) string { return h.path + "/" + c.ID.String() }

func (h *hall) role(c *apitest.Client, r discord.Role) string {
	return h.of(c) + "/roles/" + r.ID.String()
}

func (h *hall) member(t *testing.T, c *apitest.Client) (m discord.Member) {
	t.Helper()
	h.owner.Must(t, http.MethodGet, h.of(c), nil, &m)
	return m
}

func TestMembersAreListedToBotsWithTheIntent(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	listed, plain := h.Bot(t, h.owner, discord.AppFlagGuildMembersLimited), h.Bot(t, h.owner, 0)
	h.owner.Fails(t, http.MethodGet, h.path, nil, discord.ErrOnlyBots)
	listed.Fails(t, http.MethodGet, h.path, nil, discord.ErrMissingAccess)
	h.Join(t, h.id, listed, plain)
	plain.Fails(t, http.MethodGet, h.path, nil, discord.ErrMissingAccess)
	listed.Fails(t, http.MethodGet, h.path+"?limit=1001", nil, discord.ErrInvalidForm)

	var seen []snowflake.ID
	for after := snowflake.ID(0); ; {
		var page []discord.Member
		listed.Must(t, http.MethodGet, fmt.Sprintf("%s?limit=4&after=%d", h.path, after), nil, &page)
		if len(page) == 0 {
			break
		}
		for _, m := range page {
			seen = append(seen, m.User.ID)
		}
		after = seen[len(seen)-1]
	}
	want := []snowflake.ID{h.owner.ID, h.deputy.ID, h.moderator.ID, h.friend.ID, listed.ID, plain.ID}
	slices.Sort(want)
	if !slices.Equal(seen, want) {
		t.Errorf("pages have %v, expected %v", seen, want)
	}
	var one []discord.Member
	listed.Must(t, http.MethodGet, h.path, nil, &one)
	if len(one) != 1 {
		t.Errorf("%d members without a limit, expected one", len(one))
	}
}

func TestMembersAreFoundByTheStartOfTheirNames(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.owner.Must(t, http.MethodPatch, h.of(h.friend), map[string]any{"nick": "Ünder%_dog"}, nil)
	h.Exec(t, `update users set global_name = 'Underwood' where id = $1`, h.moderator.ID)
	for query, want := range map[string][]snowflake.ID{
		"ünder%25":                         {h.friend.ID},
		"under":                            {h.moderator.ID},
		fmt.Sprintf("USER%d", h.deputy.ID): {h.deputy.ID},
		"%25":                              {},
		"nder":                             {},
	} {
		var found []discord.Member
		h.friend.Must(t, http.MethodGet, h.path+"/search?limit=10&query="+query, nil, &found)
		got := []snowflake.ID{}
		for _, m := range found {
			got = append(got, m.User.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q found %v, expected %v", query, got, want)
		}
	}
	h.friend.Fails(t, http.MethodGet, h.path+"/search", nil, discord.ErrInvalidForm)
	h.friend.Fails(t, http.MethodGet, h.path+"/search?query=%00", nil, discord.ErrInvalidForm)
	h.friend.Fails(t, http.MethodGet, h.path+"/search?query=%FF", nil, discord.ErrInvalidForm)
	h.User(t).Fails(t, http.MethodGet, h.path+"/search?query=u", nil, discord.ErrMissingAccess)
}

func TestGetTellsStrangersFromNobody(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	stranger := h.User(t)
	stranger.Fails(t, http.MethodGet, h.of(h.friend), nil, discord.ErrMissingAccess)
	h.friend.Fails(t, http.MethodGet, h.of(stranger), nil, discord.ErrUnknownMember)
	h.friend.Fails(t, http.MethodGet, h.path+"/1", nil, discord.ErrUnknownUser)
	if m := h.member(t, h.friend); m.User == nil || m.User.ID != h.friend.ID || m.JoinedAt.IsZero() {
		t.Errorf("member %+v", m)
	}
}

func TestNicknames(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	nick := func(n any) map[string]any { return map[string]any{"nick": n} }
	var m discord.Member
	h.moderator.Must(t, http.MethodPatch, h.of(h.friend), nick(" guest "), &m)
	if m.Nick == nil || *m.Nick != "guest" {
		t.Errorf("nick %v", m.Nick)
	}
	for _, target := range []*apitest.Client{h.owner, h.deputy} {
		h.moderator.Fails(t, http.MethodPatch, h.of(target), nick("x"), discord.ErrMissingPermissions)
	}
	h.friend.Fails(t, http.MethodPatch, h.of(h.moderator), nick("x"), discord.ErrMissingPermissions)
	h.friend.Fails(t, http.MethodPatch, h.path+"/@me", nick(strings.Repeat("x", 33)), discord.ErrInvalidForm)
	h.friend.Must(t, http.MethodPatch, h.path+"/@me", nick("me"), &m)
	if m.Nick == nil || *m.Nick != "me" || m.Permissions == nil || !m.Permissions.Has(permissions.SendMessages) {
		t.Errorf("member %+v", m)
	}
	bio := func(want string) {
		t.Helper()
		p, err := h.Store.MemberProfile(t.Context(), h.id, h.friend.ID)
		if err != nil || p.Bio != want {
			t.Errorf("bio %q, want %q (%v)", p.Bio, want, err)
		}
	}
	h.friend.Fails(t, http.MethodPatch, h.path+"/@me", map[string]any{"bio": strings.Repeat("x", 191)}, discord.ErrInvalidForm)
	h.friend.Must(t, http.MethodPatch, h.path+"/@me", map[string]any{"bio": "I cook"}, nil)
	bio("I cook")
	h.friend.Must(t, http.MethodPatch, h.path+"/@me", nick("me"), nil)
	bio("I cook")
	h.friend.Must(t, http.MethodPatch, h.path+"/@me", map[string]any{"bio": nil}, nil)
	bio("")
	if answer := h.friend.Do(t, http.MethodPatch, h.path+"/@me/nick", nick("")); string(answer.Body) != `{"nick":null}` {
		t.Errorf("answer %s", answer.Body)
	}
	h.owner.Must(t, http.MethodPatch, h.of(h.owner), nick("boss"), nil)
	h.owner.Must(t, http.MethodPatch, "/guilds/"+h.id.String()+"/roles/"+h.id.String(), map[string]any{"permissions": "1024"}, nil)
	h.friend.Fails(t, http.MethodPatch, h.path+"/@me", nick("again"), discord.ErrMissingPermissions)
	h.friend.Fails(t, http.MethodPatch, h.of(h.friend), nick("again"), discord.ErrMissingPermissions)
	h.User(t).Fails(t, http.MethodPatch, h.path+"/@me", nick("x"), discord.ErrMissingAccess)
}

func TestRolesAreGivenByThoseAboveThem(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	seq := h.Seq(t, h.id)
	h.moderator.Must(t, http.MethodPut, h.role(h.friend, h.low), nil, nil)
	evs := h.Events(t, h.id, seq)
	var told discord.MemberEvent
	if len(evs) != 2 || evs[0].Head.Type != discord.EventGuildMemberUpdate || !evs[0].Head.Membership || evs[0].Head.User != h.friend.ID ||
		json.Unmarshal(evs[0].Data, &told) != nil || told.GuildID != h.id || told.User == nil || !slices.Contains(told.Roles, h.low.ID) {
		t.Fatalf("events %+v", evs)
	}
	var entry discord.AuditEntry
	want := fmt.Sprintf(`[{"id":"%s","name":"low"}]`, h.low.ID)
	if json.Unmarshal(evs[1].Data, &entry) != nil || entry.Changes[0].Key != "$add" || string(entry.Changes[0].New) != want {
		t.Errorf("entry %s", evs[1].Data)
	}
	h.moderator.Must(t, http.MethodPut, h.role(h.friend, h.low), nil, nil)
	if again := h.Events(t, h.id, seq); len(again) != 2 {
		t.Errorf("a role given twice made %d more events", len(again)-2)
	}
	// The rank of the role counts, not that of the member.
	h.moderator.Must(t, http.MethodPut, h.role(h.deputy, h.low), nil, nil)
	h.moderator.Fails(t, http.MethodPut, h.role(h.friend, h.own), nil, discord.ErrMissingPermissions)
	h.moderator.Fails(t, http.MethodPut, h.role(h.friend, h.high), nil, discord.ErrMissingPermissions)
	h.moderator.Fails(t, http.MethodDelete, h.role(h.deputy, h.high), nil, discord.ErrMissingPermissions)
	h.friend.Fails(t, http.MethodPut, h.role(h.friend, h.low), nil, discord.ErrMissingPermissions)
	h.owner.Fails(t, http.MethodPut, h.of(h.friend)+"/roles/1", nil, discord.ErrUnknownRole)
	h.owner.Fails(t, http.MethodPut, h.of(h.friend)+"/roles/"+h.id.String(), nil, discord.ErrInvalidRole)
	h.owner.Fails(t, http.MethodPut, h.path+"/1/roles/"+h.low.ID.String(), nil, discord.ErrUnknownMember)

	// A PATCH is judged by what it changes.
	all := map[string]any{"roles": []snowflake.ID{h.high.ID}}
	h.moderator.Must(t, http.MethodPatch, h.of(h.deputy), all, nil)
	if m := h.member(t, h.deputy); !slices.Equal(m.Roles, []snowflake.ID{h.high.ID}) {
		t.Errorf("roles %v", m.Roles)
	}
	h.moderator.Fails(t, http.MethodPatch, h.of(h.friend), all, discord.ErrMissingPermissions)
	h.moderator.Fails(t, http.MethodPatch, h.of(h.friend), map[string]any{"roles": []int{1}}, discord.ErrUnknownRole)
	h.moderator.Must(t, http.MethodDelete, h.role(h.friend, h.low), nil, nil)
	if m := h.member(t, h.friend); len(m.Roles) != 0 {
		t.Errorf("roles %v", m.Roles)
	}
}

func TestTimeOuts(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	until := func(d time.Duration) map[string]any {
		return map[string]any{"communication_disabled_until": discord.At(time.Now().Add(d))}
	}
	h.moderator.Must(t, http.MethodPatch, h.of(h.friend), until(28*24*time.Hour), nil)
	h.friend.Fails(t, http.MethodPatch, h.path+"/@me", map[string]any{"nick": "quiet"}, discord.ErrMissingPermissions)
	h.moderator.Must(t, http.MethodPatch, h.of(h.friend), map[string]any{"communication_disabled_until": nil}, nil)
	h.friend.Must(t, http.MethodPatch, h.path+"/@me", map[string]any{"nick": "loud"}, nil)
	h.moderator.Must(t, http.MethodPatch, h.of(h.friend), until(-time.Hour), nil)
	if m := h.member(t, h.friend); m.CommunicationDisabledUntil != nil {
		t.Errorf("a past time-out is kept: %v", m.CommunicationDisabledUntil)
	}
	h.moderator.Fails(t, http.MethodPatch, h.of(h.friend), until(29*24*time.Hour), discord.ErrInvalidForm)
	h.moderator.Fails(t, http.MethodPatch, h.of(h.deputy), until(time.Hour), discord.ErrMissingPermissions)
	h.moderator.Fails(t, http.MethodPatch, h.of(h.moderator), until(time.Hour), discord.ErrMissingPermissions)
	h.owner.Fails(t, http.MethodPatch, h.of(h.deputy), until(time.Hour), discord.ErrMissingPermissions) // an administrator
	h.friend.Fails(t, http.MethodPatch, h.of(h.moderator), until(time.Hour), discord.ErrMissingPermissions)
}

func TestMutingNeedsItsOwnPermission(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	var m discord.Member
	h.moderator.Must(t, http.MethodPatch, h.of(h.friend), map[string]any{"mute": true, "flags": 1<<2 | 1}, &m)
	if !m.Mute || m.Flags != 1<<2 {
		t.Errorf("member %+v", m)
	}
	h.moderator.Fails(t, http.MethodPatch, h.of(h.friend), map[string]any{"deaf": true}, discord.ErrMissingPermissions)
	h.friend.Fails(t, http.MethodPatch, h.of(h.moderator), map[string]any{"flags": 1 << 2}, discord.ErrMissingPermissions)
}

func TestKick(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for _, target := range []*apitest.Client{h.owner, h.deputy, h.moderator} {
		h.moderator.Fails(t, http.MethodDelete, h.of(target), nil, discord.ErrMissingPermissions)
	}
	h.friend.Fails(t, http.MethodDelete, h.of(h.moderator), nil, discord.ErrMissingPermissions)
	h.moderator.Fails(t, http.MethodDelete, h.path+"/1", nil, discord.ErrUnknownMember)
	seq := h.Seq(t, h.id)
	h.moderator.Must(t, http.MethodDelete, h.of(h.friend), nil, nil)
	evs := h.Events(t, h.id, seq)
	var told discord.MemberRemoveEvent
	if len(evs) != 2 || evs[0].Head.Type != discord.EventGuildMemberRemove || !evs[0].Head.Membership ||
		json.Unmarshal(evs[0].Data, &told) != nil || told.User.ID != h.friend.ID || told.GuildID != h.id {
		t.Errorf("events %+v", evs)
	}
	h.friend.Fails(t, http.MethodGet, h.of(h.owner), nil, discord.ErrMissingAccess)
	var g discord.Guild
	h.owner.Must(t, http.MethodGet, "/guilds/"+h.id.String()+"?with_counts=1", nil, &g)
	if *g.ApproximateMemberCount != 3 {
		t.Errorf("%d members, expected 3", *g.ApproximateMemberCount)
	}
}
