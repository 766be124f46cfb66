package discord

import (
	"encoding/json"

	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Template is what guilds like another can be made of.
// https://discord.com/developers/docs/resources/guild-template#guild-template-object
type Template struct {
	Code          string          `json:"code"`
	Name          string          `json:"name"`
	Description   *string         `json:"description"`
	UsageCount    int             `json:"usage_count"`
	CreatorID     snowflake.ID    `json:"creator_id"`
	Creator       *User           `json:"creator"`
	CreatedAt     Timestamp       `json:"created_at"`
	UpdatedAt     Timestamp       `json:"updated_at"`
	SourceGuildID snowflake.ID    `json:"source_guild_id"`
	Source        json.RawMessage `json:"serialized_source_guild"` // a GuildSnapshot
	Dirty         *bool           `json:"is_dirty"`                // the guild is otherwise by now
}

// GuildSnapshot is a guild as a template keeps it. Ids are placeholders, small numbers that are used consistently; 0 is
// @everyone.
type GuildSnapshot struct {
	Name                  string            `json:"name"`
	Description           *string           `json:"description"`
	Region                *string           `json:"region"`
	VerificationLevel     int               `json:"verification_level"`
	DefaultNotifications  int               `json:"default_message_notifications"`
	ExplicitContentFilter int               `json:"explicit_content_filter"`
	PreferredLocale       string            `json:"preferred_locale"`
	AFKChannelID          *snowflake.ID     `json:"afk_channel_id"`
	AFKTimeout            int               `json:"afk_timeout"`
	SystemChannelID       *snowflake.ID     `json:"system_channel_id"`
	SystemChannelFlags    int               `json:"system_channel_flags"`
	Roles                 []SnapshotRole    `json:"roles"`
	Channels              []SnapshotChannel `json:"channels"`
}

// SnapshotRole is a role of a GuildSnapshot.
type SnapshotRole struct {
	ID           int             `json:"id"`
	Name         string          `json:"name"`
	Permissions  permissions.Set `json:"permissions"`
	Color        int             `json:"color"`
	Colors       RoleColors      `json:"colors"`
	Hoist        bool            `json:"hoist"`
	Mentionable  bool            `json:"mentionable"`
	Icon         *string         `json:"icon"`
	UnicodeEmoji *string         `json:"unicode_emoji"`
}

// SnapshotChannel is a channel of a GuildSnapshot.
type SnapshotChannel struct {
	ID                   int              `json:"id"`
	Type                 ChannelType      `json:"type"`
	Name                 string           `json:"name"`
	Position             int              `json:"position"`
	Topic                *string          `json:"topic"`
	Bitrate              int              `json:"bitrate"`
	UserLimit            int              `json:"user_limit"`
	NSFW                 bool             `json:"nsfw"`
	RateLimitPerUser     int              `json:"rate_limit_per_user"`
	ParentID             *snowflake.ID    `json:"parent_id"`
	DefaultAutoArchive   *int             `json:"default_auto_archive_duration"`
	PermissionOverwrites []Overwrite      `json:"permission_overwrites"`
	AvailableTags        []SnapshotTag    `json:"available_tags"`
	Template             string           `json:"template"`
	DefaultReaction      *DefaultReaction `json:"default_reaction_emoji"`
	DefaultThreadRate    *int             `json:"default_thread_rate_limit_per_user"`
	DefaultSortOrder     *int             `json:"default_sort_order"`
	DefaultForumLayout   *int             `json:"default_forum_layout"`
	DefaultTagSetting    *string          `json:"default_tag_setting"`
	ThemeColor           *int             `json:"theme_color"`
}

// SnapshotTag is a tag of a forum in a GuildSnapshot.
type SnapshotTag struct {
	ID        int           `json:"id"`
	Name      string        `json:"name"`
	EmojiID   *snowflake.ID `json:"emoji_id"` // null: a new guild has no emojis
	EmojiName *string       `json:"emoji_name"`
	Moderated bool          `json:"moderated"`
}
