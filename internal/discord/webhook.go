package discord

import "guildhall.chat/guildhall/internal/snowflake"

// WebhookType says what a webhook is for.
// https://discord.com/developers/docs/resources/webhook#webhook-object-webhook-types
type WebhookType int

// Webhook types that are made here.
const (
	WebhookIncoming WebhookType = 1 // posts what is sent to its URL
	WebhookFollower WebhookType = 2 // posts what an announcement channel publishes
)

// Webhook posts messages to a channel. Token and URL are for who may post through it alone.
// https://discord.com/developers/docs/resources/webhook#webhook-object
type Webhook struct {
	ID            snowflake.ID          `json:"id"`
	Type          WebhookType           `json:"type"`
	GuildID       *snowflake.ID         `json:"guild_id"`
	ChannelID     *snowflake.ID         `json:"channel_id"`
	User          *User                 `json:"user,omitempty"` // who made it
	Name          string                `json:"name"`
	Avatar        *string               `json:"avatar"`
	Token         string                `json:"token,omitempty"` // of an incoming one
	ApplicationID *snowflake.ID         `json:"application_id"`
	SourceGuild   *WebhookSourceGuild   `json:"source_guild,omitempty"` // of a follower
	SourceChannel *WebhookSourceChannel `json:"source_channel,omitempty"`
	URL           string                `json:"url,omitempty"`
}

// WebhookSourceGuild is the guild whose channel is followed.
type WebhookSourceGuild struct {
	ID   snowflake.ID `json:"id"`
	Name string       `json:"name"`
	Icon *string      `json:"icon"`
}

// WebhookSourceChannel is the channel that is followed.
type WebhookSourceChannel struct {
	ID   snowflake.ID `json:"id"`
	Name string       `json:"name"`
}

// WebhooksUpdateEvent is the payload of WEBHOOKS_UPDATE.
type WebhooksUpdateEvent struct {
	GuildID   snowflake.ID `json:"guild_id"`
	ChannelID snowflake.ID `json:"channel_id"`
}

// ChannelFollower is the answer to following an announcement channel.
// https://discord.com/developers/docs/resources/channel#followed-channel-object
type ChannelFollower struct {
	ChannelID snowflake.ID `json:"channel_id"` // the one that is followed
	WebhookID snowflake.ID `json:"webhook_id"`
}
