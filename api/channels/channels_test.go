package channels_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/members"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// hall is a guild with a builder, who may manage channels and roles, and a friend, who may not.
type hall struct {
	*apitest.World
	owner, builder, friend *apitest.Client
	id                     snowflake.ID
	all                    string
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
	h.owner, h.builder, h.friend = h.User(t), h.User(t), h.User(t)
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}, &g)
	h.id, h.all = g.ID, "/guilds/"+g.ID.String()+"/channels"
	h.Join(t, h.id, h.builder, h.friend)
	h.grant(t, h.builder, permissions.ManageChannels|permissions.ManageRoles)
	return h
}

func (h *hall) grant(t *testing.T, to *apitest.Client, set permissions.Set) {
	t.Helper()
	var r discord.Role
	guild := "/guilds/" + h.id.String()
	h.owner.Must(t, http.MethodPost, guild+"/roles", map[string]any{"permissions": set}, &r)
	h.owner.Must(t, http.MethodPut, guild+"/members/"+to.ID.String()+"/roles/"+r.ID.String(), nil, nil)
}

func (h *hall) create(t *testing.T, body any) (c discord.Channel) {
	t.Helper()
	answer := h.owner.Do(t, http.MethodPost, h.all, body)
	if err := json.Unmarshal(answer.Body, &c); err != nil || answer.Status != http.StatusCreated {
		t.Fatalf("create: %d %s", answer.Status, answer.Body)
	}
	return c
}

func (h *hall) list(t *testing.T, as *apitest.Client) (names []string) {
	t.Helper()
	var list []discord.Channel
	as.Must(t, http.MethodGet, h.all, nil, &list)
	for _, c := range list {
		names = append(names, *c.Name)
	}
	slices.Sort(names)
	return names
}

func path(c discord.Channel) string { return "/channels/" + c.ID.String() }

func deny(id snowflake.ID, set permissions.Set) map[string]any {
	return map[string]any{"id": id, "deny": set}
}

func types(evs []events.Event) (types []string) {
	for _, e := range evs {
		types = append(types, e.Head.Type)
	}
	return types
}

func TestNewChannelIsComplete(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	seq := h.Seq(t, h.id)
	made := h.create(t, map[string]any{"name": "Mead  Hall", "topic": "", "rate_limit_per_user": "5", "nsfw": true, "flags": 3})
	if *made.Name != "mead-hall" || made.Type != discord.ChannelText || *made.RateLimitPerUser != 5 || !*made.NSFW ||
		made.Topic != nil || *made.Position != 1 || *made.GuildID != h.id || len(*made.PermissionOverwrites) != 0 {
		t.Errorf("channel %+v", made)
	}
	evs := h.Events(t, h.id, seq)
	if !slices.Equal(types(evs), []string{"CHANNEL_CREATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"}) || evs[0].Head.Channel != made.ID || !evs[0].Head.Structure {
		t.Errorf("events %+v", evs)
	}
	for kind, keys := range map[discord.ChannelType][]string{
		discord.ChannelVoice:        {"bitrate", "user_limit", "rtc_region", "last_message_id"},
		discord.ChannelCategory:     {"position", "permission_overwrites"},
		discord.ChannelAnnouncement: {"topic", "default_auto_archive_duration"},
		discord.ChannelForum:        {"topic", "last_message_id"},
	} {
		answer := h.owner.Do(t, http.MethodPost, h.all, map[string]any{"name": "x", "type": kind})
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(answer.Body, &fields); err != nil {
			t.Fatal(err)
		}
		for _, key := range append(keys, "id", "type", "flags", "guild_id", "name", "position") {
			if fields[key] == nil {
				t.Errorf("type %d has no %s: %s", kind, key, answer.Body)
			}
		}
	}
}

