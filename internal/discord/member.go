package discord

import (
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Member is a user in a guild. User is absent in the member of a MESSAGE_CREATE, where the author stands beside it.
// https://discord.com/developers/docs/resources/guild#guild-member-object
type Member struct {
	User                       *User            `json:"user,omitempty"`
	Nick                       *string          `json:"nick"`
	Avatar                     *string          `json:"avatar"`
	Banner                     *string          `json:"banner"`
	Roles                      []snowflake.ID   `json:"roles"`
	JoinedAt                   Timestamp        `json:"joined_at"`
	PremiumSince               *Timestamp       `json:"premium_since"`
	Deaf                       bool             `json:"deaf"`
	Mute                       bool             `json:"mute"`
	Flags                      int              `json:"flags"`
	Pending                    bool             `json:"pending"`
	CommunicationDisabledUntil *Timestamp       `json:"communication_disabled_until"`
	AvatarDecorationData       *struct{}        `json:"avatar_decoration_data"`
	Collectibles               *struct{}        `json:"collectibles"`
	Permissions                *permissions.Set `json:"permissions,omitempty"` // in replies about oneself and interactions
}

// MemberEvent is the payload of GUILD_MEMBER_ADD and GUILD_MEMBER_UPDATE.
type MemberEvent struct {
	Member
	GuildID snowflake.ID `json:"guild_id"`
}

// MemberRemoveEvent is the payload of GUILD_MEMBER_REMOVE.
type MemberRemoveEvent struct {
	GuildID snowflake.ID `json:"guild_id"`
	User    User         `json:"user"`
}
