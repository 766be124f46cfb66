package discord

import "guildhall.chat/guildhall/internal/snowflake"

// Emoji is a custom emoji of a guild or an application.
// https://discord.com/developers/docs/resources/emoji#emoji-object
type Emoji struct {
	ID            snowflake.ID   `json:"id"`
	Name          string         `json:"name"`
	Roles         []snowflake.ID `json:"roles"`          // who has any of them may use it; none: everybody
	User          *User          `json:"user,omitempty"` // who uploaded it, for those who may know
	RequireColons bool           `json:"require_colons"`
	Managed       bool           `json:"managed"`
	Animated      bool           `json:"animated"`
	Available     bool           `json:"available"`
}

// EmojisEvent is the payload of GUILD_EMOJIS_UPDATE: all emojis that the guild has now.
// https://discord.com/developers/docs/events/gateway-events#guild-emojis-update
type EmojisEvent struct {
	GuildID snowflake.ID `json:"guild_id"`
	Emojis  []Emoji      `json:"emojis"`
}

// ApplicationEmojis is the list of an application's emojis.
// https://discord.com/developers/docs/resources/emoji#list-application-emojis
type ApplicationEmojis struct {
	Items []Emoji `json:"items"`
}

// Audit-log events of emojis.
// https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object-audit-log-events
const (
	AuditEmojiCreate AuditAction = 60
	AuditEmojiUpdate AuditAction = 61
	AuditEmojiDelete AuditAction = 62
)
