package roles_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/members"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// hall is a guild with an owner, a moderator and a friend. The moderator's role is above one and below another.
type hall struct {
	*apitest.World
	owner, moderator, friend *apitest.Client
	id                       snowflake.ID
	path                     string
	low, own, high           discord.Role
}

func newHall(t *testing.T) *hall {
	h := &hall{World: apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			channels.New(w.Store, w.Access, w.Poster, w.Publisher).Routes(),
			roles.New(w.Access).Routes(),
			members.New(w.Store, w.Access).Routes(),
		)
	})}
	h.owner, h.moderator, h.friend = h.User(t), h.User(t), h.User(t)
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}, &g)
	h.id, h.path = g.ID, "/guilds/"+g.ID.String()
	h.Join(t, h.id, h.moderator, h.friend)
	h.high = h.role(t, map[string]any{"name": "high"})
	h.own = h.role(t, map[string]any{"name": "own", "permissions": permissions.ManageRoles | permissions.KickMembers})
	h.low = h.role(t, map[string]any{"name": "low", "permissions": "0"})
	h.owner.Must(t, http.MethodPut, h.path+"/members/"+h.moderator.ID.String()+"/roles/"+h.own.ID.String(), nil, nil)
	return h
}

func (h *hall) role(t *testing.T, body any) (r discord.Role) {
	t.Helper()
	h.owner.Must(t, http.MethodPost, h.path+"/roles", body, &r)
	return r
}

func (h *hall) of(r discord.Role) string { return h.path + "/roles/" + r.ID.String() }

// order is the names of the roles from the lowest up.
func (h *hall) order(t *testing.T) (names []string) {
	t.Helper()
	var list []discord.Role
	h.friend.Must(t, http.MethodGet, h.path+"/roles", nil, &list)
	rules := permissions.Guild{ID: h.id}
	slices.SortFunc(list, func(a, b discord.Role) int {
		if rules.Above(permissions.Role{ID: a.ID, Position: a.Position}, permissions.Role{ID: b.ID, Position: b.Position}) {
			return 1
		}
		return -1
	})
	for _, r := range list {
		names = append(names, r.Name)
	}
	return names
}

func TestNewRoleIsTheLowest(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	seq := h.Seq(t, h.id)
	made := h.role(t, map[string]any{})
	if made.Name != "new role" || made.Position != 1 || made.Permissions == 0 {
		t.Errorf("role %+v", made)
	}
	if got, want := h.order(t), []string{"@everyone", "new role", "low", "own", "high"}; !slices.Equal(got, want) {
		t.Errorf("order %v, expected %v", got, want)
	}
	evs := h.Events(t, h.id, seq)
	var told discord.RoleEvent
	if len(evs) != 2 || evs[0].Head.Type != discord.EventGuildRoleCreate || !evs[0].Head.Structure ||
		json.Unmarshal(evs[0].Data, &told) != nil || told.Role.ID != made.ID || told.GuildID != h.id {
		t.Errorf("events %+v", evs)
	}
	colored := h.role(t, map[string]any{"colors": map[string]any{"primary_color": 1, "secondary_color": "2"}, "unicode_emoji": "🔥"})
	if colored.Color != 1 || *colored.Colors.Secondary != 2 || colored.Colors.Tertiary != nil || *colored.UnicodeEmoji != "🔥" {
		t.Errorf("role %+v", colored)
	}
}

func TestWhoMayMakeRoles(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	path := h.path + "/roles"
	h.friend.Fails(t, http.MethodPost, path, map[string]any{}, discord.ErrMissingPermissions)
	h.User(t).Fails(t, http.MethodPost, path, map[string]any{}, discord.ErrMissingAccess)
	h.moderator.Must(t, http.MethodPost, path, map[string]any{"permissions": permissions.KickMembers}, nil)
	h.moderator.Fails(t, http.MethodPost, path, map[string]any{"permissions": permissions.BanMembers}, discord.ErrMissingPermissions)
	for name, body := range map[string]any{
		"name":  map[string]any{"name": ""},
		"color": map[string]any{"color": 1 << 24},
		"both":  map[string]any{"icon": "data:image/png;base64,", "unicode_emoji": "x"},
		"list":  []any{},
		"type":  map[string]any{"permissions": "x"},
	} {
		t.Run(name, func(t *testing.T) { h.owner.Fails(t, http.MethodPost, path, body, discord.ErrInvalidForm) })
	}
	h.Exec(t, `insert into roles (id, guild_id, name, permissions, position) select n, $1, 'x', 0, 1 from generate_series(1, 246) n`, h.id)
	h.owner.Fails(t, http.MethodPost, path, map[string]any{}, discord.ErrTooManyRoles)
}

