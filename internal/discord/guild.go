package discord

import (
	"encoding/json"

	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Guild is a server in everyday words.
// https://discord.com/developers/docs/resources/guild#guild-object
type Guild struct {
	ID                        snowflake.ID    `json:"id"`
	Name                      string          `json:"name"`
	Icon                      *string         `json:"icon"`
	Description               *string         `json:"description"`
	HomeHeader                *string         `json:"home_header"`
	Splash                    *string         `json:"splash"`
	DiscoverySplash           *string         `json:"discovery_splash"`
	Banner                    *string         `json:"banner"`
	Features                  []string        `json:"features"`
	OwnerID                   snowflake.ID    `json:"owner_id"`
	ApplicationID             *snowflake.ID   `json:"application_id"`
	Region                    string          `json:"region"`
	AFKChannelID              *snowflake.ID   `json:"afk_channel_id"`
	AFKTimeout                int             `json:"afk_timeout"` // seconds
	SystemChannelID           *snowflake.ID   `json:"system_channel_id"`
	SystemChannelFlags        int             `json:"system_channel_flags"`
	WidgetEnabled             bool            `json:"widget_enabled"`
	WidgetChannelID           *snowflake.ID   `json:"widget_channel_id"`
	VerificationLevel         int             `json:"verification_level"`
	Roles                     []Role          `json:"roles"`
	DefaultNotifications      int             `json:"default_message_notifications"`
	MFALevel                  int             `json:"mfa_level"`
	ExplicitContentFilter     int             `json:"explicit_content_filter"`
	MaxPresences              *int            `json:"max_presences"`
	MaxMembers                int             `json:"max_members"`
	MaxStageVideoUsers        int             `json:"max_stage_video_channel_users"`
	MaxVideoUsers             int             `json:"max_video_channel_users"`
	VanityURLCode             *string         `json:"vanity_url_code"`
	PremiumTier               int             `json:"premium_tier"`
	PremiumSubscriptionCount  int             `json:"premium_subscription_count"`
	PreferredLocale           string          `json:"preferred_locale"`
	RulesChannelID            *snowflake.ID   `json:"rules_channel_id"`
	SafetyAlertsChannelID     *snowflake.ID   `json:"safety_alerts_channel_id"`
	PublicUpdatesChannelID    *snowflake.ID   `json:"public_updates_channel_id"`
	PremiumProgressBarEnabled bool            `json:"premium_progress_bar_enabled"`
	NSFW                      bool            `json:"nsfw"`
	NSFWLevel                 int             `json:"nsfw_level"`
	Emojis                    json.RawMessage `json:"emojis"`
	Stickers                  json.RawMessage `json:"stickers"`
	IncidentsData             *Incidents      `json:"incidents_data"`
	ApproximateMemberCount    *int            `json:"approximate_member_count,omitempty"`
	ApproximatePresenceCount  *int            `json:"approximate_presence_count,omitempty"`
}

// Incidents says until when a guild keeps people out, or its members from writing to each other.
// https://discord.com/developers/docs/resources/guild#incidents-data-object
type Incidents struct {
	InvitesDisabledUntil *Timestamp `json:"invites_disabled_until"`
	DMsDisabledUntil     *Timestamp `json:"dms_disabled_until"`
}

// SystemSuppressJoins is the flag of system_channel_flags that keeps joins from being announced.
// https://discord.com/developers/docs/resources/guild#guild-object-system-channel-flags
const SystemSuppressJoins = 1 << 0

// Guild features that change what the server does.
// https://discord.com/developers/docs/resources/guild#guild-object-guild-features
const (
	FeatureCommunity       = "COMMUNITY"        // needs a rules and an updates channel
	FeatureInvitesDisabled = "INVITES_DISABLED" // nobody can join
	FeatureDiscoverable    = "DISCOVERABLE"     // anybody can see its preview; needs COMMUNITY
	FeatureWelcomeScreen   = "WELCOME_SCREEN_ENABLED"
	FeatureScreening       = "MEMBER_VERIFICATION_GATE_ENABLED"    // who is new has to fill in a form
	FeatureManualApproval  = "MEMBER_VERIFICATION_MANUAL_APPROVAL" // and somebody has to approve of it
	FeatureGuildOnboarding = "GUILD_ONBOARDING"
)

// UnavailableGuild stands for a guild in READY, and in GUILD_DELETE: during an outage with Unavailable, without it
// when the user has left.
type UnavailableGuild struct {
	ID          snowflake.ID `json:"id"`
	Unavailable bool         `json:"unavailable,omitempty"`
}

// PartialGuild is an entry of GET /users/@me/guilds.
type PartialGuild struct {
	ID                       snowflake.ID    `json:"id"`
	Name                     string          `json:"name"`
	Icon                     *string         `json:"icon"`
	Banner                   *string         `json:"banner"`
	Owner                    bool            `json:"owner"`
	Permissions              permissions.Set `json:"permissions"`
	Features                 []string        `json:"features"`
	ApproximateMemberCount   *int            `json:"approximate_member_count,omitempty"`
	ApproximatePresenceCount *int            `json:"approximate_presence_count,omitempty"`
}

// InviteGuild is the guild in an invite.
type InviteGuild struct {
	ID                       snowflake.ID `json:"id"`
	Name                     string       `json:"name"`
	Splash                   *string      `json:"splash"`
	Banner                   *string      `json:"banner"`
	Description              *string      `json:"description"`
	Icon                     *string      `json:"icon"`
	Features                 []string     `json:"features"`
	VerificationLevel        int          `json:"verification_level"`
	VanityURLCode            *string      `json:"vanity_url_code"`
	NSFWLevel                int          `json:"nsfw_level"`
	NSFW                     bool         `json:"nsfw"`
	PremiumSubscriptionCount int          `json:"premium_subscription_count"`
}
