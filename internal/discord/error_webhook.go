package discord

import "net/http"

// Errors of webhooks; those of 220000 say what they can't do in a forum, and with threads elsewhere.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
var (
	ErrUnknownWebhook   = newError(http.StatusNotFound, 10015, "Unknown Webhook")
	ErrTooManyWebhooks  = newError(http.StatusBadRequest, 30007, "Maximum number of webhooks reached (15)")
	ErrGuildWebhooks    = newError(http.StatusBadRequest, 30058, "Maximum number of webhooks per guild reached (1000)")
	ErrWebhookToken     = newError(http.StatusUnauthorized, 50027, "Invalid Webhook Token")
	ErrForumNeedsThread = newError(http.StatusBadRequest, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id")
	ErrThreadTwice      = newError(http.StatusBadRequest, 220002, "Webhooks posted to forum channels cannot have both a thread_name and thread_id")
	ErrThreadOutOfForum = newError(http.StatusBadRequest, 220003, "Webhooks can only create threads in forum channels")
	ErrServiceInForum   = newError(http.StatusBadRequest, 220004, "Webhook services cannot be used in forum channels")
)
