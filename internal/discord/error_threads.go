package discord

import "net/http"

// The errors about threads and forums.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
var (
	ErrUnknownTag = newError(http.StatusNotFound, 10087, "Unknown Tag")

	ErrTooManyInThread = newError(http.StatusBadRequest, 30033, "Maximum number of thread participants has been reached (1000)")
	ErrTooManyPinned   = newError(http.StatusBadRequest, 30047, "Maximum number of pinned threads in a forum channel has been reached (1)")

	ErrTagNames    = newError(http.StatusBadRequest, 40061, "Tag names must be unique")
	ErrNoTagToSet  = newError(http.StatusBadRequest, 40066, "There are no tags available that can be set by non-moderators")
	ErrTagRequired = newError(http.StatusBadRequest, 40067, "A tag is required to create a forum post in this channel")

	ErrMessageType    = newError(http.StatusBadRequest, 50068, "Invalid message type")
	ErrThreadArchived = newError(http.StatusBadRequest, 50083, "Tried to perform an operation on an archived thread")
	ErrThreadSetting  = newError(http.StatusBadRequest, 50084, "Invalid thread notification settings")

	ErrThreadExists     = newError(http.StatusBadRequest, 160004, "A thread has already been created for this message")
	ErrThreadLocked     = newError(http.StatusForbidden, 160005, "Thread is locked")
	ErrTooManyThreads   = newError(http.StatusBadRequest, 160006, "Maximum number of active threads reached")
	ErrTooManyAnnounced = newError(http.StatusBadRequest, 160007, "Maximum number of active announcement threads reached")
)
