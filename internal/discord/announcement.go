package discord

import "net/http"

// Flags of published messages and their copies.
// https://discord.com/developers/docs/resources/message#message-object-message-flags
const (
	MessageFlagCrossposted   = 1 << 0 // has been published to the channels that follow
	MessageFlagIsCrosspost   = 1 << 1 // is such a copy
	MessageFlagSourceDeleted = 1 << 3 // is one of a message that is gone
)

// MessageChannelFollowAdd tells a channel that it follows another from now on.
const MessageChannelFollowAdd MessageType = 12

// ErrAlreadyCrossposted is the answer to publishing a message twice.
var ErrAlreadyCrossposted = newError(http.StatusBadRequest, 40033, "This message has already been crossposted")
