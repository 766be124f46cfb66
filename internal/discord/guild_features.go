package discord

import (
	"encoding/json"

	"guildhall.chat/guildhall/internal/snowflake"
)

// GuildPreview is what a guild shows to those outside.
// https://discord.com/developers/docs/resources/guild#guild-preview-object
type GuildPreview struct {
	ID              snowflake.ID    `json:"id"`
	Name            string          `json:"name"`
	Icon            *string         `json:"icon"`
	Description     *string         `json:"description"`
	HomeHeader      *string         `json:"home_header"`
	Splash          *string         `json:"splash"`
	DiscoverySplash *string         `json:"discovery_splash"`
	Features        []string        `json:"features"`
	MemberCount     int             `json:"approximate_member_count"`
	PresenceCount   int             `json:"approximate_presence_count"`
	Emojis          json.RawMessage `json:"emojis"`
	Stickers        json.RawMessage `json:"stickers"`
}

// WidgetSettings say whether a guild has a widget, and where it invites to.
// https://discord.com/developers/docs/resources/guild#guild-widget-settings-object
type WidgetSettings struct {
	Enabled   bool          `json:"enabled"`
	ChannelID *snowflake.ID `json:"channel_id"`
}

// Widget is what a guild shows on other web sites.
// https://discord.com/developers/docs/resources/guild#guild-widget-object
type Widget struct {
	ID            snowflake.ID    `json:"id"`
	Name          string          `json:"name"`
	InstantInvite *string         `json:"instant_invite"`
	Channels      []WidgetChannel `json:"channels"`
	Members       []WidgetMember  `json:"members"`
	PresenceCount int             `json:"presence_count"`
}

// WidgetChannel is a voice channel that everybody sees.
type WidgetChannel struct {
	ID       snowflake.ID `json:"id"`
	Name     string       `json:"name"`
	Position int          `json:"position"`
}

// WidgetMember is somebody who is there; the id is no user's.
type WidgetMember struct {
	ID            string          `json:"id"`
	Username      string          `json:"username"`
	Discriminator string          `json:"discriminator"`
	Avatar        *string         `json:"avatar"`
	Status        string          `json:"status"`
	Activity      *WidgetActivity `json:"activity,omitempty"`
	AvatarURL     string          `json:"avatar_url"`
}

// WidgetActivity is what somebody does.
type WidgetActivity struct {
	Name string `json:"name"`
}

// WelcomeScreen is what people see who look at a community before they join.
// https://discord.com/developers/docs/resources/guild#welcome-screen-object
type WelcomeScreen struct {
	Description *string          `json:"description"`
	Channels    []WelcomeChannel `json:"welcome_channels"`
}

// WelcomeChannel is a channel of a welcome screen.
type WelcomeChannel struct {
	ChannelID   snowflake.ID  `json:"channel_id"`
	Description string        `json:"description"`
	EmojiID     *snowflake.ID `json:"emoji_id"`
	EmojiName   *string       `json:"emoji_name"`
}

// NewMemberWelcome is what members find who have just joined: the guild's home.
type NewMemberWelcome struct {
	GuildID   snowflake.ID      `json:"guild_id"`
	Enabled   bool              `json:"enabled"`
	Message   *WelcomeMessage   `json:"welcome_message,omitempty"`
	Actions   []NewMemberAction `json:"new_member_actions"`
	Resources []ResourceChannel `json:"resource_channels"`
}

// WelcomeMessage greets a new member in the name of others.
type WelcomeMessage struct {
	AuthorIDs []snowflake.ID `json:"author_ids"`
	Message   string         `json:"message"`
}

// NewMemberAction is something to do first: 0 look at a channel, 1 write in it.
type NewMemberAction struct {
	ChannelID   snowflake.ID   `json:"channel_id"`
	Type        int            `json:"action_type"`
	Title       string         `json:"title"`
	Description string         `json:"description"`
	Emoji       *SettingsEmoji `json:"emoji,omitempty"`
}

// ResourceChannel is a channel worth reading.
type ResourceChannel struct {
	ChannelID   snowflake.ID   `json:"channel_id"`
	Title       string         `json:"title"`
	Description string         `json:"description"`
	Emoji       *SettingsEmoji `json:"emoji,omitempty"`
}

// SettingsEmoji is an emoji in a guild's settings.
type SettingsEmoji struct {
	ID       *snowflake.ID `json:"id"`
	Name     *string       `json:"name"`
	Animated bool          `json:"animated"`
}

