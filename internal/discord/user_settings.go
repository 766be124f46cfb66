package discord

import "guildhall.chat/guildhall/internal/snowflake"

// UserGuildSettings says of what in a guild a user is notified. Discord does not document it.
type UserGuildSettings struct {
	GuildID              *snowflake.ID     `json:"guild_id"` // nil: of all that is outside of guilds
	SuppressEveryone     bool              `json:"suppress_everyone"`
	SuppressRoles        bool              `json:"suppress_roles"`
	MuteScheduledEvents  bool              `json:"mute_scheduled_events"`
	MessageNotifications int               `json:"message_notifications"` // 0 all, 1 mentions, 2 none, 3 as the guild has it
	Flags                int               `json:"flags"`
	MobilePush           bool              `json:"mobile_push"`
	Muted                bool              `json:"muted"`
	MuteConfig           *MuteConfig       `json:"mute_config"`
	HideMutedChannels    bool              `json:"hide_muted_channels"`
	NotifyHighlights     int               `json:"notify_highlights"`
	ChannelOverrides     []ChannelOverride `json:"channel_overrides"`
	Version              int64             `json:"version"`
}

// NewUserGuildSettings are those of a guild of which nothing was set.
func NewUserGuildSettings(guild snowflake.ID) UserGuildSettings {
	s := UserGuildSettings{MessageNotifications: NotifyInherit, MobilePush: true, ChannelOverrides: []ChannelOverride{}}
	if guild != 0 {
		s.GuildID = &guild
	}
	return s
}

// NotifyInherit is the notification level of what has none of its own.
const NotifyInherit = 3

// ChannelOverride is what of a channel differs from its guild.
type ChannelOverride struct {
	ChannelID            snowflake.ID `json:"channel_id"`
	MessageNotifications int          `json:"message_notifications"`
	Muted                bool         `json:"muted"`
	MuteConfig           *MuteConfig  `json:"mute_config"`
	Collapsed            bool         `json:"collapsed"`
	Flags                int          `json:"flags"`
}

// MuteConfig says how long something is muted.
type MuteConfig struct {
	EndTime            *Timestamp `json:"end_time"`             // nil: for good
	SelectedTimeWindow int        `json:"selected_time_window"` // seconds; -1: for good
}

// SettingsProtoEvent is the payload of USER_SETTINGS_PROTO_UPDATE.
type SettingsProtoEvent struct {
	Settings SettingsProto `json:"settings"`
	Partial  bool          `json:"partial"` // the top-level fields that are there replace those that the client has
}

// SettingsProto is settings as a protocol buffer.
type SettingsProto struct {
	Proto []byte `json:"proto"` // base64
	Type  int    `json:"type"`  // 1 preloaded, 2 frecency, 3 test
}

// NoteEvent is the payload of USER_NOTE_UPDATE.
type NoteEvent struct {
	ID   snowflake.ID `json:"id"` // whom the note is about
	Note string       `json:"note"`
}
