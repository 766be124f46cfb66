package discord

import (
	"fmt"
	"net/http"
)

// Error is what a REST client is told. It is safe to show: it never carries an internal message.
// https://discord.com/developers/docs/reference#error-messages
type Error struct {
	Status  int        `json:"-"`
	Code    int        `json:"code"`
	Message string     `json:"message"`
	Errors  FieldError `json:"errors,omitempty"`
}

// FieldError is the tree that mirrors the request; its leaves are {"_errors": [...]}.
type FieldError map[string]any

// FieldProblem is one entry of a leaf.
type FieldProblem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return fmt.Sprintf("%d %s", e.Code, e.Message) }

func newError(status, code int, message string) *Error {
	return &Error{Status: status, Code: code, Message: message}
}

// The errors that are sent, by Discord's JSON error codes.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
var (
	ErrInternal         = newError(http.StatusInternalServerError, 0, "500: Internal Server Error")
	ErrUnavailable      = newError(http.StatusServiceUnavailable, 0, "503: Service Unavailable")
	ErrUnauthorized     = newError(http.StatusUnauthorized, 0, "401: Unauthorized")
	ErrNotFound         = newError(http.StatusNotFound, 0, "404: Not Found")
	ErrMethodNotAllowed = newError(http.StatusMethodNotAllowed, 0, "405: Method Not Allowed")
	ErrUnsupportedMedia = newError(http.StatusUnsupportedMediaType, 0, "415: Unsupported Media Type")

	ErrTooManyLogins = newError(http.StatusTooManyRequests, 0, "Too many attempts to log in")

	ErrRegistrationClosed = newError(http.StatusForbidden, 0, "Nobody can register on this platform")
	ErrNotAdmin           = newError(http.StatusForbidden, 0, "Only administrators of this platform can do that")

	ErrUnknownReport  = newError(http.StatusNotFound, 0, "Unknown report")
	ErrTooManyReports = newError(http.StatusTooManyRequests, 0, "Too many of your reports are open")
	ErrExportTooSoon  = newError(http.StatusTooManyRequests, 0, "An export of your data is on its way, or was made within a day")
	ErrOwnsGuilds     = newError(http.StatusBadRequest, 40011, "You must transfer ownership of any owned guilds before deleting your account")

	ErrUnknownApplication        = newError(http.StatusNotFound, 10002, "Unknown Application")
	ErrUnknownChannel            = newError(http.StatusNotFound, 10003, "Unknown Channel")
	ErrUnknownGuild              = newError(http.StatusNotFound, 10004, "Unknown Guild")
	ErrUnknownInvite             = newError(http.StatusNotFound, 10006, "Unknown Invite")
	ErrUnknownMember             = newError(http.StatusNotFound, 10007, "Unknown Member")
	ErrUnknownMessage            = newError(http.StatusNotFound, 10008, "Unknown Message")
	ErrUnknownOverwrite          = newError(http.StatusNotFound, 10009, "Unknown Overwrite")
	ErrUnknownRole               = newError(http.StatusNotFound, 10011, "Unknown Role")
	ErrUnknownToken              = newError(http.StatusNotFound, 10012, "Unknown Token")
	ErrUnknownUser               = newError(http.StatusNotFound, 10013, "Unknown User")
	ErrUnknownSession            = newError(http.StatusNotFound, 10020, "Unknown Session")
	ErrUnknownEmoji              = newError(http.StatusBadRequest, 10014, "Unknown Emoji")
	ErrUnknownInteraction        = newError(http.StatusNotFound, 10062, "Unknown interaction")
	ErrUnknownCommand            = newError(http.StatusNotFound, 10063, "Unknown application command")
	ErrUnknownCommandPermissions = newError(http.StatusNotFound, 10066, "Unknown application command permissions")

	ErrBotsForbidden      = newError(http.StatusForbidden, 20001, "Bots cannot use this endpoint")
	ErrOnlyBots           = newError(http.StatusForbidden, 20002, "Only bots can use this endpoint")
	ErrAccountDisabled    = newError(http.StatusForbidden, 20013, "This account is disabled")
	ErrSlowmode           = newError(http.StatusTooManyRequests, 20016, "This action cannot be performed due to slowmode rate limit")
	ErrNotYourApplication = newError(http.StatusForbidden, 20012, "You are not authorized to perform this action on this application")

	ErrTooManyGuilds        = newError(http.StatusBadRequest, 30001, "Maximum number of guilds reached (100)")
	ErrTooManyPins          = newError(http.StatusBadRequest, 30003, "Maximum number of pins reached for the channel (250)")
	ErrTooManyRoles         = newError(http.StatusBadRequest, 30005, "Maximum number of guild roles reached (250)")
	ErrTooManyReactions     = newError(http.StatusBadRequest, 30010, "Maximum number of reactions reached (20)")
	ErrTooManyChannels      = newError(http.StatusBadRequest, 30013, "Maximum number of guild channels reached (500)")
	ErrTooManyFiles         = newError(http.StatusBadRequest, 30015, "Maximum number of attachments in a message reached (10)")
	ErrTooManyInvites       = newError(http.StatusBadRequest, 30016, "Maximum number of invites reached (1000)")
	ErrTooManyMembers       = newError(http.StatusBadRequest, 30019, "Maximum number of server members reached (500000)")
	ErrTooManyInCategory    = newError(http.StatusBadRequest, 30030, "Maximum number of channels in category reached (50)")
	ErrTooManyCommands      = newError(http.StatusBadRequest, 30032, "Maximum number of application commands reached (100)")
	ErrTooManyCommandsToday = newError(http.StatusBadRequest, 30034, "Max number of daily application command creates has been reached (200)")
	ErrTooManyOverwrites    = newError(http.StatusBadRequest, 30060, "Maximum number of channel permission overwrites reached (1000)")

	ErrVerifyAccount    = newError(http.StatusForbidden, 40002, "You need to verify your account in order to perform this action")
	ErrEntityTooLarge   = newError(http.StatusRequestEntityTooLarge, 40005, "Request entity too large")
	ErrBannedFromGuild  = newError(http.StatusForbidden, 40007, "The user is banned from this guild")
	ErrOneParentOnly    = newError(http.StatusBadRequest, 40009, "Only one channel may be moved to another category at a time")
	ErrCommandNameTaken = newError(http.StatusBadRequest, 40041, "An application command with that name already exists")
	ErrAlreadyAnswered  = newError(http.StatusBadRequest, 40060, "Interaction has already been acknowledged.")
	ErrTooManyFollowups = newError(http.StatusBadRequest, 40094, "Maximum number of follow-up messages reached for this interaction")

	ErrMissingAccess      = newError(http.StatusForbidden, 50001, "Missing Access")
	ErrOnDM               = newError(http.StatusBadRequest, 50003, "Cannot execute action on a DM channel")
	ErrNotAuthor          = newError(http.StatusForbidden, 50005, "Cannot edit a message authored by another user")
	ErrEmptyMessage       = newError(http.StatusBadRequest, 50006, "Cannot send an empty message")
	ErrCannotDM           = newError(http.StatusForbidden, 50007, "Cannot send messages to this user")
	ErrNotText            = newError(http.StatusBadRequest, 50008, "Cannot send messages in a non-text channel")
	ErrNoBot              = newError(http.StatusBadRequest, 50010, "OAuth2 application does not have a bot")
	ErrTooManyApps        = newError(http.StatusBadRequest, 50011, "OAuth2 application limit reached")
	ErrMissingPermissions = newError(http.StatusForbidden, 50013, "You lack permissions to perform that action")
	ErrInvalidToken       = newError(http.StatusUnauthorized, 50014, "Invalid authentication token provided")
	ErrBulkDeleteCount    = newError(http.StatusBadRequest, 50016, "Provided too few or too many messages to delete")
	ErrSystemMessage      = newError(http.StatusForbidden, 50021, "Cannot execute action on a system message")
	ErrWrongChannelType   = newError(http.StatusBadRequest, 50024, "Cannot execute action on this channel type")
	ErrOAuth2Token        = newError(http.StatusUnauthorized, 50025, "Invalid OAuth2 access token provided")
	ErrScopeNeeded        = newError(http.StatusForbidden, 50026, "Missing required OAuth2 scope")
	ErrMissingScope       = newError(http.StatusBadRequest, 50026, "Missing required OAuth2 scope")
	ErrInvalidRole        = newError(http.StatusBadRequest, 50028, "Invalid role")
	ErrInvalidRecipients  = newError(http.StatusBadRequest, 50033, "Invalid recipient(s)")
	ErrTooOldToDelete     = newError(http.StatusBadRequest, 50034, "A message provided was too old to bulk delete")
	ErrInvalidForm        = newError(http.StatusBadRequest, 50035, "Invalid Form Body")
	ErrInvalidVersion     = newError(http.StatusBadRequest, 50041, "Invalid API version provided")
	ErrCommunityChannel   = newError(http.StatusBadRequest, 50074, "Cannot delete a channel required for Community guilds")
	ErrFileTooLarge       = newError(http.StatusBadRequest, 50045, "File uploaded exceeds the maximum size")
	ErrInvalidFile        = newError(http.StatusBadRequest, 50046, "Invalid file uploaded")
	ErrInvalidGuild       = newError(http.StatusBadRequest, 50055, "Invalid Guild")
	ErrInvalidJSON        = newError(http.StatusBadRequest, 50109, "The request body contains invalid JSON.")
	ErrOwnerIsBot         = newError(http.StatusForbidden, 50132, "Ownership cannot be transferred to a bot user")
	ErrNoMutualGuild      = newError(http.StatusForbidden, 50278, "Cannot message this user: no mutual guild")
	ErrMFAEnabled         = newError(http.StatusBadRequest, 60001, "User is already enrolled in two-factor authentication")
	ErrMFANotEnabled      = newError(http.StatusBadRequest, 60002, "User is not enrolled in two-factor authentication")
	ErrInvalidMFASecret   = newError(http.StatusBadRequest, 60005, "Invalid two-factor secret")
	ErrInvalidMFATicket   = newError(http.StatusBadRequest, 60006, "Invalid two-factor auth ticket")
	ErrInvalidMFACode     = newError(http.StatusBadRequest, 60008, "Invalid two-factor code")
	ErrNeedsMFA           = newError(http.StatusForbidden, 60003, "Two factor is required for this operation")
	ErrMessageBlocked     = newError(http.StatusBadRequest, 200000, "Message was blocked by automatic moderation")
	ErrTitleBlocked       = newError(http.StatusBadRequest, 200001, "Title was blocked by automatic moderation")
	ErrPollExpired        = newError(http.StatusBadRequest, 520001, "Poll expired")
	ErrPollEdit           = newError(http.StatusBadRequest, 520003, "Cannot edit a poll message")
	ErrNoPoll             = newError(http.StatusBadRequest, 520006, "Cannot expire a non-poll message")
	ErrIndexNotReady      = newError(http.StatusAccepted, 110000, "Index not yet available. Try again later")
	ErrReplyNeedsHistory  = newError(http.StatusBadRequest, 160002, "Cannot reply without permission to read message history")
	ErrForwardUnreadable  = newError(http.StatusForbidden, 160014, "You cannot forward a message whose content you cannot read")
)
