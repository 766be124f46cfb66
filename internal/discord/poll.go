package discord

import "guildhall.chat/guildhall/internal/snowflake"

// MessagePollResult is the type of the message that tells how a poll has ended.
const MessagePollResult MessageType = 46

// Poll is a question in a message, and how it stands.
// https://discord.com/developers/docs/resources/poll#poll-object
type Poll struct {
	Question         PollMedia    `json:"question"`
	Answers          []PollAnswer `json:"answers"`
	Expiry           Timestamp    `json:"expiry"`
	AllowMultiselect bool         `json:"allow_multiselect"`
	LayoutType       int          `json:"layout_type"`
	Results          PollResults  `json:"results"`
}

// PollMedia is a text with an emoji before it; a question has no emoji.
type PollMedia struct {
	Text  string        `json:"text,omitempty"`
	Emoji *PartialEmoji `json:"emoji,omitempty"`
}

// PollAnswer is what one can vote for; the ids count from 1.
type PollAnswer struct {
	AnswerID  int       `json:"answer_id"`
	PollMedia PollMedia `json:"poll_media"`
}

// PollResults are the votes up to now.
type PollResults struct {
	IsFinalized  bool              `json:"is_finalized"`
	AnswerCounts []PollAnswerCount `json:"answer_counts"`
}

// PollAnswerCount is how many voted for an answer.
type PollAnswerCount struct {
	ID      int  `json:"id"`
	Count   int  `json:"count"`
	MeVoted bool `json:"me_voted"`
}

// PollVoteEvent is the payload of MESSAGE_POLL_VOTE_ADD and _REMOVE.
// https://discord.com/developers/docs/events/gateway-events#message-poll-vote-add
type PollVoteEvent struct {
	UserID    snowflake.ID  `json:"user_id"`
	ChannelID snowflake.ID  `json:"channel_id"`
	MessageID snowflake.ID  `json:"message_id"`
	GuildID   *snowflake.ID `json:"guild_id,omitempty"`
	AnswerID  int           `json:"answer_id"`
}
