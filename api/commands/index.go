package commands

import (
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// index is the answer to people's clients. Discord does not document it.
type index struct {
	Applications []application     `json:"applications"`
	Commands     []discord.Command `json:"application_commands"`
	Version      snowflake.ID      `json:"version"`
}

// application is what the index tells of one.
type application struct {
	ID          snowflake.ID               `json:"id"`
	Name        string                     `json:"name"`
	Description string                     `json:"description"`
	Icon        *string                    `json:"icon"`
	BotID       *snowflake.ID              `json:"bot_id,omitempty"`
	Bot         *discord.User              `json:"bot,omitempty"`
	Permissions *discord.CommandOverwrites `json:"permissions,omitempty"`
}

// guildIndex returns what can be invoked in a guild.
func (h *Handlers) guildIndex(c *call.Call) error {
	id, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	visit, err := h.access.Enter(c, id)
	if err != nil {
		return err
	}
	found, err := h.store.GuildCommandIndex(c.Request.Context(), id)
	return answer(c, visit, found, err, discord.ContextGuild)
}

// channelIndex returns what can be invoked in a channel: of a guild what can be in the guild, in a DM the commands of its bot.
func (h *Handlers) channelIndex(c *call.Call) error {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	room, err := h.access.Room(c, id)
	if err != nil {
		return err
	}
	if !room.Direct() {
		found, err := h.store.GuildCommandIndex(c.Request.Context(), room.Guild.Guild.ID)
		return answer(c, room.Visit, found, err, discord.ContextGuild)
	}
	found, err := h.store.DirectCommandIndex(c.Request.Context(), room.Recipients)
	return answer(c, nil, found, err, discord.ContextBotDM)
}

// userIndex returns the commands of the applications that the caller has installed.
func (h *Handlers) userIndex(c *call.Call) error {
	found, err := h.store.UserCommandIndex(c.Request.Context(), c.Caller.UserID)
	return answer(c, nil, found, err, discord.ContextGuild, discord.ContextBotDM, discord.ContextPrivate)
}

// applicationIndex returns the commands of one application that are everywhere.
func (h *Handlers) applicationIndex(c *call.Call) error {
	id, err := c.ID("application_id", discord.ErrUnknownApplication)
	if err != nil {
		return err
	}
	found, err := h.store.ApplicationCommandIndex(c.Request.Context(), id, 0)
	if err == nil && len(found.Applications) == 0 {
		return discord.ErrUnknownApplication
	}
	return answer(c, nil, found, err, discord.ContextGuild, discord.ContextBotDM, discord.ContextPrivate)
}

// answer tells an index without the commands that can be used in none of the contexts, in the caller's language.
func answer(c *call.Call, visit *access.Visit, found *store.CommandIndex, err error, contexts ...int) error {
	if err != nil {
		return err
	}
	body := index{Version: found.Version, Applications: make([]application, len(found.Applications)), Commands: []discord.Command{}}
	for i, a := range found.Applications {
		body.Applications[i] = application{
			ID: a.ID, Name: a.Name, Description: a.Description, Icon: a.Icon, Bot: a.Bot, Permissions: told(visit, found, a.ID),
		}
		if a.Bot != nil {
			body.Applications[i].BotID = &a.Bot.ID
		}
	}
	locale := localeOf(c)
	for _, cmd := range found.Commands {
		if !slices.ContainsFunc(contexts, func(context int) bool { return Usable(&cmd, context) }) {
			continue
		}
		Localize(&cmd, locale)
		cmd.Permissions = told(visit, found, cmd.ID)
		body.Commands = append(body.Commands, cmd)
	}
	return c.OK(body)
}

// told is what the guild says of a command or application, as far as it concerns the caller.
func told(visit *access.Visit, found *store.CommandIndex, target snowflake.ID) *discord.CommandOverwrites {
	list := overwrites(found.Permissions, target)
	if visit == nil || len(list) == 0 {
		return nil
	}
	o := &discord.CommandOverwrites{Roles: map[snowflake.ID]bool{}, Channels: map[snowflake.ID]bool{}}
	for _, p := range list {
		switch {
		case p.Type == discord.CommandPermissionRole:
			o.Roles[p.ID] = p.Permission
		case p.Type == discord.CommandPermissionChannel:
			o.Channels[p.ID] = p.Permission
		case p.ID == visit.Member.User:
			o.User = &p.Permission
		}
	}
	return o
}

// Usable reports whether a command can be used in a context. One that names no contexts can be everywhere, but for what
// dm_permission said before there were contexts.
// https://discord.com/developers/docs/interactions/application-commands#interaction-contexts
func Usable(c *discord.Command, context int) bool {
	switch {
	case c.GuildID != nil:
		return context == discord.ContextGuild
	case c.Contexts != nil:
		return slices.Contains(c.Contexts, context)
	case context == discord.ContextBotDM:
		return c.DMPermission == nil || *c.DMPermission
	}
	return true
}
