package commands

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// maxPermissions is how many overwrites a command has in a guild.
const maxPermissions = 100

// mayGovern is what it takes to say who may use commands.
const mayGovern = permissions.ManageGuild | permissions.ManageRoles

// governed reads application and guild from the path for those who may see what the guild says of the application: the
// application itself, and people who manage the guild.
func (h *Handlers) governed(c *call.Call) (place, error) {
	app, err := c.ID("application_id", discord.ErrUnknownApplication)
	if err != nil {
		return place{}, err
	}
	p := place{app: app}
	if p.guild, err = c.ID("guild_id", discord.ErrUnknownGuild); err != nil {
		return p, err
	}
	if c.Caller.Bot || c.Caller.Grant != nil {
		if c.Caller.ApplicationID != app {
			return p, discord.ErrNotYourApplication
		}
		return p, h.installed(c.Request.Context(), p)
	}
	visit, err := h.access.Enter(c, p.guild)
	if err != nil {
		return p, err
	}
	if err := visit.Need(permissions.ManageGuild); err != nil {
		return p, err
	}
	return p, h.installed(c.Request.Context(), p)
}

// listPermissions returns what a guild says of all commands of an application.
// https://discord.com/developers/docs/interactions/application-commands#get-guild-application-command-permissions
func (h *Handlers) listPermissions(c *call.Call) error {
	p, err := h.governed(c)
	if err != nil {
		return err
	}
	list, err := h.store.CommandPermissions(c.Request.Context(), p.app, p.guild)
	if err != nil {
		return err
	}
	if list == nil {
		list = []discord.CommandPermissions{}
	}
	return c.OK(list)
}

// getPermissions returns what a guild says of one command, or with the application's id of the application.
func (h *Handlers) getPermissions(c *call.Call) error {
	p, err := h.governed(c)
	if err != nil {
		return err
	}
	id, err := c.ID("command_id", discord.ErrUnknownCommandPermissions)
	if err != nil {
		return err
	}
	list, err := h.store.CommandPermissions(c.Request.Context(), p.app, p.guild)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(one discord.CommandPermissions) bool { return one.ID == id })
	if i < 0 {
		return discord.ErrUnknownCommandPermissions
	}
	return c.OK(list[i])
}

// setPermissions says who may use a command in a guild. It takes a person who manages guild and roles, or an application on
// behalf of one; bots can't.
// https://discord.com/developers/docs/interactions/application-commands#edit-application-command-permissions
func (h *Handlers) setPermissions(c *call.Call) error {
	if c.Caller.Bot {
		return discord.ErrBotsForbidden
	}
	p, err := h.governed(c)
	if err != nil {
		return err
	}
	target, err := h.target(c, p)
	if err != nil {
		return err
	}
	var sent struct {
		Permissions []discord.CommandPermission `json:"permissions"`
	}
	if err := c.Bind(&sent); err != nil {
		return err
	}
	if err := checkPermissions(sent.Permissions); err != nil {
		return err
	}
	set := discord.CommandPermissions{ID: target, ApplicationID: p.app, GuildID: p.guild, Permissions: sent.Permissions}
	if set.Permissions == nil {
		set.Permissions = []discord.CommandPermission{}
	}
	err = h.access.Change(c, p.guild, mayGovern, func(tx *store.Tx, _ *access.Visit) error {
		return h.govern(c, tx, set)
	})
	if err != nil {
		return err
	}
	return c.OK(set)
}

// target is the command of the path, which must be one that the guild has; or the application itself.
func (h *Handlers) target(c *call.Call, p place) (snowflake.ID, error) {
	id, err := c.ID("command_id", discord.ErrUnknownCommand)
	if err != nil || id == p.app {
		return id, err
	}
	cmd, err := h.store.Command(c.Request.Context(), p.app, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && cmd.GuildID != nil && *cmd.GuildID != p.guild {
		return 0, discord.ErrUnknownCommand
	}
	return id, err
}

func checkPermissions(list []discord.CommandPermission) error {
	var p form.Problems
	p.Max("permissions", len(list), maxPermissions)
	type key struct {
		kind int
		id   snowflake.ID
	}
	seen := map[key]bool{}
	for i, one := range list[:min(len(list), maxPermissions)] {
		at := form.At("permissions", i)
		form.OneOf(&p, form.At(at, "type"), one.Type, discord.CommandPermissionRole, discord.CommandPermissionUser, discord.CommandPermissionChannel)
		if one.ID == 0 {
			p.Required(form.At(at, "id"))
		}
		if seen[key{one.Type, one.ID}] {
			p.Add(form.At(at, "id"), "APPLICATION_COMMAND_PERMISSIONS_DUPLICATE", "There is one overwrite for each role, user and channel.")
		}
		seen[key{one.Type, one.ID}] = true
	}
	return p.Err()
}

// govern writes what is said of a command, with its audit-log entry, and tells the application and the guild's people.
func (h *Handlers) govern(c *call.Call, tx *store.Tx, set discord.CommandPermissions) error {
	ctx := c.Request.Context()
	version, err := tx.HoldCommands(ctx, set.ApplicationID)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownApplication
	}
	if err != nil {
		return err
	}
	before, err := tx.SetCommandPermissions(ctx, set)
	if err != nil {
		return err
	}
	entry, err := audit.Entry(c, discord.AuditCommandPermissions, set.ID)
	if err != nil {
		return err
	}
	entry.Options = map[string]string{"application_id": set.ApplicationID.String()}
	if entry.Changes, err = permissionChanges(before, set.Permissions); err != nil {
		return err
	}
	if len(entry.Changes) == 0 {
		return nil
	}
	if err := tx.Audit(ctx, set.GuildID, entry); err != nil {
		return err
	}
	if err := h.tellBot(ctx, tx, set); err != nil {
		return err
	}
	return tellIndex(tx, set.GuildID, version)
}

// tellBot sends APPLICATION_COMMAND_PERMISSIONS_UPDATE to the application's bot.
func (h *Handlers) tellBot(ctx context.Context, tx *store.Tx, set discord.CommandPermissions) error {
	app, err := h.store.Application(ctx, set.ApplicationID)
	if err != nil || app.Bot == nil {
		return err
	}
	head := events.Header{Type: discord.EventAppPermissionsUpdate, Guild: set.GuildID, Only: []snowflake.ID{app.Bot.ID}}
	return tx.Emit(set.GuildID, head, set)
}

// permissionChanges lists what differs; the key is whom an overwrite is about.
func permissionChanges(before, after []discord.CommandPermission) ([]discord.AuditChange, error) {
	var changes []discord.AuditChange
	note := func(was, is *discord.CommandPermission, id snowflake.ID) (err error) {
		change := discord.AuditChange{Key: id.String()}
		if was != nil {
			if change.Old, err = json.Marshal(was); err != nil {
				return err
			}
		}
		if is != nil {
			if change.New, err = json.Marshal(is); err != nil {
				return err
			}
		}
		changes = append(changes, change)
		return nil
	}
	about := func(list []discord.CommandPermission, p discord.CommandPermission) *discord.CommandPermission {
		for i := range list {
			if list[i].Type == p.Type && list[i].ID == p.ID {
				return &list[i]
			}
		}
		return nil
	}
	for _, is := range after {
		if was := about(before, is); was == nil || *was != is {
			if err := note(was, &is, is.ID); err != nil {
				return nil, err
			}
		}
	}
	for _, was := range before {
		if about(after, was) == nil {
			if err := note(&was, nil, was.ID); err != nil {
				return nil, err
			}
		}
	}
	return changes, nil
}