// Onboarding is what new members are asked, to give them roles and channels.
// https://discord.com/developers/docs/resources/guild#guild-onboarding-object
type Onboarding struct {
	GuildID         snowflake.ID       `json:"guild_id"`
	Prompts         []OnboardingPrompt `json:"prompts"`
	DefaultChannels []snowflake.ID     `json:"default_channel_ids"`
	Enabled         bool               `json:"enabled"`
	Mode            int                `json:"mode"` // 0: only default channels count for the requirements, 1: those of options too
}

// OnboardingPrompt is a question.
type OnboardingPrompt struct {
	ID           snowflake.ID       `json:"id"`
	Type         int                `json:"type"` // 0 multiple choice, 1 dropdown
	Options      []OnboardingOption `json:"options"`
	Title        string             `json:"title"`
	SingleSelect bool               `json:"single_select"`
	Required     bool               `json:"required"`
	InOnboarding bool               `json:"in_onboarding"`
}

// OnboardingOption is an answer, with what it gives.
type OnboardingOption struct {
	ID          snowflake.ID   `json:"id"`
	ChannelIDs  []snowflake.ID `json:"channel_ids"`
	RoleIDs     []snowflake.ID `json:"role_ids"`
	Emoji       SettingsEmoji  `json:"emoji"`
	Title       string         `json:"title"`
	Description string         `json:"description"`
}

// Member flags that the server sets.
// https://discord.com/developers/docs/resources/guild#guild-member-object-guild-member-flags
const (
	MemberCompletedOnboarding = 1 << 1
	MemberStartedOnboarding   = 1 << 3
)

// VerificationForm is what new members have to agree to or fill in before they may talk.
// https://docs.discord.food/resources/guild#member-verification-object
type VerificationForm struct {
	Version     string      `json:"version"` // when it was changed
	Description *string     `json:"description"`
	Fields      []FormField `json:"form_fields"`
}

// FormField is a field of a form; Response is there in one that was filled in.
type FormField struct {
	Type        string          `json:"field_type"` // TERMS, TEXT_INPUT, PARAGRAPH or MULTIPLE_CHOICE
	Label       string          `json:"label"`
	Description *string         `json:"description,omitempty"`
	Required    bool            `json:"required"`
	Values      []string        `json:"values,omitempty"`
	Choices     []string        `json:"choices,omitempty"`
	Placeholder *string         `json:"placeholder,omitempty"`
	Response    json.RawMessage `json:"response,omitempty"`
}

// JoinRequest is a filled-in form.
// https://docs.discord.food/resources/guild#guild-join-request-object
type JoinRequest struct {
	ID              snowflake.ID `json:"id"`
	CreatedAt       Timestamp    `json:"created_at"`
	ReviewedAt      *Timestamp   `json:"reviewed_at"`
	Status          string       `json:"application_status"` // STARTED, SUBMITTED, REJECTED or APPROVED
	RejectionReason *string      `json:"rejection_reason"`
	GuildID         snowflake.ID `json:"guild_id"`
	UserID          snowflake.ID `json:"user_id"`
	User            *User        `json:"user"`
	Responses       []FormField  `json:"form_responses"`
	ActionedBy      *User        `json:"actioned_by_user"`
}

// Join-request statuses.
const (
	RequestSubmitted = "SUBMITTED"
	RequestRejected  = "REJECTED"
	RequestApproved  = "APPROVED"
)

// Join-request events, which only people's clients know.
const (
	EventJoinRequestCreate = "GUILD_JOIN_REQUEST_CREATE"
	EventJoinRequestUpdate = "GUILD_JOIN_REQUEST_UPDATE"
	EventJoinRequestDelete = "GUILD_JOIN_REQUEST_DELETE"
)

// JoinRequestEvent is the payload of GUILD_JOIN_REQUEST_CREATE and _UPDATE.
type JoinRequestEvent struct {
	GuildID snowflake.ID `json:"guild_id"`
	Status  string       `json:"status"`
	Request JoinRequest  `json:"request"`
}

// JoinRequestDeleteEvent is the payload of GUILD_JOIN_REQUEST_DELETE.
type JoinRequestDeleteEvent struct {
	ID      snowflake.ID `json:"id"`
	GuildID snowflake.ID `json:"guild_id"`
	UserID  snowflake.ID `json:"user_id"`
}
