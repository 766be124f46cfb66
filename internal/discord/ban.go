package discord

import "guildhall.chat/guildhall/internal/snowflake"

// Ban keeps a user out of a guild.
// https://discord.com/developers/docs/resources/guild#ban-object
type Ban struct {
	Reason *string `json:"reason"`
	User   User    `json:"user"`
}

// BanEvent is the payload of GUILD_BAN_ADD and GUILD_BAN_REMOVE.
type BanEvent struct {
	GuildID snowflake.ID `json:"guild_id"`
	User    User         `json:"user"`
}
