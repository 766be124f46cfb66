package guilds_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

func newWorld(t *testing.T) *apitest.World {
	return apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			channels.New(w.Store, w.Access, w.Poster, w.Publisher).Routes(),
		)
	})
}

func create(t *testing.T, owner *apitest.Client, body any) (g discord.Guild, list []discord.Channel) {
	t.Helper()
	owner.Must(t, http.MethodPost, "/guilds", body, &g)
	owner.Must(t, http.MethodGet, "/guilds/"+g.ID.String()+"/channels", nil, &list)
	return g, list
}

func named(t *testing.T, list []discord.Channel, name string) discord.Channel {
	t.Helper()
	for _, c := range list {
		if *c.Name == name {
			return c
		}
	}
	t.Fatalf("no channel %q", name)
	return discord.Channel{}
}

func TestNewGuildHasWhatItNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	g, list := create(t, owner, map[string]any{"name": "  Hall  ", "channels": []any{}})
	if g.Name != "Hall" || g.OwnerID != owner.ID {
		t.Errorf("guild %q of %s", g.Name, g.OwnerID)
	}
	if len(g.Roles) != 1 || g.Roles[0].ID != g.ID || !g.Roles[0].Permissions.Has(permissions.SendMessages) ||
		g.Roles[0].Permissions.Has(permissions.ManageChannels) {
		t.Errorf("roles %+v", g.Roles)
	}
	general := named(t, list, "general")
	if *general.ParentID == nil || **general.ParentID != named(t, list, "Text Channels").ID {
		t.Error("general is not in its category")
	}
	if g.SystemChannelID == nil || *g.SystemChannelID != general.ID {
		t.Errorf("system channel %v", g.SystemChannelID)
	}
	if voice := named(t, list, "General"); voice.Type != discord.ChannelVoice {
		t.Errorf("General has type %d", voice.Type)
	}

	evs := w.Events(t, owner.ID, 0)
	if len(evs) != 1 || evs[0].Head.Type != discord.EventGuildCreate || evs[0].Head.Guild != g.ID {
		t.Fatalf("the owner hears %+v", evs)
	}
	var told discord.UnavailableGuild
	if err := json.Unmarshal(evs[0].Data, &told); err != nil || told.ID != g.ID {
		t.Errorf("of guild %s: %v", told.ID, err)
	}
}

func TestNewGuildResolvesPlaceholders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g, list := create(t, w.User(t), map[string]any{
		"name": "Hall",
		"roles": []any{
			map[string]any{"id": 0, "permissions": "1024"},
			map[string]any{"id": 7, "name": "guards", "color": 255},
		},
		"channels": []any{
			map[string]any{"id": 1, "type": 4, "name": "Gate"},
			map[string]any{"id": "2", "type": 0, "name": "The Watch", "parent_id": 1, "permission_overwrites": []any{
				map[string]any{"id": 7, "type": 0, "allow": "2048"},
				map[string]any{"id": 0, "type": 0, "deny": "1024"},
			}},
		},
		"system_channel_id": 2,
	})
	if len(g.Roles) != 2 || g.Roles[0].Permissions != permissions.ViewChannel || g.Roles[1].Name != "guards" || g.Roles[1].Position != 1 {
		t.Errorf("roles %+v", g.Roles)
	}
	watch := named(t, list, "the-watch")
	if **watch.ParentID != named(t, list, "Gate").ID || *g.SystemChannelID != watch.ID {
		t.Errorf("channel %+v, system channel %s", watch, g.SystemChannelID)
	}
	want := []discord.Overwrite{{ID: g.Roles[1].ID, Allow: 2048}, {ID: g.ID, Deny: 1024}}
	if !slices.Equal(*watch.PermissionOverwrites, want) {
		t.Errorf("overwrites %+v, expected %+v", *watch.PermissionOverwrites, want)
	}
}

func TestNewGuildIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	for name, body := range map[string]map[string]any{
		"no name":         {},
		"short name":      {"name": " x "},
		"level":           {"name": "Hall", "verification_level": 5},
		"parent later":    {"name": "Hall", "channels": []any{map[string]any{"name": "a", "parent_id": 1}, map[string]any{"id": 1, "type": 4, "name": "b"}}},
		"stage":           {"name": "Hall", "channels": []any{map[string]any{"name": "a", "type": 13}}},
		"same channel id": {"name": "Hall", "channels": []any{map[string]any{"id": 1, "name": "a"}, map[string]any{"id": 1, "name": "b"}}},
		"unknown role": {"name": "Hall", "channels": []any{map[string]any{"name": "a",
			"permission_overwrites": []any{map[string]any{"id": 3}}}}},
		"system channel": {"name": "Hall", "channels": []any{map[string]any{"id": 1, "type": 4, "name": "a"}}, "system_channel_id": 1},
		"image":          {"name": "Hall", "icon": "data:image/png;base64,AAAA"},
	} {
		t.Run(name, func(t *testing.T) { owner.Fails(t, http.MethodPost, "/guilds", body, discord.ErrInvalidForm) })
	}
	w.Bot(t, owner, 0).Fails(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}, discord.ErrBotsForbidden)
	w.Anyone().Fails(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}, discord.ErrUnauthorized)
}

