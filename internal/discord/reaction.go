package discord

import "guildhall.chat/guildhall/internal/snowflake"

// PartialEmoji names an emoji: a custom one by id, a Unicode one by name alone.
// https://discord.com/developers/docs/resources/emoji#emoji-object
type PartialEmoji struct {
	ID       *snowflake.ID `json:"id"`
	Name     *string       `json:"name"`
	Animated bool          `json:"animated,omitempty"`
}

// Reaction counts one emoji under a message, as one user sees it.
// https://discord.com/developers/docs/resources/message#reaction-object
type Reaction struct {
	Emoji        PartialEmoji   `json:"emoji"`
	Count        int            `json:"count"`
	CountDetails ReactionCounts `json:"count_details"`
	BurstColors  []string       `json:"burst_colors"`
	MeBurst      bool           `json:"me_burst"`
	Me           bool           `json:"me"`
}

// ReactionCounts splits a count; burst is a premium feature and stays 0.
type ReactionCounts struct {
	Burst  int `json:"burst"`
	Normal int `json:"normal"`
}

// ReactionEvent is the payload of MESSAGE_REACTION_ADD and, with less, of MESSAGE_REACTION_REMOVE.
type ReactionEvent struct {
	UserID          snowflake.ID  `json:"user_id"`
	ChannelID       snowflake.ID  `json:"channel_id"`
	MessageID       snowflake.ID  `json:"message_id"`
	GuildID         *snowflake.ID `json:"guild_id,omitempty"`
	Member          *Member       `json:"member,omitempty"`
	Emoji           PartialEmoji  `json:"emoji"`
	MessageAuthorID *snowflake.ID `json:"message_author_id,omitempty"`
	Burst           bool          `json:"burst"`
	Type            int           `json:"type"`
}

// ReactionClearEvent is the payload of MESSAGE_REACTION_REMOVE_ALL and, with the emoji, of
// MESSAGE_REACTION_REMOVE_EMOJI.
type ReactionClearEvent struct {
	ChannelID snowflake.ID  `json:"channel_id"`
	MessageID snowflake.ID  `json:"message_id"`
	GuildID   *snowflake.ID `json:"guild_id,omitempty"`
	Emoji     *PartialEmoji `json:"emoji,omitempty"`
}
