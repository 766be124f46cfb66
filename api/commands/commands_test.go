package commands_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/commands"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

type object = map[string]any

// hall is a guild with a bot that is in it and one that is not.
type hall struct {
	*apitest.World
	owner, friend, bot, stray *apitest.Client
	id, channel               snowflake.ID
	global, local             string // paths of the bot's commands
}

func newHall(t *testing.T) *hall {
	h := &hall{World: apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			commands.New(w.Store, w.Access, w.Publisher).Routes(),
		)
	})}
	h.owner, h.friend = h.User(t), h.User(t)
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &g)
	h.id, h.channel = g.ID, *g.SystemChannelID
	h.bot, h.stray = h.Bot(t, h.owner, 0), h.Bot(t, h.owner, 0)
	h.Join(t, h.id, h.friend, h.bot)
	h.global, h.local = paths(h.bot, h.id)
	return h
}

func paths(bot *apitest.Client, guild snowflake.ID) (global, local string) {
	app := "/applications/" + bot.ApplicationID.String()
	return app + "/commands", app + "/guilds/" + guild.String() + "/commands"
}

func (h *hall) make(t *testing.T, path string, body object) (c discord.Command) {
	t.Helper()
	h.bot.Must(t, http.MethodPost, path, body, &c)
	return c
}

func hello() object { return object{"name": "hello", "description": "Says hello"} }

func TestCommandsAreMadeChangedAndDeleted(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for _, path := range []string{h.global, h.local} {
		made := h.make(t, path, hello())
		if made.Type != discord.CommandChat || made.ApplicationID != h.bot.ApplicationID || made.Version == 0 ||
			(made.GuildID == nil) != (path == h.global) || made.DefaultMemberPermissions != nil || made.Contexts != nil {
			t.Errorf("%+v", made)
		}
		// The same name again is the same command: changed, or not.
		answer := h.bot.Do(t, http.MethodPost, path, hello())
		var again discord.Command
		if err := json.Unmarshal(answer.Body, &again); err != nil || answer.Status != http.StatusOK || again.ID != made.ID || again.Version != made.Version {
			t.Errorf("%d %s", answer.Status, answer.Body)
		}
		h.bot.Must(t, http.MethodPost, path, object{"name": "hello", "description": "Waves", "default_member_permissions": "8"}, &again)
		if again.ID != made.ID || again.Version == made.Version || again.Description != "Waves" || *again.DefaultMemberPermissions != 8 {
			t.Errorf("%+v", again)
		}
		onUser := h.make(t, path, object{"name": "hello", "type": 2})
		if onUser.ID == made.ID || onUser.Description != "" {
			t.Errorf("%+v", onUser)
		}
		one := path + "/" + made.ID.String()
		h.bot.Must(t, http.MethodPatch, one, object{"name": "wave"}, &again)
		if again.Name != "wave" || again.Description != "Waves" {
			t.Errorf("%+v", again)
		}
		h.make(t, path, object{"name": "other", "description": "d"})
		h.bot.Fails(t, http.MethodPatch, one, object{"name": "other"}, discord.ErrCommandNameTaken)
		h.bot.Must(t, http.MethodGet, one, nil, &again)
		var list []discord.Command
		h.bot.Must(t, http.MethodGet, path, nil, &list)
		if len(list) != 3 || again.Name != "wave" {
			t.Errorf("%+v", list)
		}
		h.bot.Must(t, http.MethodDelete, one, nil, nil)
		h.bot.Fails(t, http.MethodDelete, one, nil, discord.ErrUnknownCommand)
		h.bot.Fails(t, http.MethodGet, one, nil, discord.ErrUnknownCommand)
		h.bot.Fails(t, http.MethodPatch, one, object{}, discord.ErrUnknownCommand)
	}
}

