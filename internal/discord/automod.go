package discord

import "guildhall.chat/guildhall/internal/snowflake"

// AutoModTrigger is what a rule looks for.
// https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-trigger-types
type AutoModTrigger int

// Kinds of triggers.
const (
	AutoModKeyword       AutoModTrigger = 1
	AutoModSpam          AutoModTrigger = 3
	AutoModKeywordPreset AutoModTrigger = 4
	AutoModMentionSpam   AutoModTrigger = 5
	AutoModProfile       AutoModTrigger = 6
)

// When rules are checked.
// https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-event-types
const (
	AutoModOnMessage = 1
	AutoModOnMember  = 2 // joins, and changes of what it is called
)

// AutoModActionType is what a rule does.
// https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-action-object-action-types
type AutoModActionType int

// Kinds of actions.
const (
	AutoModBlock      AutoModActionType = 1
	AutoModAlert      AutoModActionType = 2
	AutoModTimeOut    AutoModActionType = 3
	AutoModQuarantine AutoModActionType = 4
)

// MessageAutoModAction is the type of an alert.
const MessageAutoModAction MessageType = 24

// MemberQuarantinedName is the flag of a member that may do nothing until it is called something else.
// https://discord.com/developers/docs/resources/guild#guild-member-object-guild-member-flags
const MemberQuarantinedName = 1 << 7

// AutoModRule is a rule of auto-moderation; it is the payload of AUTO_MODERATION_RULE_* too.
// https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object
type AutoModRule struct {
	ID             snowflake.ID    `json:"id"`
	GuildID        snowflake.ID    `json:"guild_id"`
	Name           string          `json:"name"`
	CreatorID      snowflake.ID    `json:"creator_id"`
	EventType      int             `json:"event_type"`
	TriggerType    AutoModTrigger  `json:"trigger_type"`
	Metadata       AutoModMetadata `json:"trigger_metadata"`
	Actions        []AutoModAction `json:"actions"`
	Enabled        bool            `json:"enabled"`
	ExemptRoles    []snowflake.ID  `json:"exempt_roles"`
	ExemptChannels []snowflake.ID  `json:"exempt_channels"`
}

// AutoModMetadata says more about a trigger; which fields there are depends on its type, and those are never nil.
// https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-trigger-metadata
type AutoModMetadata struct {
	KeywordFilter     []string `json:"keyword_filter,omitzero"`
	RegexPatterns     []string `json:"regex_patterns,omitzero"`
	Presets           []int    `json:"presets,omitzero"`
	AllowList         []string `json:"allow_list,omitzero"`
	MentionTotalLimit *int     `json:"mention_total_limit,omitempty"`
	RaidProtection    *bool    `json:"mention_raid_protection_enabled,omitempty"`
}

// AutoModAction is one thing that a rule does.
// https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-action-object
type AutoModAction struct {
	Type     AutoModActionType     `json:"type"`
	Metadata AutoModActionMetadata `json:"metadata"`
}

// AutoModActionMetadata says more about an action.
type AutoModActionMetadata struct {
	ChannelID       *snowflake.ID `json:"channel_id,omitempty"`       // of an alert
	DurationSeconds *int          `json:"duration_seconds,omitempty"` // of a time-out
	CustomMessage   *string       `json:"custom_message,omitempty"`   // told to whom is blocked
}

// AutoModExecution is the payload of AUTO_MODERATION_ACTION_EXECUTION.
// https://discord.com/developers/docs/events/gateway-events#auto-moderation-action-execution
type AutoModExecution struct {
	GuildID        snowflake.ID   `json:"guild_id"`
	Action         AutoModAction  `json:"action"`
	RuleID         snowflake.ID   `json:"rule_id"`
	TriggerType    AutoModTrigger `json:"rule_trigger_type"`
	UserID         snowflake.ID   `json:"user_id"`
	ChannelID      *snowflake.ID  `json:"channel_id,omitempty"`
	MessageID      *snowflake.ID  `json:"message_id,omitempty"` // absent when the message was blocked
	AlertID        *snowflake.ID  `json:"alert_system_message_id,omitempty"`
	Content        string         `json:"content"`
	MatchedKeyword *string        `json:"matched_keyword"`
	MatchedContent *string        `json:"matched_content"`
}
