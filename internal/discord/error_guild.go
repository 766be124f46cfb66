package discord

import "net/http"

// Errors about what a guild has besides channels, roles and members.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
var (
	ErrUnknownIntegration   = newError(http.StatusNotFound, 10005, "Unknown Integration")
	ErrUnknownBan           = newError(http.StatusNotFound, 10026, "Unknown Ban")
	ErrUnknownTemplate      = newError(http.StatusNotFound, 10057, "Unknown Guild Template")
	ErrUnknownWelcomeScreen = newError(http.StatusNotFound, 10069, "Unknown Guild Welcome Screen")
	ErrUnknownEvent         = newError(http.StatusNotFound, 10070, "Unknown Guild Scheduled Event")
	ErrUnknownEventUser     = newError(http.StatusNotFound, 10071, "Unknown Guild Scheduled Event User")
	ErrUnknownJoinRequest   = newError(http.StatusNotFound, 10083, "Unknown Guild Join Request")

	ErrTemplateExists = newError(http.StatusBadRequest, 30031, "Guild already has a template")
	ErrTooManyEvents  = newError(http.StatusBadRequest, 30038, "Maximum number of uncompleted guild scheduled events reached (100)")

	ErrWidgetDisabled  = newError(http.StatusForbidden, 50004, "Widget Disabled")
	ErrInvalidVanity   = newError(http.StatusBadRequest, 50020, "Invite code was either invalid or taken")
	ErrEventFinished   = newError(http.StatusBadRequest, 180000, "Cannot update a finished event")
	ErrOnboardingUnmet = newError(http.StatusBadRequest, 350000, "Cannot enable onboarding, requirements are not met")
	ErrOnboardingBelow = newError(http.StatusBadRequest, 350001, "Cannot update onboarding while below requirements")
	ErrNobodyBanned    = newError(http.StatusBadRequest, 500000, "Failed to ban users")
)