func TestCommandsAreTheirApplications(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	made := h.make(t, h.global, hello())
	for _, path := range []string{h.global, h.local} {
		h.stray.Fails(t, http.MethodGet, path, nil, discord.ErrNotYourApplication)
		h.owner.Fails(t, http.MethodPost, path, hello(), discord.ErrNotYourApplication)
		h.Anyone().Fails(t, http.MethodPut, path, []object{}, discord.ErrUnauthorized)
		h.stray.Fails(t, http.MethodDelete, path+"/"+made.ID.String(), nil, discord.ErrNotYourApplication)
	}
	_, elsewhere := paths(h.stray, h.id)
	h.stray.Fails(t, http.MethodPost, elsewhere, hello(), discord.ErrMissingAccess)
	h.stray.Fails(t, http.MethodGet, elsewhere, nil, discord.ErrMissingAccess)
	h.bot.Fails(t, http.MethodGet, h.local+"/"+made.ID.String(), nil, discord.ErrUnknownCommand)
}

func TestAllCommandsAreReplaced(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	a := h.make(t, h.local, object{"name": "a", "description": "d"})
	b := h.make(t, h.local, object{"name": "b", "description": "d"})
	h.make(t, h.local, object{"name": "c", "description": "d"})
	seq := h.Seq(t, h.id)
	var list []discord.Command
	// a and b exchange their names, c goes, d comes.
	h.bot.Must(t, http.MethodPut, h.local, []object{
		{"id": a.ID, "name": "b", "description": "d"}, {"id": b.ID, "name": "a", "description": "d"}, {"name": "d", "type": 3},
	}, &list)
	if len(list) != 3 || list[0].ID != a.ID || list[0].Name != "b" || list[1].ID != b.ID || list[2].Type != discord.CommandMessage {
		t.Errorf("%+v", list)
	}
	evs := h.Events(t, h.id, seq)
	if len(evs) != 1 || evs[0].Head.Type != discord.EventCommandIndexUpdate {
		t.Errorf("events %+v", evs)
	}
	// Once more changes nothing.
	var again []discord.Command
	h.bot.Must(t, http.MethodPut, h.local, []object{
		{"name": "b", "description": "d"}, {"name": "a", "description": "d"}, {"name": "d", "type": 3},
	}, &again)
	if again[0].Version != list[0].Version || again[2].ID != list[2].ID || h.Seq(t, h.id) != seq+1 {
		t.Errorf("%+v", again)
	}
	h.bot.Fails(t, http.MethodPut, h.local, []object{hello(), hello()}, discord.ErrInvalidForm)
	h.bot.Must(t, http.MethodPut, h.local, []object{}, &again)
	if len(again) != 0 {
		t.Errorf("%+v", again)
	}
}

func TestHowManyCommandsThereCanBe(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	fill := func(n, kind int) (list []object) {
		for i := range n {
			c := object{"name": fmt.Sprint("c", i), "type": kind}
			if kind == 1 {
				c["description"] = "d"
			}
			list = append(list, c)
		}
		return list
	}
	full := slices.Concat(fill(100, 1), fill(15, 2), fill(15, 3))
	h.bot.Must(t, http.MethodPut, h.global, full, nil)
	h.bot.Fails(t, http.MethodPost, h.global, hello(), discord.ErrTooManyCommands)
	h.bot.Fails(t, http.MethodPost, h.global, object{"name": "more", "type": 2}, discord.ErrTooManyCommands)
	h.bot.Fails(t, http.MethodPut, h.local, fill(101, 1), discord.ErrTooManyCommands)
	h.bot.Must(t, http.MethodPut, h.global, []object{}, nil)
	h.bot.Fails(t, http.MethodPut, h.global, fill(71, 1), discord.ErrTooManyCommandsToday)
	h.bot.Must(t, http.MethodPut, h.global, fill(70, 1), nil)
	h.bot.Fails(t, http.MethodPost, h.global, hello(), discord.ErrTooManyCommandsToday)
	h.make(t, h.local, hello()) // each guild counts for itself
}