func TestNewChannelIsChecked(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	text := h.create(t, map[string]any{"name": "text"})
	for name, body := range map[string]any{
		"no name":          map[string]any{},
		"blank":            map[string]any{"name": "  "},
		"stage":            map[string]any{"name": "x", "type": 13},
		"DM":               map[string]any{"name": "x", "type": 1},
		"topic":            map[string]any{"name": "x", "topic": strings.Repeat("x", 1025)},
		"slowmode":         map[string]any{"name": "x", "rate_limit_per_user": 21601},
		"parent":           map[string]any{"name": "x", "parent_id": text.ID},
		"parent unknown":   map[string]any{"name": "x", "parent_id": 1},
		"overwrite":        map[string]any{"name": "x", "permission_overwrites": []any{deny(1, 1)}},
		"overwrite twice":  map[string]any{"name": "x", "permission_overwrites": []any{deny(h.id, 1), deny(h.id, 1)}},
		"overwrite type":   map[string]any{"name": "x", "permission_overwrites": []any{map[string]any{"id": h.id, "type": 2}}},
		"overwrite of all": map[string]any{"name": "x", "permission_overwrites": []any{map[string]any{"id": h.id, "type": 1}}},
	} {
		t.Run(name, func(t *testing.T) { h.owner.Fails(t, http.MethodPost, h.all, body, discord.ErrInvalidForm) })
	}
	category := h.create(t, map[string]any{"name": "c", "type": 4})
	h.owner.Fails(t, http.MethodPost, h.all, map[string]any{"name": "x", "type": 4, "parent_id": category.ID}, discord.ErrInvalidForm)
	h.Exec(t, `insert into channels (id, guild_id, type, name, parent_id) select n, $1, 0, 'x', $2 from generate_series(1, 50) n`, h.id, category.ID)
	h.owner.Must(t, http.MethodPost, h.all, map[string]any{"name": "reload"}, nil) // what SQL did is seen with the next change
	h.owner.Fails(t, http.MethodPost, h.all, map[string]any{"name": "x", "parent_id": category.ID}, discord.ErrTooManyInCategory)
	h.Exec(t, `insert into channels (id, guild_id, type, name) select n, $1, 0, 'x' from generate_series(51, 500) n`, h.id)
	h.owner.Fails(t, http.MethodPost, h.all, map[string]any{"name": "x"}, discord.ErrTooManyChannels)
}

func TestWhoMayMakeChannels(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.friend.Fails(t, http.MethodPost, h.all, map[string]any{"name": "x"}, discord.ErrMissingPermissions)
	h.User(t).Fails(t, http.MethodPost, h.all, map[string]any{"name": "x"}, discord.ErrMissingAccess)
	h.builder.Must(t, http.MethodPost, h.all, map[string]any{"name": "x", "permission_overwrites": []any{deny(h.id, permissions.SendMessages)}}, nil)
	for _, set := range []permissions.Set{permissions.ManageWebhooks, permissions.ManageRoles} {
		h.builder.Fails(t, http.MethodPost, h.all, map[string]any{"name": "x", "permission_overwrites": []any{deny(h.id, set)}}, discord.ErrMissingPermissions)
	}
	// In a category its own overwrites count, both ways.
	open := h.create(t, map[string]any{"name": "open", "type": 4, "permission_overwrites": []any{
		map[string]any{"id": h.friend.ID, "type": 1, "allow": permissions.ManageChannels}}})
	shut := h.create(t, map[string]any{"name": "shut", "type": 4, "permission_overwrites": []any{
		map[string]any{"id": h.builder.ID, "type": 1, "deny": permissions.ManageChannels}}})
	var made discord.Channel
	h.friend.Must(t, http.MethodPost, h.all, map[string]any{"name": "x", "parent_id": open.ID}, &made)
	if !slices.Equal(*made.PermissionOverwrites, *open.PermissionOverwrites) {
		t.Errorf("overwrites %v, expected the category's", *made.PermissionOverwrites)
	}
	h.builder.Fails(t, http.MethodPost, h.all, map[string]any{"name": "x", "parent_id": shut.ID}, discord.ErrMissingPermissions)
}

