// Package commands serves application commands: what applications register, who may use it where, and the index that
// people's clients choose from.
//
//	body -> draft -> check -> store, with the version of the application's index raised
//
// A command is checked as a whole after what was sent has been applied to it, so creating, changing and replacing all
// commands at once have one set of rules. Writes of one application happen one after another: they hold its row. Rule says
// who may use a command; package interactions asks it too.
// https://discord.com/developers/docs/interactions/application-commands
package commands

import (
	"context"
	"errors"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves commands.
type Handlers struct {
	store     *store.Store
	access    *access.Access
	publisher *events.Publisher
}

// New returns the handlers; the publisher tells guilds of changes of what is in many of them.
func New(s *store.Store, a *access.Access, p *events.Publisher) *Handlers {
	return &Handlers{store: s, access: a, publisher: p}
}

// OAuth2 scopes with which applications act here.
const (
	scopeUpdate      = "applications.commands.update"
	scopePermissions = "applications.commands.permissions.update"
)

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const (
		app         = "/applications/:application_id"
		guild       = app + "/guilds/:guild_id"
		permissions = "/permissions"
	)
	read, write := call.Per(20, 5*time.Second), call.Per(5, 20*time.Second)
	routes := []call.Route{
		{Method: http.MethodGet, Path: guild + "/commands" + permissions, Scope: scopePermissions, Limit: read, Handle: h.listPermissions},
		{Method: http.MethodGet, Path: guild + "/commands/:command_id" + permissions, Scope: scopePermissions, Limit: read, Handle: h.getPermissions},
		{Method: http.MethodPut, Path: guild + "/commands/:command_id" + permissions, Scope: scopePermissions, Limit: write, Handle: h.setPermissions},
		{Method: http.MethodGet, Path: "/guilds/:guild_id/application-command-index", Access: call.UsersOnly, Limit: read, Handle: h.guildIndex},
		{Method: http.MethodGet, Path: "/channels/:channel_id/application-command-index", Access: call.UsersOnly, Limit: read, Handle: h.channelIndex},
		{Method: http.MethodGet, Path: "/users/@me/application-command-index", Access: call.UsersOnly, Limit: read, Handle: h.userIndex},
		{Method: http.MethodGet, Path: app + "/application-command-index", Access: call.UsersOnly, Limit: read, Handle: h.applicationIndex},
	}
	for _, scope := range []string{app, guild} {
		all, one := scope+"/commands", scope+"/commands/:command_id"
		routes = append(routes,
			call.Route{Method: http.MethodGet, Path: all, Scope: scopeUpdate, Limit: read, Handle: h.list},
			call.Route{Method: http.MethodPost, Path: all, Scope: scopeUpdate, Limit: write, Handle: h.create},
			call.Route{Method: http.MethodPut, Path: all, Scope: scopeUpdate, Limit: call.Per(2, 60*time.Second), Handle: h.replace},
			call.Route{Method: http.MethodGet, Path: one, Scope: scopeUpdate, Limit: read, Handle: h.get},
			call.Route{Method: http.MethodPatch, Path: one, Scope: scopeUpdate, Limit: write, Handle: h.update},
			call.Route{Method: http.MethodDelete, Path: one, Scope: scopeUpdate, Limit: write, Handle: h.remove},
		)
	}
	return routes
}

// place is where commands are: of an application, everywhere or in one guild.
type place struct {
	app   snowflake.ID
	guild snowflake.ID // 0: everywhere
}

// guildID is the guild as commands have it.
func (p place) guildID() *snowflake.ID {
	if p.guild == 0 {
		return nil
	}
	return &p.guild
}

// place reads application and guild from the path. The application must be the caller's own, and be in the guild.
func (h *Handlers) place(c *call.Call) (place, error) {
	app, err := c.ID("application_id", discord.ErrUnknownApplication)
	if err != nil {
		return place{}, err
	}
	if c.Caller.ApplicationID != app {
		return place{}, discord.ErrNotYourApplication
	}
	p := place{app: app}
	if c.Param("guild_id") == "" {
		return p, nil
	}
	if p.guild, err = c.ID("guild_id", discord.ErrUnknownGuild); err != nil {
		return place{}, err
	}
	return p, h.installed(c.Request.Context(), p)
}

// installed reports ErrMissingAccess unless the application was added to the guild.
func (h *Handlers) installed(ctx context.Context, p place) error {
	in, err := h.store.ApplicationInGuild(ctx, p.app, p.guild)
	if err == nil && !in {
		return discord.ErrMissingAccess
	}
	return err
}

// list returns the commands of a place.
func (h *Handlers) list(c *call.Call) error {
	p, err := h.place(c)
	if err != nil {
		return err
	}
	list, err := h.store.Commands(c.Request.Context(), p.app, p.guild)
	if err != nil {
		return err
	}
	if !c.QueryBool("with_localizations") {
		for i := range list {
			Localize(&list[i], localeOf(c))
		}
	}
	return c.OK(list)
}

// one returns the command of the path.
func (h *Handlers) one(c *call.Call) (place, discord.Command, error) {
	p, err := h.place(c)
	if err != nil {
		return p, discord.Command{}, err
	}
	id, err := c.ID("command_id", discord.ErrUnknownCommand)
	if err != nil {
		return p, discord.Command{}, err
	}
	cmd, err := h.store.Command(c.Request.Context(), p.app, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !p.has(cmd) {
		return p, cmd, discord.ErrUnknownCommand
	}
	return p, cmd, err
}

// has reports whether a command is of the place.
func (p place) has(c discord.Command) bool {
	if c.GuildID == nil {
		return p.guild == 0
	}
	return *c.GuildID == p.guild
}

// get returns one command.
func (h *Handlers) get(c *call.Call) error {
	_, cmd, err := h.one(c)
	if err != nil {
		return err
	}
	return c.OK(cmd)
}
