package discord

import "net/http"

// The errors about what people are to each other. Discord documents only some of them.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
var (
	ErrTooManyFriends    = newError(http.StatusBadRequest, 30002, "Maximum number of friends reached (1000)")
	ErrTooManyRecipients = newError(http.StatusBadRequest, 30004, "Maximum number of recipients reached (10)")
	ErrTooManyGroups     = newError(http.StatusBadRequest, 30063, "Maximum number of groups of a bot reached (10)")
	ErrTooManyBlocked    = newError(http.StatusBadRequest, 30069, "Maximum number of blocked users reached (5000)")
	ErrRequestsDisabled  = newError(http.StatusBadRequest, 80000, "This user does not take friend requests from you")
	ErrFriendBlocked     = newError(http.StatusBadRequest, 80001, "A friend request between these users is blocked")
	ErrFriendBot         = newError(http.StatusBadRequest, 80002, "Bots cannot have friends")
	ErrFriendSelf        = newError(http.StatusBadRequest, 80003, "Cannot send a friend request to yourself")
	ErrNoSuchName        = newError(http.StatusBadRequest, 80004, "No user has this name")
	ErrAlreadyFriends    = newError(http.StatusBadRequest, 80007, "You are already friends with this user")
)
