package discord

import "guildhall.chat/guildhall/internal/snowflake"

// Invite lets users into a guild. Uses to CreatedAt are the metadata that managers of the channel see.
// https://discord.com/developers/docs/resources/invite#invite-object
type Invite struct {
	Type                     int           `json:"type"` // 0: guild
	Code                     string        `json:"code"`
	Guild                    *InviteGuild  `json:"guild,omitempty"`
	GuildID                  *snowflake.ID `json:"guild_id,omitempty"`
	Channel                  *ChannelRef   `json:"channel"`
	Inviter                  *User         `json:"inviter,omitempty"`
	ExpiresAt                *Timestamp    `json:"expires_at"`
	ApproximateMemberCount   *int          `json:"approximate_member_count,omitempty"`
	ApproximatePresenceCount *int          `json:"approximate_presence_count,omitempty"`
	Uses                     *int          `json:"uses,omitempty"`
	MaxUses                  *int          `json:"max_uses,omitempty"`
	MaxAge                   *int          `json:"max_age,omitempty"` // seconds; 0: forever
	Temporary                *bool         `json:"temporary,omitempty"`
	CreatedAt                *Timestamp    `json:"created_at,omitempty"`
}

// InviteCreateEvent is the payload of INVITE_CREATE.
type InviteCreateEvent struct {
	ChannelID snowflake.ID `json:"channel_id"`
	GuildID   snowflake.ID `json:"guild_id"`
	Code      string       `json:"code"`
	CreatedAt Timestamp    `json:"created_at"`
	Inviter   *User        `json:"inviter,omitempty"`
	MaxAge    int          `json:"max_age"`
	MaxUses   int          `json:"max_uses"`
	Temporary bool         `json:"temporary"`
	Uses      int          `json:"uses"`
	ExpiresAt *Timestamp   `json:"expires_at"`
}

// InviteDeleteEvent is the payload of INVITE_DELETE.
type InviteDeleteEvent struct {
	ChannelID snowflake.ID `json:"channel_id"`
	GuildID   snowflake.ID `json:"guild_id"`
	Code      string       `json:"code"`
}
