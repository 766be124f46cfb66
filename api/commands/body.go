package commands

import (
	"strings"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// body is what a client sends to create or change a command.
// https://discord.com/developers/docs/interactions/application-commands#create-global-application-command-json-params
type body struct {
	ID                       snowflake.ID                         `json:"id"` // when all are replaced: of the one that stays
	Type                     form.Field[form.Int]                 `json:"type"`
	Name                     form.Field[string]                   `json:"name"`
	NameLocalizations        form.Field[*map[string]string]       `json:"name_localizations"`
	Description              form.Field[*string]                  `json:"description"`
	DescriptionLocalizations form.Field[*map[string]string]       `json:"description_localizations"`
	Options                  form.Field[*[]discord.CommandOption] `json:"options"`
	DefaultMemberPermissions form.Field[*permissions.Set]         `json:"default_member_permissions"`
	DMPermission             form.Field[*bool]                    `json:"dm_permission"`
	Contexts                 form.Field[*[]int]                   `json:"contexts"`
	IntegrationTypes         form.Field[*[]int]                   `json:"integration_types"`
	NSFW                     form.Field[*bool]                    `json:"nsfw"`
}

// fresh is a command as it is before a body is applied to it.
func (b *body) fresh(p place) discord.Command {
	c := discord.Command{ApplicationID: p.app, GuildID: p.guildID(), Type: discord.CommandType(b.Type.Or(1))}
	c.IntegrationTypes = []int{discord.InstalledInGuild}
	if p.guild == 0 {
		yes := true
		c.DMPermission = &yes
	}
	return c
}

// apply writes what was sent into a command. What only a command that is everywhere has stays out of one of a guild.
func (b *body) apply(c *discord.Command) {
	if b.Name.Set {
		c.Name = strings.TrimSpace(b.Name.Value)
	}
	if b.Description.Set {
		c.Description = value(b.Description)
	}
	if b.NameLocalizations.Set {
		c.NameLocalizations = value(b.NameLocalizations)
	}
	if b.DescriptionLocalizations.Set {
		c.DescriptionLocalizations = value(b.DescriptionLocalizations)
	}
	if b.Options.Set {
		c.Options = value(b.Options)
	}
	b.DefaultMemberPermissions.Apply(&c.DefaultMemberPermissions)
	if b.NSFW.Set {
		c.NSFW = value(b.NSFW)
	}
	if c.GuildID != nil {
		return
	}
	if b.IntegrationTypes.Set && b.IntegrationTypes.Value != nil {
		c.IntegrationTypes = value(b.IntegrationTypes)
	}
	if b.DMPermission.Set && b.DMPermission.Value != nil {
		c.DMPermission = b.DMPermission.Value
	}
	if b.Contexts.Set {
		c.Contexts = value(b.Contexts)
	}
	if c.Contexts != nil { // they have taken the place of dm_permission
		direct := false
		for _, context := range c.Contexts {
			direct = direct || context == discord.ContextBotDM
		}
		c.DMPermission = &direct
	}
}

// value is what a field was set to, nothing for null.
func value[T any](f form.Field[*T]) (v T) {
	if f.Value != nil {
		v = *f.Value
	}
	return v
}