func TestRolesAreChangedByThoseAboveThem(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for _, r := range []discord.Role{h.own, h.high} {
		h.moderator.Fails(t, http.MethodPatch, h.of(r), map[string]any{"name": "x"}, discord.ErrMissingPermissions)
		h.moderator.Fails(t, http.MethodDelete, h.of(r), nil, discord.ErrMissingPermissions)
	}
	h.friend.Fails(t, http.MethodPatch, h.of(h.low), map[string]any{"name": "x"}, discord.ErrMissingPermissions)
	h.friend.Fails(t, http.MethodDelete, h.of(h.low), nil, discord.ErrMissingPermissions)
	h.owner.Fails(t, http.MethodPatch, h.path+"/roles/1", map[string]any{"name": "x"}, discord.ErrUnknownRole)

	var got discord.Role
	h.moderator.Must(t, http.MethodPatch, h.of(h.low), map[string]any{"name": "lower", "permissions": "2", "hoist": true, "color": 9}, &got)
	if got.Name != "lower" || got.Permissions != permissions.KickMembers || !got.Hoist || got.Color != 9 || got.Colors.Primary != 9 {
		t.Errorf("role %+v", got)
	}
	// What is there already stays, whoever edits; what the moderator lacks can't be added or taken away.
	h.owner.Must(t, http.MethodPatch, h.of(h.low), map[string]any{"permissions": permissions.BanMembers}, nil)
	h.moderator.Must(t, http.MethodPatch, h.of(h.low), map[string]any{"permissions": permissions.BanMembers | permissions.KickMembers}, nil)
	h.moderator.Fails(t, http.MethodPatch, h.of(h.low), map[string]any{"permissions": "0"}, discord.ErrMissingPermissions)

	var read discord.Role
	h.friend.Must(t, http.MethodGet, h.of(h.low), nil, &read)
	if read.Permissions != permissions.BanMembers|permissions.KickMembers {
		t.Errorf("permissions %s", read.Permissions)
	}
}

func TestEveryoneStaysWhatItIs(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	everyone := h.path + "/roles/" + h.id.String()
	h.owner.Fails(t, http.MethodDelete, everyone, nil, discord.ErrInvalidRole)
	h.owner.Fails(t, http.MethodPatch, everyone, map[string]any{"name": "all"}, discord.ErrInvalidRole)
	h.owner.Must(t, http.MethodPatch, everyone, map[string]any{"permissions": "1024"}, nil)
	h.moderator.Must(t, http.MethodPatch, everyone, map[string]any{"permissions": "1026"}, nil)
}

func TestDeletedRoleIsGoneEverywhere(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	friend := h.path + "/members/" + h.friend.ID.String()
	h.owner.Must(t, http.MethodPut, friend+"/roles/"+h.low.ID.String(), nil, nil)
	h.owner.Must(t, http.MethodPut, friend+"/roles/"+h.high.ID.String(), nil, nil)
	var c discord.Channel
	h.owner.Must(t, http.MethodPost, h.path+"/channels", map[string]any{"name": "c", "permission_overwrites": []any{
		map[string]any{"id": h.high.ID, "deny": "1"}, map[string]any{"id": h.low.ID, "allow": "2048"}, map[string]any{"id": h.id, "deny": "2"},
	}}, &c)
	seq := h.Seq(t, h.id)
	h.moderator.Must(t, http.MethodDelete, h.of(h.low), nil, nil)

	var m discord.Member
	h.owner.Must(t, http.MethodGet, friend, nil, &m)
	if !slices.Equal(m.Roles, []snowflake.ID{h.high.ID}) {
		t.Errorf("roles %v", m.Roles)
	}
	h.owner.Must(t, http.MethodGet, "/channels/"+c.ID.String(), nil, &c)
	want := []discord.Overwrite{{ID: h.high.ID, Deny: 1}, {ID: h.id, Deny: 2}}
	if !slices.Equal(*c.PermissionOverwrites, want) {
		t.Errorf("overwrites %v", *c.PermissionOverwrites)
	}
	evs := h.Events(t, h.id, seq)
	if len(evs) != 3 || evs[0].Head.Type != discord.EventChannelUpdate || evs[1].Head.Type != discord.EventGuildRoleDelete ||
		!evs[1].Head.Structure || !evs[1].Head.Membership {
		t.Errorf("events %+v", evs)
	}
	h.owner.Fails(t, http.MethodGet, h.of(h.low), nil, discord.ErrUnknownRole)
	h.owner.Fails(t, http.MethodDelete, h.of(h.low), nil, discord.ErrUnknownRole)
}