func TestWhatIsWrongWithACommand(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	with := func(extra object) object {
		c := hello()
		for key, value := range extra {
			c[key] = value
		}
		return c
	}
	option := func(fields object) object {
		o := object{"type": 3, "name": "o", "description": "d"}
		for key, value := range fields {
			o[key] = value
		}
		return with(object{"options": []object{o}})
	}
	text := func(n int) string { return strings.Repeat("x", n) }
	nested := func(outer, inner int) object {
		return option(object{"type": outer, "options": []object{{"type": inner, "name": "i", "description": "d"}}})
	}
	large := make([]object, 25)
	for i := range large {
		choices := make([]object, 25)
		for j := range choices {
			choices[j] = object{"name": fmt.Sprint(i, ",", j), "value": text(30)}
		}
		large[i] = object{"type": 3, "name": fmt.Sprint("o", i), "description": "d", "choices": choices}
	}
	for name, test := range map[string]struct {
		body       object
		path, code string
	}{
		"no name":              {object{"description": "d"}, "name", "BASE_TYPE_REQUIRED"},
		"upper case":           {with(object{"name": "Hello"}), "name", "APPLICATION_COMMAND_INVALID_NAME"},
		"space":                {with(object{"name": "a b"}), "name", "APPLICATION_COMMAND_INVALID_NAME"},
		"long name":            {with(object{"name": text(33)}), "name", "BASE_TYPE_BAD_LENGTH"},
		"no description":       {object{"name": "a"}, "description", "BASE_TYPE_REQUIRED"},
		"long description":     {with(object{"description": text(101)}), "description", "BASE_TYPE_BAD_LENGTH"},
		"described on a user":  {object{"name": "a", "type": 2, "description": "d"}, "description", "BASE_TYPE_MAX_LENGTH"},
		"type":                 {with(object{"type": 5}), "type", "BASE_TYPE_CHOICES"},
		"entry point":          {with(object{"type": 4}), "type", "BASE_TYPE_CHOICES"},
		"locale":               {with(object{"name_localizations": object{"xx": "a"}}), "name_localizations", "BASE_TYPE_CHOICES"},
		"translated name":      {with(object{"name_localizations": object{"de": "A"}}), "name_localizations.de", "APPLICATION_COMMAND_INVALID_NAME"},
		"context":              {with(object{"contexts": []int{3}}), "contexts.0", "BASE_TYPE_CHOICES"},
		"context twice":        {with(object{"contexts": []int{0, 0}}), "contexts", "SET_TYPE_ALREADY_CONTAINS_VALUE"},
		"option's type":        {option(object{"type": 12}), "options.0.type", "NUMBER_TYPE_MAX"},
		"option's name":        {option(object{"name": "A"}), "options.0.name", "APPLICATION_COMMAND_INVALID_NAME"},
		"option's description": {option(object{"description": ""}), "options.0.description", "BASE_TYPE_REQUIRED"},
		"26 options":           {with(object{"options": make([]object, 26)}), "options", "BASE_TYPE_MAX_LENGTH"},
		"same option":          {with(object{"options": []object{{"type": 3, "name": "a", "description": "d"}, {"type": 3, "name": "a", "description": "d"}}}), "options.1.name", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"},
		"required last":        {with(object{"options": []object{{"type": 3, "name": "a", "description": "d"}, {"type": 3, "name": "b", "description": "d", "required": true}}}), "options.1.required", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"},
		"mixed":                {with(object{"options": []object{{"type": 1, "name": "a", "description": "d"}, {"type": 3, "name": "b", "description": "d"}}}), "options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"},
		"group in a group":     {nested(2, 2), "options.0.options.0.type", "NUMBER_TYPE_MAX"},
		"group in a command":   {nested(1, 2), "options.0.options.0.type", "NUMBER_TYPE_MIN"},
		"value in a group":     {nested(2, 3), "options.0.options.0.type", "NUMBER_TYPE_MAX"},
		"choice of a number":   {option(object{"choices": []object{{"name": "a", "value": 1}}}), "options.0.choices.0.value", "BASE_TYPE_INVALID"},
		"choice of a text":     {option(object{"type": 4, "choices": []object{{"name": "a", "value": "x"}}}), "options.0.choices.0.value", "NUMBER_TYPE_COERCE"},
		"broken integer":       {option(object{"type": 4, "choices": []object{{"name": "a", "value": 1.5}}}), "options.0.choices.0.value", "NUMBER_TYPE_COERCE"},
		"choice without value": {option(object{"choices": []object{{"name": "a"}}}), "options.0.choices.0.value", "BASE_TYPE_REQUIRED"},
		"choice twice":         {option(object{"choices": []object{{"name": "a", "value": "a"}, {"name": "a", "value": "b"}}}), "options.0.choices.1.name", "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS"},
		"26 choices":           {option(object{"choices": make([]object, 26)}), "options.0.choices", "BASE_TYPE_MAX_LENGTH"},
		"both":                 {option(object{"autocomplete": true, "choices": []object{{"name": "a", "value": "a"}}}), "options.0.choices", "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES"},
		"lengths":              {option(object{"min_length": 5, "max_length": 4}), "options.0.min_length", "BASE_TYPE_BAD_VALUE"},
		"max length":           {option(object{"max_length": 6001}), "options.0.max_length", "NUMBER_TYPE_MAX"},
		"values":               {option(object{"type": 10, "min_value": 5, "max_value": 4.5}), "options.0.min_value", "BASE_TYPE_BAD_VALUE"},
		"channel types":        {option(object{"type": 7, "channel_types": []int{99}}), "options.0.channel_types.0", "NUMBER_TYPE_MAX"},
		"size":                 {with(object{"options": large}), "", "APPLICATION_COMMAND_TOO_LARGE"},
	} {
		answer := h.bot.Do(t, http.MethodPost, h.global, test.body)
		var got struct{ Errors object }
		if err := json.Unmarshal(answer.Body, &got); err != nil || answer.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
			continue
		}
		node := any(got.Errors)
		for part := range strings.FieldsFuncSeq(test.path, func(r rune) bool { return r == '.' }) {
			inner, _ := node.(object)
			node = inner[part]
		}
		leaf, _ := node.(object)
		if list, _ := leaf["_errors"].([]any); len(list) == 0 || list[0].(object)["code"] != test.code {
			t.Errorf("%s: %s, want %s at %s", name, answer.Body, test.code, test.path)
		}
	}
}

func TestTranslations(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.make(t, h.global, object{
		"name": "hello", "name_localizations": object{"de": "hallo"}, "description": "d", "description_localizations": object{"de": "sagt hallo"},
		"options": []object{{"type": 3, "name": "o", "description": "d", "name_localizations": object{"de": "wort"},
			"choices": []object{{"name": "a", "value": "a", "name_localizations": object{"de": "ä"}}}}},
	})
	h.bot.Header = http.Header{"X-Discord-Locale": {"de"}}
	var list []discord.Command
	h.bot.Must(t, http.MethodGet, h.global, nil, &list)
	c := list[0]
	if c.NameLocalized != "hallo" || c.DescriptionLocalized != "sagt hallo" || c.NameLocalizations != nil ||
		c.Options[0].NameLocalized != "wort" || c.Options[0].Choices[0].NameLocalized != "ä" {
		t.Errorf("%+v", c)
	}
	list = nil
	h.bot.Must(t, http.MethodGet, h.global+"?with_localizations=true", nil, &list)
	if c = list[0]; c.NameLocalized != "" || c.NameLocalizations["de"] != "hallo" || c.Options[0].Choices[0].NameLocalizations["de"] != "ä" {
		t.Errorf("%+v", c)
	}
}

func TestPermissionsOfCommands(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	made := h.make(t, h.global, hello())
	all, one := h.local+"/permissions", h.local+"/"+made.ID.String()+"/permissions"
	h.bot.Fails(t, http.MethodGet, one, nil, discord.ErrUnknownCommandPermissions)
	body := object{"permissions": []object{{"id": h.id, "type": 1, "permission": false}, {"id": h.friend.ID, "type": 2, "permission": true}}}
	seq := h.Seq(t, h.id)
	var set discord.CommandPermissions
	h.owner.Must(t, http.MethodPut, one, body, &set)
	if set.ID != made.ID || set.GuildID != h.id || len(set.Permissions) != 2 {
		t.Errorf("%+v", set)
	}
	evs := h.Events(t, h.id, seq)
	if len(evs) != 3 || evs[0].Head.Type != discord.EventAuditLogEntryCreate || evs[1].Head.Type != discord.EventAppPermissionsUpdate ||
		!slices.Equal(evs[1].Head.Only, []snowflake.ID{h.bot.ID}) || evs[2].Head.Type != discord.EventCommandIndexUpdate {
		t.Errorf("events %+v", evs)
	}
	var entry discord.AuditEntry
	if err := json.Unmarshal(evs[0].Data, &entry); err != nil || len(entry.Changes) != 2 || entry.Changes[0].Key != h.id.String() ||
		entry.Options["application_id"] != h.bot.ApplicationID.String() {
		t.Errorf("entry %s", evs[0].Data)
	}
	h.owner.Must(t, http.MethodPut, one, body, nil)
	if h.Seq(t, h.id) != seq+3 {
		t.Error("the same permissions again were told")
	}
	var list []discord.CommandPermissions
	h.bot.Must(t, http.MethodGet, all, nil, &list)
	h.bot.Must(t, http.MethodGet, one, nil, &set)
	if len(list) != 1 || len(set.Permissions) != 2 {
		t.Errorf("%+v %+v", list, set)
	}

	h.bot.Fails(t, http.MethodPut, one, body, discord.ErrBotsForbidden)
	h.friend.Fails(t, http.MethodPut, one, body, discord.ErrMissingPermissions)
	h.User(t).Fails(t, http.MethodPut, one, body, discord.ErrMissingAccess)
	h.stray.Fails(t, http.MethodGet, all, nil, discord.ErrNotYourApplication)
	h.friend.Fails(t, http.MethodGet, all, nil, discord.ErrMissingPermissions)
	h.owner.Fails(t, http.MethodPut, h.local+"/1/permissions", body, discord.ErrUnknownCommand)
	h.owner.Fails(t, http.MethodPut, one, object{"permissions": []object{{"id": "1", "type": 4}}}, discord.ErrInvalidForm)
	h.owner.Must(t, http.MethodPut, h.local+"/"+h.bot.ApplicationID.String()+"/permissions", body, nil)
	h.bot.Must(t, http.MethodDelete, h.global+"/"+made.ID.String(), nil, nil)
	h.bot.Must(t, http.MethodGet, all, nil, &list)
	if len(list) != 1 || list[0].ID != h.bot.ApplicationID {
		t.Errorf("of a deleted command: %+v", list)
	}
}

func TestIndexes(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.make(t, h.global, hello())
	local := h.make(t, h.local, object{"name": "here", "type": 3})
	h.make(t, h.global, object{"name": "direct", "description": "d", "contexts": []int{1}})
	h.owner.Must(t, http.MethodPut, h.local+"/"+local.ID.String()+"/permissions",
		object{"permissions": []object{{"id": h.friend.ID, "type": 2, "permission": false}}}, nil)
	type index struct {
		Applications []struct{ ID snowflake.ID }
		Commands     []discord.Command `json:"application_commands"`
		Version      snowflake.ID
	}
	names := func(i index) (names []string) {
		for _, c := range i.Commands {
			names = append(names, c.Name)
		}
		return names
	}
	for path, want := range map[string][]string{
		"/guilds/" + h.id.String():                      {"hello", "here"},
		"/channels/" + h.channel.String():               {"hello", "here"},
		"/applications/" + h.bot.ApplicationID.String(): {"hello", "direct"},
	} {
		var got index
		h.friend.Must(t, http.MethodGet, path+"/application-command-index", nil, &got)
		if !slices.Equal(names(got), want) || len(got.Applications) != 1 || got.Version == 0 {
			t.Errorf("%s: %+v", path, got)
		}
		if want[1] == "here" && (got.Commands[1].Permissions == nil || *got.Commands[1].Permissions.User) {
			t.Errorf("%s: without what is said of the user", path)
		}
	}
	var got index
	h.friend.Must(t, http.MethodGet, "/users/@me/application-command-index", nil, &got)
	if len(got.Commands) != 0 {
		t.Errorf("%+v", got)
	}
	h.Exec(t, `insert into oauth2_authorizations (id, application_id, user_id, scopes, user_install) values (1, $1, $2, '{}', true)`,
		h.bot.ApplicationID, h.friend.ID)
	h.friend.Must(t, http.MethodGet, "/users/@me/application-command-index", nil, &got)
	if !slices.Equal(names(got), []string{"hello", "direct"}) {
		t.Errorf("%+v", got)
	}
	h.User(t).Fails(t, http.MethodGet, "/guilds/"+h.id.String()+"/application-command-index", nil, discord.ErrMissingAccess)
	h.bot.Fails(t, http.MethodGet, "/guilds/"+h.id.String()+"/application-command-index", nil, discord.ErrBotsForbidden)
}

func TestMay(t *testing.T) {
	t.Parallel()
	const app, cmd, guild, channel, user, role = 1, 2, 100, 5, 6, 7
	ban := permissions.BanMembers
	none := permissions.Set(0)
	say := func(target snowflake.ID, list ...discord.CommandPermission) discord.CommandPermissions {
		return discord.CommandPermissions{ID: target, Permissions: list}
	}
	type overwrite = discord.CommandPermission
	for name, test := range map[string]struct {
		has  permissions.Set
		need *permissions.Set
		said []discord.CommandPermissions
		want bool
	}{
		"nothing said":                  {0, nil, nil, true},
		"permission missing":            {0, &ban, nil, false},
		"permission there":              {ban, &ban, nil, true},
		"for administrators":            {ban, &none, nil, false},
		"administrator":                 {permissions.All, &none, []discord.CommandPermissions{say(cmd, overwrite{ID: user, Type: 2})}, true},
		"user allowed":                  {0, &ban, []discord.CommandPermissions{say(cmd, overwrite{ID: guild, Type: 1}, overwrite{ID: user, Type: 2, Permission: true})}, true},
		"everyone denied":               {ban, &ban, []discord.CommandPermissions{say(cmd, overwrite{ID: guild, Type: 1})}, false},
		"role allowed":                  {0, &ban, []discord.CommandPermissions{say(cmd, overwrite{ID: guild, Type: 1}, overwrite{ID: role, Type: 1, Permission: true})}, true},
		"channel denied":                {0, nil, []discord.CommandPermissions{say(cmd, overwrite{ID: channel, Type: 3})}, false},
		"all channels but this":         {0, nil, []discord.CommandPermissions{say(cmd, overwrite{ID: guild - 1, Type: 3}, overwrite{ID: channel, Type: 3, Permission: true})}, true},
		"application denied":            {0, nil, []discord.CommandPermissions{say(app, overwrite{ID: guild, Type: 1})}, false},
		"application's allow is no key": {0, &ban, []discord.CommandPermissions{say(app, overwrite{ID: user, Type: 2, Permission: true})}, false},
		"command goes first":            {0, nil, []discord.CommandPermissions{say(app, overwrite{ID: guild, Type: 1}), say(cmd, overwrite{ID: user, Type: 2, Permission: true})}, true},
	} {
		u := commands.User{
			Guild: guild, Channel: channel, Member: permissions.Member{User: user, Roles: []snowflake.ID{role}},
			Permissions: test.has, Here: permissions.UseApplicationCommands,
		}
		c := &discord.Command{ID: cmd, ApplicationID: app, CommandSpec: discord.CommandSpec{DefaultMemberPermissions: test.need}}
		if got := commands.May(u, c, test.said); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if commands.May(commands.User{}, &discord.Command{}, nil) {
		t.Error("without USE_APPLICATION_COMMANDS")
	}
}