func TestChannelsAreShownToThoseWhoMayViewThem(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	vault := h.create(t, map[string]any{"name": "vault", "permission_overwrites": []any{deny(h.id, permissions.ViewChannel)}})
	if got := h.list(t, h.friend); slices.Contains(got, "vault") || !slices.Contains(got, "general") {
		t.Errorf("the friend sees %v", got)
	}
	if got := h.list(t, h.owner); !slices.Contains(got, "vault") {
		t.Errorf("the owner sees %v", got)
	}
	h.friend.Fails(t, http.MethodGet, path(vault), nil, discord.ErrMissingAccess)
	h.User(t).Fails(t, http.MethodGet, path(vault), nil, discord.ErrMissingAccess)
	h.friend.Fails(t, http.MethodGet, "/channels/1", nil, discord.ErrUnknownChannel)

	h.owner.Must(t, http.MethodPut, path(vault)+"/permissions/"+h.friend.ID.String(), map[string]any{"type": 1, "allow": permissions.ViewChannel}, nil)
	h.Exec(t, `update channels set last_message_id = 77 where id = $1`, vault.ID)
	var got discord.Channel
	h.friend.Must(t, http.MethodGet, path(vault), nil, &got)
	if got.LastMessageID == nil || **got.LastMessageID != 77 {
		t.Errorf("last message %v", got.LastMessageID)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	c := h.create(t, map[string]any{"name": "annex", "topic": "old"})
	seq := h.Seq(t, h.id)
	var got discord.Channel
	h.builder.Must(t, http.MethodPatch, path(c), map[string]any{"name": "East Wing", "topic": "mind the step", "rate_limit_per_user": 10, "type": 5}, &got)
	if *got.Name != "east-wing" || **got.Topic != "mind the step" || *got.RateLimitPerUser != 10 || got.Type != discord.ChannelAnnouncement {
		t.Errorf("channel %+v", got)
	}
	if evs := h.Events(t, h.id, seq); !slices.Equal(types(evs), []string{"CHANNEL_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"}) || !evs[0].Head.Structure {
		t.Errorf("events %v", types(evs))
	}
	h.builder.Must(t, http.MethodPatch, path(c), map[string]any{"topic": nil, "rate_limit_per_user": nil}, nil)
	h.owner.Must(t, http.MethodGet, path(c), nil, &got)
	if *got.RateLimitPerUser != 0 || *got.Name != "east-wing" {
		t.Errorf("channel %+v", got)
	}
	seq = h.Seq(t, h.id)
	h.builder.Must(t, http.MethodPatch, path(c), map[string]any{"name": "east-wing"}, nil)
	if evs := h.Events(t, h.id, seq); len(evs) != 0 {
		t.Errorf("no change made %v", types(evs))
	}
	h.friend.Fails(t, http.MethodPatch, path(c), map[string]any{"name": "x"}, discord.ErrMissingPermissions)
	h.builder.Fails(t, http.MethodPatch, path(c), map[string]any{"type": 2}, discord.ErrInvalidForm)
	h.builder.Fails(t, http.MethodPatch, path(c), map[string]any{"name": strings.Repeat("x", 101)}, discord.ErrInvalidForm)
	h.builder.Fails(t, http.MethodPatch, path(c), map[string]any{"parent_id": c.ID}, discord.ErrInvalidForm)
	h.builder.Fails(t, http.MethodPatch, path(c), map[string]any{"permission_overwrites": []any{deny(h.id, permissions.ManageWebhooks)}}, discord.ErrMissingPermissions)
}

func TestReorder(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	category := h.create(t, map[string]any{"name": "c", "type": 4, "permission_overwrites": []any{deny(h.id, 1)}})
	a, b := h.create(t, map[string]any{"name": "a"}), h.create(t, map[string]any{"name": "b"})
	seq := h.Seq(t, h.id)
	h.builder.Must(t, http.MethodPatch, h.all, []any{
		map[string]any{"id": b.ID, "position": 1},
		map[string]any{"id": a.ID, "position": 9, "parent_id": category.ID, "lock_permissions": true},
		map[string]any{"id": category.ID, "position": nil},
	}, nil)
	var got discord.Channel
	h.owner.Must(t, http.MethodGet, path(a), nil, &got)
	if *got.Position != 9 || **got.ParentID != category.ID || !slices.Equal(*got.PermissionOverwrites, *category.PermissionOverwrites) {
		t.Errorf("channel %+v", got)
	}
	want := []string{"CHANNEL_UPDATE", "CHANNEL_UPDATE"}
	if got := types(h.Events(t, h.id, seq)); !slices.Equal(got[:2], want) || got[2] != discord.EventAuditLogEntryCreate {
		t.Errorf("events %v", got)
	}
	h.owner.Fails(t, http.MethodPatch, h.all, []any{
		map[string]any{"id": a.ID, "parent_id": nil}, map[string]any{"id": b.ID, "parent_id": category.ID},
	}, discord.ErrOneParentOnly)
	h.owner.Fails(t, http.MethodPatch, h.all, []any{map[string]any{"id": 1, "position": 1}}, discord.ErrUnknownChannel)
	h.owner.Fails(t, http.MethodPatch, h.all, []any{map[string]any{"id": a.ID, "position": -1}}, discord.ErrInvalidForm)
	h.owner.Fails(t, http.MethodPatch, h.all, []any{map[string]any{"id": a.ID}, map[string]any{"id": a.ID}}, discord.ErrInvalidForm)
	h.friend.Fails(t, http.MethodPatch, h.all, []any{map[string]any{"id": a.ID, "position": 1}}, discord.ErrMissingPermissions)
}

func TestDelete(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	c := h.create(t, map[string]any{"name": "c"})
	h.friend.Fails(t, http.MethodDelete, path(c), nil, discord.ErrMissingPermissions)
	seq := h.Seq(t, h.id)
	h.builder.Must(t, http.MethodDelete, path(c), nil, nil)
	evs := h.Events(t, h.id, seq)
	if !slices.Equal(types(evs), []string{"CHANNEL_DELETE", "GUILD_AUDIT_LOG_ENTRY_CREATE"}) || evs[0].Head.Channel != c.ID {
		t.Errorf("events %+v", evs)
	}
	for _, who := range []*apitest.Client{h.builder, h.friend} {
		who.Fails(t, http.MethodGet, path(c), nil, discord.ErrUnknownChannel)
		who.Fails(t, http.MethodDelete, path(c), nil, discord.ErrUnknownChannel)
	}
}