func TestRoleOfABotGoesWithIt(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	bot := h.Bot(t, h.owner, 0)
	own := roles.Default(h.Store.NewID(), 0)
	own.Managed, own.Tags = true, &discord.RoleTags{BotID: &bot.ID}
	err := h.Store.Change(t.Context(), func(tx *store.Tx) error {
		if err := tx.CreateRole(t.Context(), h.id, own); err != nil {
			return err
		}
		_, err := tx.Join(t.Context(), h.id, bot.ID, []snowflake.ID{own.ID})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h.owner.Fails(t, http.MethodDelete, h.of(own), nil, discord.ErrInvalidRole)
	h.owner.Fails(t, http.MethodPut, h.path+"/members/"+h.friend.ID.String()+"/roles/"+own.ID.String(), nil, discord.ErrInvalidRole)
	h.owner.Must(t, http.MethodDelete, h.path+"/members/"+bot.ID.String(), nil, nil)
	h.owner.Fails(t, http.MethodGet, h.of(own), nil, discord.ErrUnknownRole)
}

func TestReorder(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	at := func(r discord.Role, position int) map[string]any {
		return map[string]any{"id": r.ID, "position": position}
	}
	var got []discord.Role
	h.owner.Must(t, http.MethodPatch, h.path+"/roles", []any{at(h.low, 3)}, &got)
	if want := []string{"@everyone", "own", "high", "low"}; !slices.Equal(h.order(t), want) {
		t.Errorf("order %v, expected %v", h.order(t), want)
	}
	for i, r := range got {
		if r.Position != i {
			t.Errorf("%s is at %d, expected %d", r.Name, r.Position, i)
		}
	}
	// A client that sends all of them.
	h.owner.Must(t, http.MethodPatch, h.path+"/roles", []any{
		map[string]any{"id": h.id, "position": 0}, at(h.low, 1), at(h.own, 2), at(h.high, 3)}, nil)
	if want := []string{"@everyone", "low", "own", "high"}; !slices.Equal(h.order(t), want) {
		t.Errorf("order %v, expected %v", h.order(t), want)
	}
	lowest := h.role(t, map[string]any{"name": "lowest"})
	h.moderator.Must(t, http.MethodPatch, h.path+"/roles", []any{at(lowest, 2), at(h.high, 4)}, nil)
	if want := []string{"@everyone", "low", "lowest", "own", "high"}; !slices.Equal(h.order(t), want) {
		t.Errorf("order %v, expected %v", h.order(t), want)
	}
	for _, move := range []map[string]any{at(h.low, 3), at(h.low, 99), at(h.own, 1), at(h.high, 1), at(h.own, 4)} {
		h.moderator.Fails(t, http.MethodPatch, h.path+"/roles", []any{move}, discord.ErrMissingPermissions)
	}
	h.friend.Fails(t, http.MethodPatch, h.path+"/roles", []any{at(lowest, 1)}, discord.ErrMissingPermissions)
	h.owner.Fails(t, http.MethodPatch, h.path+"/roles", []any{map[string]any{"id": h.id, "position": 1}}, discord.ErrInvalidRole)
	h.owner.Fails(t, http.MethodPatch, h.path+"/roles", []any{map[string]any{"id": 1, "position": 1}}, discord.ErrUnknownRole)
	h.owner.Fails(t, http.MethodPatch, h.path+"/roles", map[string]any{}, discord.ErrInvalidForm)
}
