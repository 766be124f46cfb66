package discord

import (
	"encoding/json"

	"guildhall.chat/guildhall/internal/snowflake"
)

// ReadStateType says what a read state is of. Discord does not document read states.
type ReadStateType int

// Types of read states.
const (
	ReadChannel            ReadStateType = 0
	ReadGuildEvent         ReadStateType = 1
	ReadNotificationCenter ReadStateType = 2
	ReadGuildHome          ReadStateType = 3
	ReadGuildOnboarding    ReadStateType = 4
	ReadMessageRequests    ReadStateType = 5
)

// ReadState is how far a user has read of a channel, or of something else.
type ReadState struct {
	ID         snowflake.ID // of the channel, guild or user
	Type       ReadStateType
	Acked      snowflake.ID
	Mentions   int        // that are unread
	PinsSeen   *Timestamp // of a channel
	Flags      int
	LastViewed *int // days since 2015
}

// MarshalJSON gives what stands for a channel other names than what does not.
func (r ReadState) MarshalJSON() ([]byte, error) {
	type common struct {
		ID   snowflake.ID  `json:"id"`
		Type ReadStateType `json:"read_state_type"`
	}
	about := common{r.ID, r.Type}
	if r.Type != ReadChannel {
		return json.Marshal(struct {
			common
			Acked  snowflake.ID `json:"last_acked_id"`
			Badges int          `json:"badge_count"`
		}{about, r.Acked, r.Mentions})
	}
	return json.Marshal(struct {
		common
		Acked      snowflake.ID `json:"last_message_id"`
		Mentions   int          `json:"mention_count"`
		PinsSeen   *Timestamp   `json:"last_pin_timestamp"`
		Flags      int          `json:"flags"`
		LastViewed *int         `json:"last_viewed"`
	}{about, r.Acked, r.Mentions, r.PinsSeen, r.Flags, r.LastViewed})
}

// MessageAckEvent is the payload of MESSAGE_ACK.
type MessageAckEvent struct {
	ChannelID  snowflake.ID `json:"channel_id"`
	MessageID  snowflake.ID `json:"message_id"`
	Manual     bool         `json:"manual,omitempty"`
	Mentions   int          `json:"mention_count"`
	Flags      int          `json:"flags"`
	LastViewed *int         `json:"last_viewed"`
	Version    int64        `json:"version"`
}

// PinsAckEvent is the payload of CHANNEL_PINS_ACK.
type PinsAckEvent struct {
	ChannelID snowflake.ID `json:"channel_id"`
	Timestamp *Timestamp   `json:"timestamp"`
	Version   int64        `json:"version"`
}

// AckEvent is the payload of GUILD_FEATURE_ACK and USER_NON_CHANNEL_ACK.
type AckEvent struct {
	ResourceID snowflake.ID  `json:"resource_id"`
	EntityID   snowflake.ID  `json:"entity_id"`
	AckType    ReadStateType `json:"ack_type"`
	Version    int64         `json:"version"`
}
