package oauth2_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func link(app discord.Application, set permissions.Set) string {
	return "/oauth2/authorize?" + url.Values{
		"client_id": {app.ID.String()}, "scope": {"bot applications.commands"}, "permissions": {set.String()},
	}.Encode()
}

func yes(guild snowflake.ID) map[string]any {
	return map[string]any{"guild_id": guild, "authorize": true}
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	bot, app, _ := newBot(t, w, owner)
	g := newGuild(t, owner)
	before, botBefore := w.Seq(t, g.ID), w.Seq(t, bot.ID)
	set := permissions.SendMessages | permissions.ManageMessages
	var answer struct {
		Location string `json:"location"`
	}
	owner.Must(t, http.MethodPost, link(app, set), yes(g.ID), &answer)
	if !strings.HasPrefix(answer.Location, w.url+"/oauth2/authorized") || strings.Contains(answer.Location, "error") {
		t.Errorf("location %q", answer.Location)
	}

	var guild discord.Guild
	bot.Must(t, http.MethodGet, "/guilds/"+g.ID.String(), nil, &guild)
	if len(guild.Roles) != 2 {
		t.Fatalf("%d roles", len(guild.Roles))
	}
	role := guild.Roles[1]
	if !role.Managed || role.Permissions != set || role.Name != "Helper" || role.Tags == nil || *role.Tags.BotID != bot.ID {
		t.Errorf("%+v", role)
	}
	member, err := w.Store.Member(t.Context(), g.ID, bot.ID)
	if err != nil || len(member.Roles) != 1 || member.Roles[0] != role.ID {
		t.Errorf("%+v, %v", member, err)
	}
	var types []string
	for _, e := range w.Events(t, g.ID, before) {
		types = append(types, e.Head.Type)
		if e.Head.Type == discord.EventGuildRoleCreate && !e.Head.Structure {
			t.Error("the role does not move the guild's version")
		}
	}
	for _, want := range []string{discord.EventGuildRoleCreate, discord.EventGuildMemberAdd, discord.EventAuditLogEntryCreate} {
		if strings.Count(strings.Join(types, " "), want) != 1 {
			t.Errorf("%s is not once among %v", want, types)
		}
	}
	if evs := w.Events(t, bot.ID, botBefore); len(evs) != 1 || evs[0].Head.Type != discord.EventGuildCreate {
		t.Errorf("the bot was told %+v", evs)
	}

	after := w.Seq(t, g.ID)
	owner.Must(t, http.MethodPost, link(app, set), yes(g.ID), nil)
	if w.Seq(t, g.ID) != after {
		t.Error("a second time changed something")
	}
}

func TestMoreScopesAreToldToTheGuild(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	_, app, _ := newBot(t, w, owner)
	g := newGuild(t, owner)
	ask := func(scope string) []string {
		before := w.Seq(t, g.ID)
		owner.Must(t, http.MethodPost, "/oauth2/authorize?"+url.Values{"client_id": {app.ID.String()}, "scope": {scope}}.Encode(), yes(g.ID), nil)
		var told []string
		for _, e := range w.Events(t, g.ID, before) {
			if strings.HasPrefix(e.Head.Type, "INTEGRATION_") {
				told = append(told, e.Head.Type)
			}
		}
		return told
	}
	for _, c := range []struct {
		scope string
		want  []string
	}{
		{"bot", []string{discord.EventIntegrationCreate}}, {"bot applications.commands", []string{discord.EventIntegrationUpdate}}, {"bot", nil},
	} {
		if told := ask(c.scope); !slices.Equal(told, c.want) {
			t.Errorf("%s: told %v, expected %v", c.scope, told, c.want)
		}
	}
}

func TestAuthorizeForCommandsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	bot, app, _ := newBot(t, w, owner)
	g := newGuild(t, owner)
	query := url.Values{"client_id": {app.ID.String()}, "scope": {"applications.commands"}}
	before := w.Seq(t, g.ID)
	for range 2 { // again: nothing is added
		owner.Must(t, http.MethodPost, "/oauth2/authorize?"+query.Encode(), yes(g.ID), nil)
	}
	created := 0
	for _, e := range w.Events(t, g.ID, before) {
		if e.Head.Type == discord.EventIntegrationCreate {
			created++
		}
	}
	if created != 1 {
		t.Errorf("%d integrations came", created)
	}
	scopes := func(want ...string) {
		t.Helper()
		list, err := w.Store.Integrations(t.Context(), g.ID)
		if err != nil || len(list) != 1 || !slices.Equal(list[0].Scopes, want) || list[0].User.ID != owner.ID {
			t.Errorf("integrations %+v, %v, want scopes %q", list, err, want)
		}
	}
	scopes(discord.ScopeCommands)
	in, err := w.Store.Installation(t.Context(), app.ID, g.ID, owner.ID)
	if err != nil || !in.InGuild {
		t.Errorf("installation %+v, %v", in, err)
	}
	index, err := w.Store.GuildCommandIndex(t.Context(), g.ID)
	if err != nil || len(index.Applications) != 1 {
		t.Errorf("index %+v, %v", index, err)
	}
	if _, err := w.Store.Member(t.Context(), g.ID, bot.ID); err == nil {
		t.Error("the bot came, too")
	}
	owner.Must(t, http.MethodPost, link(app, 0), yes(g.ID), nil) // later the bot does
	scopes(discord.ScopeCommands, discord.ScopeBot)
}

func TestAuthorizeWithoutPermissionsMakesNoRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	bot, app, _ := newBot(t, w, owner)
	g := newGuild(t, owner)
	body := yes(g.ID)
	body["permissions"] = "0" // goes before the link's
	owner.Must(t, http.MethodPost, link(app, permissions.Administrator), body, nil)
	member, err := w.Store.Member(t.Context(), g.ID, bot.ID)
	if err != nil || len(member.Roles) != 0 {
		t.Errorf("%+v, %v", member, err)
	}
	var guild discord.Guild
	bot.Must(t, http.MethodGet, "/guilds/"+g.ID.String(), nil, &guild)
	if len(guild.Roles) != 1 {
		t.Errorf("%d roles", len(guild.Roles))
	}
}

func TestWhoMayAuthorize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, manager, member, stranger := w.User(t), w.User(t), w.User(t), w.User(t)
	bot, app, path := newBot(t, w, stranger)
	g := newGuild(t, owner)
	w.Join(t, g.ID, manager, member)
	giveRole(t, w, g.ID, manager, permissions.ManageGuild|permissions.KickMembers)
	giveRole(t, w, g.ID, member, permissions.BanMembers)

	stranger.Fails(t, http.MethodPost, link(app, 0), yes(g.ID), discord.ErrMissingAccess)
	member.Fails(t, http.MethodPost, link(app, permissions.BanMembers), yes(g.ID), discord.ErrMissingPermissions)
	manager.Fails(t, http.MethodPost, link(app, permissions.BanMembers), yes(g.ID), discord.ErrMissingPermissions)
	manager.Fails(t, http.MethodPost, link(app, permissions.Administrator), yes(g.ID), discord.ErrMissingPermissions)
	bot.Fails(t, http.MethodPost, link(app, 0), yes(g.ID), discord.ErrBotsForbidden)
	w.Anyone().Fails(t, http.MethodPost, link(app, 0), yes(g.ID), discord.ErrUnauthorized)
	owner.Fails(t, http.MethodPost, link(app, 0), yes(1), discord.ErrUnknownGuild)

	stranger.Must(t, http.MethodPatch, path, map[string]any{"bot_public": false}, nil)
	manager.Fails(t, http.MethodPost, link(app, 0), yes(g.ID), discord.ErrMissingAccess)
	stranger.Must(t, http.MethodPatch, path, map[string]any{"bot_public": true}, nil)

	w.Exec(t, `insert into bans (guild_id, user_id) values ($1, $2)`, g.ID, bot.ID)
	manager.Fails(t, http.MethodPost, link(app, 0), yes(g.ID), discord.ErrBannedFromGuild)
	w.Exec(t, `delete from bans`)
	manager.Must(t, http.MethodPost, link(app, permissions.KickMembers), yes(g.ID), nil)
}
