package templates_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/auditlog"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/api/templates"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

type object = map[string]any

func TestTemplate(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(guilds.New(w.Store, w.Access, w.Presences).Routes(), roles.New(w.Access).Routes(),
			channels.New(w.Store, w.Access, w.Poster, w.Publisher).Routes(), templates.New(w.Store, w.Access).Routes(),
			auditlog.New(w.Store, w.Access).Routes())
	})
	owner, member, other := w.User(t), w.User(t), w.User(t)
	var g discord.Guild
	owner.Must(t, http.MethodPost, "/guilds", object{"name": "Model"}, &g)
	w.Join(t, g.ID, member)
	guild := "/guilds/" + g.ID.String()
	var role discord.Role
	owner.Must(t, http.MethodPost, guild+"/roles", object{"name": "Keeper", "hoist": true, "permissions": "8"}, &role)
	owner.Must(t, http.MethodPost, guild+"/channels", object{"name": "keepers", "topic": "for keepers",
		"permission_overwrites": []object{{"id": g.ID, "type": 0, "deny": "1024"}, {"id": role.ID, "type": 0, "allow": "1024"},
			{"id": member.ID, "type": 1, "allow": "1024"}}}, nil)
	owner.Must(t, http.MethodPost, guild+"/channels", object{"name": "news", "type": discord.ChannelAnnouncement}, nil)
	emoji := w.Emoji(t, store.EmojiOwner{Guild: g.ID}, owner)
	owner.Must(t, http.MethodPost, guild+"/channels", object{"name": "questions", "type": discord.ChannelForum,
		"available_tags":         []object{{"name": "easy", "emoji_name": "👶"}, {"name": "answered", "moderated": true, "emoji_id": emoji}},
		"default_reaction_emoji": object{"emoji_name": "👍"}, "default_sort_order": 1, "default_forum_layout": 2}, nil)

	member.Fails(t, http.MethodPost, guild+"/templates", object{"name": "Copy"}, discord.ErrMissingPermissions)
	member.Fails(t, http.MethodGet, guild+"/templates", nil, discord.ErrMissingPermissions)
	other.Fails(t, http.MethodGet, guild+"/templates", nil, discord.ErrMissingAccess)
	owner.Fails(t, http.MethodPost, guild+"/templates", object{}, discord.ErrInvalidForm)
	var made discord.Template
	owner.Must(t, http.MethodPost, guild+"/templates", object{"name": "Copy"}, &made)
	owner.Fails(t, http.MethodPost, guild+"/templates", object{"name": "Copy"}, discord.ErrTemplateExists)

	var copied discord.Guild
	other.Must(t, http.MethodPost, "/guilds/templates/"+made.Code, object{"name": "Like it"}, &copied)
	if copied.Name != "Like it" || copied.OwnerID != other.ID || len(copied.Roles) != 2 || copied.Roles[1].Name != "Keeper" ||
		!copied.Roles[1].Hoist || copied.SystemChannelID == nil {
		t.Errorf("copy %+v", copied)
	}
	var list []discord.Channel
	other.Must(t, http.MethodGet, "/guilds/"+copied.ID.String()+"/channels", nil, &list)
	at := slices.IndexFunc(list, func(c discord.Channel) bool { return *c.Name == "keepers" })
	news := slices.IndexFunc(list, func(c discord.Channel) bool { return *c.Name == "news" })
	if news < 0 || list[news].Type != discord.ChannelText {
		t.Errorf("a guild that is no community has announcements: %+v", list)
	}
	questions := slices.IndexFunc(list, func(c discord.Channel) bool { return *c.Name == "questions" })
	if questions < 0 || list[questions].Forum == nil {
		t.Fatalf("no forum among %+v", list)
	}
	forum, tags := list[questions].Forum, list[questions].AvailableTags
	if len(tags) != 2 || tags[0].Name != "easy" || *tags[0].EmojiName != "👶" || !tags[1].Moderated || tags[1].EmojiID != nil || tags[1].ID == 0 {
		t.Errorf("tags %+v", tags)
	}
	if *forum.DefaultReactionEmoji.EmojiName != "👍" || *forum.DefaultSortOrder != 1 || forum.DefaultForumLayout != 2 {
		t.Errorf("forum %+v", forum)
	}
	if len(list) != 7 || at < 0 || *list[at].Topic == nil || len(*list[at].PermissionOverwrites) != 2 {
		t.Errorf("channels %+v", list)
	}
	other.Fails(t, http.MethodPost, "/guilds/templates/nothing", object{"name": "Like it"}, discord.ErrUnknownTemplate)

	dirty := func() bool {
		var list []discord.Template
		owner.Must(t, http.MethodGet, guild+"/templates", nil, &list)
		return *list[0].Dirty
	}
	if dirty() {
		t.Error("dirty before any change")
	}
	owner.Must(t, http.MethodPatch, guild, object{"name": "Renamed"}, nil)
	if !dirty() {
		t.Error("not dirty after a change")
	}
	owner.Must(t, http.MethodPut, guild+"/templates/"+made.Code, nil, &made)
	if dirty() {
		t.Error("dirty after it was synced")
	}
	var shown discord.Template
	w.Anyone().Must(t, http.MethodGet, "/guilds/templates/"+made.Code, nil, &shown)
	var source discord.GuildSnapshot
	if err := json.Unmarshal(shown.Source, &source); err != nil || source.Name != "Renamed" || shown.UsageCount != 1 {
		t.Errorf("template %+v, %v", shown, err)
	}
	owner.Must(t, http.MethodPatch, guild+"/templates/"+made.Code, object{"description": "for all"}, &made)
	owner.Must(t, http.MethodDelete, guild+"/templates/"+made.Code, nil, nil)
	w.Anyone().Fails(t, http.MethodGet, "/guilds/templates/"+made.Code, nil, discord.ErrUnknownTemplate)

	member.Fails(t, http.MethodGet, guild+"/audit-logs", nil, discord.ErrMissingPermissions)
	var log discord.AuditLog
	owner.Must(t, http.MethodGet, guild+"/audit-logs?limit=2", nil, &log)
	if len(log.Entries) != 2 || log.Entries[0].ActionType != discord.AuditGuildUpdate || len(log.Users) != 1 || log.Users[0].ID != owner.ID {
		t.Errorf("log %+v", log)
	}
	newest := log.Entries[0].ID
	for query, want := range map[string]int{
		"?action_type=30": 1, "?user_id=" + member.ID.String(): 0, "?target_id=" + role.ID.String(): 1, "?before=" + newest.String(): 4,
		"?after=" + newest.String(): 0, "?after=1&limit=1": 1,
	} {
		owner.Must(t, http.MethodGet, guild+"/audit-logs"+query, nil, &log)
		if len(log.Entries) != want {
			t.Errorf("%s: %d entries, expected %d", query, len(log.Entries), want)
		}
	}
}
