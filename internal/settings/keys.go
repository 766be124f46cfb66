package settings

import "google.golang.org/protobuf/encoding/protowire"

// key is a key of the JSON object.
type key struct {
	name     string
	kind     kind
	fallback string // JSON: what it is until somebody sets it
	// at is where the preloaded protocol buffer has it: a top-level field, and a field in the message that this is. Without
	// a top-level field it is in the JSON object alone.
	at place
}

type place struct{ top, field protowire.Number }

// Top-level fields of the preloaded settings.
const (
	versions      protowire.Number = 1
	voiceAndVideo protowire.Number = 5
	textAndImages protowire.Number = 6
	privacy       protowire.Number = 8
	gameLibrary   protowire.Number = 10
	status        protowire.Number = 11
	localization  protowire.Number = 12
	appearance    protowire.Number = 13
	guildFolders  protowire.Number = 14
)

var keys = []key{
	{"afk_timeout", wrappedUint, `600`, place{voiceAndVideo, 6}},
	{"stream_notifications_enabled", wrappedBool, `true`, place{voiceAndVideo, 7}},
	{"native_phone_integration_enabled", wrappedBool, `true`, place{voiceAndVideo, 8}},

	{"view_image_descriptions", wrappedBool, `false`, place{textAndImages, 7}},
	{"inline_attachment_media", wrappedBool, `true`, place{textAndImages, 9}},
	{"inline_embed_media", wrappedBool, `true`, place{textAndImages, 10}},
	{"gif_auto_play", wrappedBool, `true`, place{textAndImages, 11}},
	{"render_embeds", wrappedBool, `true`, place{textAndImages, 12}},
	{"render_reactions", wrappedBool, `true`, place{textAndImages, 13}},
	{"animate_emoji", wrappedBool, `true`, place{textAndImages, 14}},
	{"animate_stickers", wrappedUint, `0`, place{textAndImages, 15}},
	{"enable_tts_command", wrappedBool, `true`, place{textAndImages, 16}},
	{"message_display_compact", wrappedBool, `false`, place{textAndImages, 17}},
	{"explicit_content_filter", wrappedUint, `1`, place{textAndImages, 19}},
	{"view_nsfw_guilds", wrappedBool, `false`, place{textAndImages, 20}},
	{"convert_emoticons", wrappedBool, `true`, place{textAndImages, 21}},
	{"expression_suggestions_enabled", wrappedBool, `true`, place{textAndImages, 22}},
	{"view_nsfw_commands", wrappedBool, `false`, place{textAndImages, 23}},

	{"allow_activity_party_privacy_friends", wrappedBool, `true`, place{privacy, 1}},
	{"allow_activity_party_privacy_voice_channel", wrappedBool, `true`, place{privacy, 2}},
	{"restricted_guilds", ids, `[]`, place{privacy, 3}},
	{"default_guilds_restricted", plainBool, `false`, place{privacy, 4}},
	{"allow_accessibility_detection", plainBool, `false`, place{privacy, 7}},
	{"detect_platform_accounts", wrappedBool, `true`, place{privacy, 8}},
	{"passwordless", wrappedBool, `true`, place{privacy, 9}},
	{"contact_sync_enabled", wrappedBool, `false`, place{privacy, 10}},
	{"friend_source_flags", friendSources, `{"all":true,"mutual_friends":true,"mutual_guilds":true}`, place{privacy, 11}},
	{"friend_discovery_flags", wrappedUint, `0`, place{privacy, 12}},
	{"activity_restricted_guild_ids", ids, `[]`, place{privacy, 13}},
	{"activity_joining_restricted_guild_ids", ids, `[]`, place{privacy, 15}},

	{"disable_games_tab", wrappedBool, `true`, place{gameLibrary, 3}},

	{"status", wrappedText{"online", "idle", "dnd", "invisible"}, `"online"`, place{status, 1}},
	{"custom_status", customStatus, `null`, place{status, 2}},
	{"show_current_game", wrappedBool, `true`, place{status, 3}},

	{"locale", wrappedText{}, `"en-US"`, place{localization, 1}},
	{"timezone_offset", wrappedInt, `0`, place{localization, 2}},

	{"theme", choice{1: "dark", 2: "light", 3: "darker", 4: "midnight"}, `"dark"`, place{appearance, 1}},
	{"developer_mode", plainBool, `false`, place{appearance, 2}},

	{"guild_folders", folders, `[]`, place{guildFolders, 1}},
	{"guild_positions", ids, `[]`, place{guildFolders, 2}},
}
