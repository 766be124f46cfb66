package discord

import (
	"encoding/json"

	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Role of a guild. The role whose id is the guild's is @everyone.
// https://discord.com/developers/docs/topics/permissions#role-object
type Role struct {
	ID           snowflake.ID    `json:"id"`
	Name         string          `json:"name"`
	Description  *string         `json:"description"`
	Permissions  permissions.Set `json:"permissions"`
	Position     int             `json:"position"`
	Color        int             `json:"color"` // deprecated by Colors, equal to its primary
	Colors       RoleColors      `json:"colors"`
	Hoist        bool            `json:"hoist"`
	Managed      bool            `json:"managed"`
	Mentionable  bool            `json:"mentionable"`
	Icon         *string         `json:"icon"`
	UnicodeEmoji *string         `json:"unicode_emoji"`
	Flags        int             `json:"flags"`
	Tags         *RoleTags       `json:"tags,omitempty"`
}

// RoleColors are 24-bit RGB; secondary and tertiary make a gradient.
type RoleColors struct {
	Primary   int  `json:"primary_color"`
	Secondary *int `json:"secondary_color"`
	Tertiary  *int `json:"tertiary_color"`
}

// RoleTags say what a managed role belongs to.
type RoleTags struct {
	BotID         *snowflake.ID `json:"bot_id,omitempty"`
	IntegrationID *snowflake.ID `json:"integration_id,omitempty"`
}

// RoleEvent is the payload of GUILD_ROLE_CREATE and GUILD_ROLE_UPDATE.
type RoleEvent struct {
	GuildID snowflake.ID `json:"guild_id"`
	Role    Role         `json:"role"`
}

// RoleDeleteEvent is the payload of GUILD_ROLE_DELETE.
type RoleDeleteEvent struct {
	GuildID snowflake.ID `json:"guild_id"`
	RoleID  snowflake.ID `json:"role_id"`
}

// EmptyList encodes as [] where Discord wants a list that is out of scope here.
var EmptyList = json.RawMessage("[]")
