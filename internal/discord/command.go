package discord

import (
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// CommandType is how a command is invoked.
// https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-types
type CommandType int

// Kinds of commands. An entry point launches an activity, which this platform does not have.
const (
	CommandChat    CommandType = 1 // by /name
	CommandUser    CommandType = 2 // on a user
	CommandMessage CommandType = 3 // on a message
)

// Contexts in which commands can be used.
// https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-interaction-context-types
const (
	ContextGuild   = 0
	ContextBotDM   = 1 // with the application's bot
	ContextPrivate = 2 // any other DM
)

// Where applications are installed.
// https://discord.com/developers/docs/resources/application#application-object-application-integration-types
const (
	InstalledInGuild = 0
	InstalledByUser  = 1
)

// Command is an application command.
// https://discord.com/developers/docs/interactions/application-commands#application-command-object
type Command struct {
	ID            snowflake.ID  `json:"id"`
	ApplicationID snowflake.ID  `json:"application_id"`
	GuildID       *snowflake.ID `json:"guild_id,omitempty"` // nil: everywhere
	Version       snowflake.ID  `json:"version"`            // another with each change
	Type          CommandType   `json:"type"`
	Name          string        `json:"name"`
	CommandSpec
	// Of a command in the application-command-index: the overwrites of its guild.
	Permissions *CommandOverwrites `json:"permissions,omitempty"`
}

// CommandSpec is what stands in a command besides its identity.
type CommandSpec struct {
	NameLocalized            string            `json:"name_localized,omitempty"`
	NameLocalizations        map[string]string `json:"name_localizations,omitempty"`
	Description              string            `json:"description"`
	DescriptionLocalized     string            `json:"description_localized,omitempty"`
	DescriptionLocalizations map[string]string `json:"description_localizations,omitempty"`
	Options                  []CommandOption   `json:"options,omitempty"`
	DefaultMemberPermissions *permissions.Set  `json:"default_member_permissions"` // nil: everybody
	DMPermission             *bool             `json:"dm_permission,omitempty"`
	Contexts                 []int             `json:"contexts"`
	IntegrationTypes         []int             `json:"integration_types,omitempty"`
	NSFW                     bool              `json:"nsfw"`
}

// OptionType is what an option takes.
// https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-type
type OptionType int

// Kinds of options.
const (
	OptionSubcommand  OptionType = 1
	OptionGroup       OptionType = 2
	OptionString      OptionType = 3
	OptionInteger     OptionType = 4
	OptionBoolean     OptionType = 5
	OptionUser        OptionType = 6
	OptionChannel     OptionType = 7
	OptionRole        OptionType = 8
	OptionMentionable OptionType = 9
	OptionNumber      OptionType = 10
	OptionAttachment  OptionType = 11
)

// CommandOption is a parameter of a command, or a subcommand or group of them.
// https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-structure
type CommandOption struct {
	Type                     OptionType        `json:"type"`
	Name                     string            `json:"name"`
	NameLocalized            string            `json:"name_localized,omitempty"`
	NameLocalizations        map[string]string `json:"name_localizations,omitempty"`
	Description              string            `json:"description"`
	DescriptionLocalized     string            `json:"description_localized,omitempty"`
	DescriptionLocalizations map[string]string `json:"description_localizations,omitempty"`
	Required                 bool              `json:"required,omitempty"`
	Choices                  []CommandChoice   `json:"choices,omitempty"`
	Options                  []CommandOption   `json:"options,omitempty"`
	ChannelTypes             []ChannelType     `json:"channel_types,omitempty"`
	MinValue                 *float64          `json:"min_value,omitempty"`
	MaxValue                 *float64          `json:"max_value,omitempty"`
	MinLength                *int              `json:"min_length,omitempty"` // characters
	MaxLength                *int              `json:"max_length,omitempty"`
	Autocomplete             bool              `json:"autocomplete,omitempty"`
}

// CommandChoice is a value that an option offers.
// https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-choice-structure
type CommandChoice struct {
	Name              string            `json:"name"`
	NameLocalized     string            `json:"name_localized,omitempty"`
	NameLocalizations map[string]string `json:"name_localizations,omitempty"`
	Value             any               `json:"value"` // string or float64
}

// CommandPermissions are the overwrites of one command, or of an application, in a guild.
// https://discord.com/developers/docs/interactions/application-commands#application-command-permissions-object
type CommandPermissions struct {
	ID            snowflake.ID        `json:"id"` // of the command, or of the application
	ApplicationID snowflake.ID        `json:"application_id"`
	GuildID       snowflake.ID        `json:"guild_id"`
	Permissions   []CommandPermission `json:"permissions"`
}

// What a CommandPermission is about.
const (
	CommandPermissionRole    = 1
	CommandPermissionUser    = 2
	CommandPermissionChannel = 3
)

// CommandPermission allows or denies a command to a role, to a user or in a channel. The guild's id stands for everyone, the
// one before it for all channels.
type CommandPermission struct {
	ID         snowflake.ID `json:"id"`
	Type       int          `json:"type"`
	Permission bool         `json:"permission"`
}

// CommandOverwrites are a command's overwrites as the application-command-index has them.
type CommandOverwrites struct {
	User     *bool                 `json:"user,omitempty"` // of the user who asks
	Roles    map[snowflake.ID]bool `json:"roles,omitempty"`
	Channels map[snowflake.ID]bool `json:"channels,omitempty"`
}

// CommandIndexUpdate is the payload of GUILD_APPLICATION_COMMAND_INDEX_UPDATE.
type CommandIndexUpdate struct {
	GuildID snowflake.ID `json:"guild_id"`
	Version snowflake.ID `json:"version"`
}
