package discord

import "guildhall.chat/guildhall/internal/snowflake"

// MessagePinned is the type of the message that tells a channel of a new pin.
const MessagePinned MessageType = 6

// Audit-log events of pins.
const (
	AuditMessagePin   AuditAction = 74
	AuditMessageUnpin AuditAction = 75
)

// Pin is a pinned message.
// https://discord.com/developers/docs/resources/message#message-pin-object
type Pin struct {
	PinnedAt Timestamp `json:"pinned_at"`
	Message  Message   `json:"message"`
}

// PinsUpdateEvent is the payload of CHANNEL_PINS_UPDATE.
// https://discord.com/developers/docs/events/gateway-events#channel-pins-update
type PinsUpdateEvent struct {
	GuildID          *snowflake.ID `json:"guild_id,omitempty"`
	ChannelID        snowflake.ID  `json:"channel_id"`
	LastPinTimestamp *Timestamp    `json:"last_pin_timestamp"`
}