func TestNobodyIsInMoreThanAHundredGuilds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	w.Exec(t, `insert into guilds (id, owner_id, name) select n, $1, 'x' from generate_series(1, 99) n`, owner.ID)
	w.Exec(t, `insert into members (guild_id, user_id) select id, $1 from guilds`, owner.ID)
	statuses := make(chan int)
	for range 4 {
		go func() { statuses <- owner.Do(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}).Status }()
	}
	made := 0
	for range 4 {
		switch status := <-statuses; status {
		case http.StatusCreated:
			made++
		case http.StatusBadRequest:
		default:
			t.Errorf("status %d", status)
		}
	}
	if made != 1 {
		t.Errorf("%d guilds were made where one was left", made)
	}
}

func TestGuildIsReadByMembersAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, friend := w.User(t), w.User(t)
	g, _ := create(t, owner, map[string]any{"name": "Hall"})
	path := "/guilds/" + g.ID.String()
	friend.Fails(t, http.MethodGet, path, nil, discord.ErrMissingAccess)
	owner.Fails(t, http.MethodGet, "/guilds/1", nil, discord.ErrUnknownGuild)
	owner.Fails(t, http.MethodGet, "/guilds/x", nil, discord.ErrInvalidForm)
	w.Join(t, g.ID, friend)
	var got discord.Guild
	friend.Must(t, http.MethodGet, path+"?with_counts=true", nil, &got)
	if got.ApproximateMemberCount == nil || *got.ApproximateMemberCount != 2 || got.ApproximatePresenceCount == nil {
		t.Errorf("counts %v %v", got.ApproximateMemberCount, got.ApproximatePresenceCount)
	}
}

func TestUpdateTellsMembersAndAuditLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, friend := w.User(t), w.User(t)
	g, list := create(t, owner, map[string]any{"name": "Hall"})
	w.Join(t, g.ID, friend)
	path, seq := "/guilds/"+g.ID.String(), w.Seq(t, g.ID)
	owner.Header = http.Header{"X-Audit-Log-Reason": {"because%20I%20can"}}
	voice := named(t, list, "General").ID
	var got discord.Guild
	owner.Must(t, http.MethodPatch, path, map[string]any{
		"name": "Great Hall", "description": "warm", "afk_channel_id": voice, "afk_timeout": "60", "system_channel_id": nil,
		"verification_level": 2, "preferred_locale": "de",
	}, &got)
	if got.Name != "Great Hall" || *got.Description != "warm" || *got.AFKChannelID != voice || got.AFKTimeout != 60 ||
		got.SystemChannelID != nil || got.VerificationLevel != 2 || got.PreferredLocale != "de" || len(got.Roles) != 1 {
		t.Errorf("guild %+v", got)
	}
	evs := w.Events(t, g.ID, seq)
	if len(evs) != 2 || evs[0].Head.Type != discord.EventGuildUpdate || !evs[0].Head.Structure ||
		evs[1].Head.Type != discord.EventAuditLogEntryCreate || evs[1].Head.Needs != permissions.ViewAuditLog {
		t.Fatalf("events %+v", evs)
	}
	var entry discord.AuditEntry
	if err := json.Unmarshal(evs[1].Data, &entry); err != nil {
		t.Fatal(err)
	}
	if entry.Reason == nil || *entry.Reason != "because I can" || *entry.UserID != owner.ID || len(entry.Changes) != 7 {
		t.Errorf("entry %s", evs[1].Data)
	}

	// The same again is no change.
	owner.Must(t, http.MethodPatch, path, map[string]any{"name": "Great Hall"}, nil)
	if evs := w.Events(t, g.ID, seq); len(evs) != 2 {
		t.Errorf("an update without change made %d more events", len(evs)-2)
	}
	friend.Must(t, http.MethodGet, path, nil, &got)
	if got.Name != "Great Hall" {
		t.Errorf("the friend reads %q", got.Name)
	}
}

func TestUpdateIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, friend := w.User(t), w.User(t)
	bot := w.Bot(t, owner, 0)
	g, list := create(t, owner, map[string]any{"name": "Hall"})
	w.Join(t, g.ID, friend, bot)
	path := "/guilds/" + g.ID.String()
	friend.Fails(t, http.MethodPatch, path, map[string]any{"name": "Mine"}, discord.ErrMissingPermissions)
	w.User(t).Fails(t, http.MethodPatch, path, map[string]any{"name": "Mine"}, discord.ErrMissingAccess)
	for name, body := range map[string]map[string]any{
		"name":         {"name": "x"},
		"locale":       {"preferred_locale": "tlh"},
		"afk channel":  {"afk_channel_id": named(t, list, "general").ID},
		"community":    {"features": []string{"COMMUNITY"}},
		"not settable": {"features": []string{"VERIFIED"}},
	} {
		t.Run(name, func(t *testing.T) { owner.Fails(t, http.MethodPatch, path, body, discord.ErrInvalidForm) })
	}
	owner.Fails(t, http.MethodPatch, path, map[string]any{"owner_id": w.User(t).ID}, discord.ErrUnknownMember)
	owner.Fails(t, http.MethodPatch, path, map[string]any{"owner_id": bot.ID}, discord.ErrOwnerIsBot)
	everyone := g.Roles[0]
	everyone.Permissions = permissions.Administrator
	err := w.Store.Change(t.Context(), func(tx *store.Tx) error { return tx.UpdateRoles(t.Context(), g.ID, everyone) })
	if err != nil {
		t.Fatal(err)
	}
	friend.Must(t, http.MethodPatch, path, map[string]any{"name": "Ours"}, nil)
	friend.Fails(t, http.MethodPatch, path, map[string]any{"owner_id": friend.ID}, discord.ErrMissingPermissions)
}

func TestOwnerHandsOverAndOnlyTheOwnerDeletes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, friend := w.User(t), w.User(t)
	g, list := create(t, owner, map[string]any{"name": "Hall"})
	w.Join(t, g.ID, friend)
	path := "/guilds/" + g.ID.String()
	friend.Fails(t, http.MethodDelete, path, nil, discord.ErrMissingPermissions)
	owner.Must(t, http.MethodPatch, path, map[string]any{"owner_id": friend.ID}, nil)
	owner.Fails(t, http.MethodDelete, path, nil, discord.ErrMissingPermissions)
	seq := w.Seq(t, g.ID)
	friend.Must(t, http.MethodPost, path+"/delete", nil, nil)
	evs := w.Events(t, g.ID, seq)
	if len(evs) != 1 || evs[0].Head.Type != discord.EventGuildDelete || string(evs[0].Data) != `{"id":"`+g.ID.String()+`"}` {
		t.Errorf("events %+v", evs)
	}
	for _, who := range []*apitest.Client{owner, friend} {
		who.Fails(t, http.MethodGet, path, nil, discord.ErrUnknownGuild)
		who.Fails(t, http.MethodGet, "/channels/"+list[0].ID.String(), nil, discord.ErrUnknownChannel)
	}
}

func TestCommunityNeedsItsChannels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	g, list := create(t, owner, map[string]any{"name": "Hall"})
	path, general := "/guilds/"+g.ID.String(), named(t, list, "general").ID
	var got discord.Guild
	owner.Must(t, http.MethodPatch, path, map[string]any{
		"features": []string{"COMMUNITY", "INVITES_DISABLED"}, "rules_channel_id": general, "public_updates_channel_id": general,
	}, &got)
	if !slices.Equal(got.Features, []string{"COMMUNITY", "INVITES_DISABLED"}) {
		t.Errorf("features %v", got.Features)
	}
	owner.Fails(t, http.MethodPatch, path, map[string]any{"rules_channel_id": nil}, discord.ErrInvalidForm)
	owner.Fails(t, http.MethodDelete, "/channels/"+general.String(), nil, discord.ErrCommunityChannel)
	owner.Must(t, http.MethodPatch, path, map[string]any{"features": []string{}}, &got)
	if len(got.Features) != 0 {
		t.Errorf("features %v", got.Features)
	}
	seq := w.Seq(t, g.ID)
	owner.Must(t, http.MethodDelete, "/channels/"+general.String(), nil, nil)
	owner.Must(t, http.MethodGet, path, nil, &got)
	if got.RulesChannelID != nil || got.SystemChannelID != nil {
		t.Errorf("the guild still uses a deleted channel: %v %v", got.RulesChannelID, got.SystemChannelID)
	}
	var types []string
	for _, e := range w.Events(t, g.ID, seq) {
		types = append(types, e.Head.Type)
	}
	if want := []string{"CHANNEL_DELETE", "GUILD_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"}; !slices.Equal(types, want) {
		t.Errorf("events %v, expected %v", types, want)
	}
}
