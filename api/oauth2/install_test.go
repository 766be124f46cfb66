package oauth2_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func newGuild(t *testing.T, owner *apitest.Client) discord.Guild {
	t.Helper()
	var g discord.Guild
	owner.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}, &g)
	return g
}

func link(app discord.Application, set permissions.Set) string {
	return "/oauth2/authorize?" + url.Values{
		"client_id": {app.ID.String()}, "scope": {"bot applications.commands"}, "permissions": {set.String()},
	}.Encode()
}

func yes(guild snowflake.ID) map[string]any {
	return map[string]any{"guild_id": guild, "authorize": true}
}

// grant gives a member a role with the permissions.
func grant(t *testing.T, w *apitest.World, guild snowflake.ID, member *apitest.Client, set permissions.Set) {
	t.Helper()
	role := w.Store.NewID()
	w.Exec(t, `insert into roles (id, guild_id, name, permissions, position) values ($1, $2, 'granted', $3, 1)`, role, guild, set)
	w.Exec(t, `update members set roles = array[$1::bigint] where guild_id = $2 and user_id = $3`, role, guild, member.ID)
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
	if !strings.HasPrefix(answer.Location, "http://example.com/") || strings.Contains(answer.Location, "error") {
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
	grant(t, w, g.ID, manager, permissions.ManageGuild|permissions.KickMembers)
	grant(t, w, g.ID, member, permissions.BanMembers)

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

func TestAuthorizeIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	_, app, _ := newBot(t, w, owner)
	bare, _ := newApplication(t, owner)
	g := newGuild(t, owner)
	id := app.ID.String()
	for query, want := range map[string]*discord.Error{
		"":                                    discord.ErrInvalidForm,
		"client_id=x&scope=bot":               discord.ErrInvalidForm,
		"client_id=1&scope=bot":               discord.ErrUnknownApplication,
		"client_id=" + id:                     discord.ErrMissingScope,
		"client_id=" + id + "&scope=identify": discord.ErrMissingScope,
		"client_id=" + id + "&scope=bot+rpc":  discord.ErrInvalidForm,
		"client_id=" + id + "&scope=bot&permissions=-1": discord.ErrInvalidForm,
		"client_id=" + bare.ID.String() + "&scope=bot":  discord.ErrNoBot,
	} {
		owner.Fails(t, http.MethodPost, "/oauth2/authorize?"+query, yes(g.ID), want)
		owner.Fails(t, http.MethodGet, "/oauth2/authorize?"+query, nil, want)
	}
	owner.Fails(t, http.MethodPost, link(app, 0), map[string]any{"authorize": true}, discord.ErrInvalidForm)
	var denied struct {
		Location string `json:"location"`
	}
	owner.Must(t, http.MethodPost, link(app, 0), map[string]any{"guild_id": g.ID}, &denied)
	if !strings.HasSuffix(denied.Location, "?error=access_denied") {
		t.Errorf("location %q", denied.Location)
	}
}

func TestAuthorizationPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	bot, app, _ := newBot(t, w, w.User(t))
	g := newGuild(t, owner)
	var got struct {
		User        discord.User        `json:"user"`
		Application discord.Application `json:"application"`
		Bot         discord.User        `json:"bot"`
		Permissions permissions.Set     `json:"permissions"`
		Guilds      []struct {
			ID          snowflake.ID    `json:"id"`
			Permissions permissions.Set `json:"permissions"`
		} `json:"guilds"`
	}
	owner.Must(t, http.MethodGet, link(app, 8), nil, &got)
	if got.User.ID != owner.ID || got.Application.ID != app.ID || got.Bot.ID != bot.ID || strconv.Itoa(int(got.Permissions)) != "8" ||
		len(got.Guilds) != 1 || got.Guilds[0].ID != g.ID || !got.Guilds[0].Permissions.Has(permissions.ManageGuild) {
		t.Errorf("%+v", got)
	}
	if got.Application.Owner.ID != 0 {
		t.Error("the owner is told to everybody")
	}
}
