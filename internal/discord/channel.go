package discord

import (
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// ChannelType tells text from voice, guild from DM.
// https://discord.com/developers/docs/resources/channel#channel-object-channel-types
type ChannelType int

// Channel types in scope.
const (
	ChannelText               ChannelType = 0
	ChannelDM                 ChannelType = 1
	ChannelVoice              ChannelType = 2
	ChannelGroupDM            ChannelType = 3
	ChannelCategory           ChannelType = 4
	ChannelAnnouncement       ChannelType = 5
	ChannelAnnouncementThread ChannelType = 10
	ChannelPublicThread       ChannelType = 11
	ChannelPrivateThread      ChannelType = 12
	ChannelStage              ChannelType = 13
	ChannelForum              ChannelType = 15
	ChannelMedia              ChannelType = 16
)

// Overwrite changes permissions of one role or member in one channel.
// https://discord.com/developers/docs/resources/channel#overwrite-object
type Overwrite struct {
	ID    snowflake.ID    `json:"id"`
	Type  int             `json:"type"` // 0 role, 1 member
	Allow permissions.Set `json:"allow"`
	Deny  permissions.Set `json:"deny"`
}

// Channel is a guild channel or a DM; which fields are there depends on the type.
// https://discord.com/developers/docs/resources/channel#channel-object
type Channel struct {
	ID                   snowflake.ID    `json:"id"`
	Type                 ChannelType     `json:"type"`
	GuildID              *snowflake.ID   `json:"guild_id,omitempty"`
	Position             *int            `json:"position,omitempty"`
	PermissionOverwrites *[]Overwrite    `json:"permission_overwrites,omitempty"`
	Name                 *string         `json:"name,omitempty"`
	Topic                **string        `json:"topic,omitempty"` // outer nil: the type has no topic
	NSFW                 *bool           `json:"nsfw,omitempty"`
	LastMessageID        **snowflake.ID  `json:"last_message_id,omitempty"`
	LastPinTimestamp     **Timestamp     `json:"last_pin_timestamp,omitempty"`
	Bitrate              *int            `json:"bitrate,omitempty"`
	UserLimit            *int            `json:"user_limit,omitempty"`
	RTCRegion            **string        `json:"rtc_region,omitempty"`
	VideoQualityMode     *int            `json:"video_quality_mode,omitempty"`
	RateLimitPerUser     *int            `json:"rate_limit_per_user,omitempty"` // seconds
	ParentID             **snowflake.ID  `json:"parent_id,omitempty"`
	DefaultAutoArchive   *int            `json:"default_auto_archive_duration,omitempty"` // minutes
	DefaultThreadRate    *int            `json:"default_thread_rate_limit_per_user,omitempty"`
	Flags                int             `json:"flags"`
	Recipients           []User          `json:"recipients,omitempty"`
	Nicks                []RecipientNick `json:"nicks,omitempty"` // that a bot gave to Recipients
	Icon                 **string        `json:"icon,omitempty"`
	OwnerID              *snowflake.ID   `json:"owner_id,omitempty"` // of a group DM or a thread
	*Forum
	*Thread
}

// RecipientNick is what somebody is called in a group DM that a bot has made.
type RecipientNick struct {
	ID   snowflake.ID `json:"id"`
	Nick string       `json:"nick"`
}

// ChannelRef is a channel named in passing: in an invite, in mention_channels.
type ChannelRef struct {
	ID      snowflake.ID  `json:"id"`
	Type    ChannelType   `json:"type"`
	Name    *string       `json:"name"`
	GuildID *snowflake.ID `json:"guild_id,omitempty"`
}

// IsThread reports whether the type is one of the three kinds of thread.
func (t ChannelType) IsThread() bool {
	return t >= ChannelAnnouncementThread && t <= ChannelPrivateThread
}

// IsDirect reports whether the channel is outside any guild.
func (t ChannelType) IsDirect() bool { return t == ChannelDM || t == ChannelGroupDM }

// HasMessages reports whether messages can be posted to the channel itself.
func (t ChannelType) HasMessages() bool {
	switch t {
	case ChannelCategory, ChannelForum, ChannelMedia:
		return false
	}
	return true
}

// TypingEvent is the payload of TYPING_START.
type TypingEvent struct {
	ChannelID snowflake.ID  `json:"channel_id"`
	GuildID   *snowflake.ID `json:"guild_id,omitempty"`
	UserID    snowflake.ID  `json:"user_id"`
	Timestamp int64         `json:"timestamp"` // seconds
	Member    *Member       `json:"member,omitempty"`
}
