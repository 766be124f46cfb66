// Package readstates serves how far people have read, and what calls them. Discord does not document it.
//
// Nothing is counted when a message is sent. It writes one row for each user and role that it mentions, and one if it
// mentions everybody, however many they are (store.queueUnread, part of the message's own insert); and it moves its author's
// read state, as the author's client does by itself. What somebody has not read is counted when it is asked for: in READY
// (store.ReadStates), and after an ack. So a message to ten thousand members costs what one to ten does, and a count can't
// drift from what there is: it knows of deleted messages, of blocked authors, and of what was muted or suppressed since.
//
//	message -> message_mentions, read_states of its author
//	ack     -> read_states -> MESSAGE_ACK with what is left, to all of the user's sessions
//	READY   <- read_states, message_mentions later than those, messages of DMs later than those
package readstates

import (
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves read states and mentions.
type Handlers struct {
	store  *store.Store
	access *access.Access
}

// New returns the handlers.
func New(s *store.Store, a *access.Access) *Handlers { return &Handlers{store: s, access: a} }

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	acks := call.Per(30, 10*time.Second)
	users := func(method, path string, limit call.Limit, handle call.Handler) call.Route {
		return call.Route{Method: method, Path: path, Access: call.UsersOnly, Limit: limit, Unverified: true, Handle: handle}
	}
	return []call.Route{
		users(http.MethodPost, "/channels/:channel_id/messages/:message_id/ack", acks, h.message),
		users(http.MethodDelete, "/channels/:channel_id/messages/ack", acks, h.forget),
		users(http.MethodPost, "/channels/:channel_id/pins/ack", acks, h.pins),
		users(http.MethodPost, "/read-states/ack-bulk", call.Per(10, 10*time.Second), h.bulk),
		users(http.MethodPost, "/guilds/:guild_id/ack/:ack_type/:entity_id", acks, h.guildFeature),
		users(http.MethodPost, "/users/@me/:ack_type/:entity_id/ack", acks, h.userFeature),
		users(http.MethodGet, "/users/@me/mentions", call.Per(5, 5*time.Second), h.mentions),
		users(http.MethodDelete, "/users/@me/mentions/:message_id", acks, h.dismiss),
	}
}
