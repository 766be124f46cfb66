// Package interactions carries what users do with applications to them, and their answers back.
//
//	user:  POST /interactions -> checked, resolved -> the bot's gateway session, or signed HTTP (deliver.go)
//	app:   callback (callback.go) -> a message, a change, choices, a modal -> the user's session (notify.go)
//	app:   follow-ups for 15 minutes, through the paths of webhooks (followups.go)
//
// An interaction is a row until its token expires; a change that holds it decides which answer is the first. Ephemeral
// messages live beside it and go to the user's and the bot's own logs, never to a channel. What an application answers by
// HTTP is read as if it had made the callback itself.
// https://discord.com/developers/docs/interactions/receiving-and-responding
package interactions

import (
	"net/http"
	"strings"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/outgoing"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Patience is how long an application may take to answer.
// https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction
const Patience = 3 * time.Second

// Config is what the handlers work with.
type Config struct {
	Store     *store.Store
	Access    *access.Access
	Poster    *posting.Poster
	Publisher *events.Publisher
	Outgoing  *outgoing.Sender // to applications that take interactions by HTTP
}

// Handlers serves interactions.
type Handlers struct {
	store     *store.Store
	access    *access.Access
	poster    *posting.Poster
	publisher *events.Publisher
	outgoing  *outgoing.Sender
}

// New returns the handlers.
func New(cfg Config) *Handlers {
	return &Handlers{store: cfg.Store, access: cfg.Access, poster: cfg.Poster, publisher: cfg.Publisher, outgoing: cfg.Outgoing}
}

// Routes lists the operations; those of follow-ups are package webhooks' (Followups).
func (h *Handlers) Routes() []call.Route {
	callback := call.Limit{Requests: 50, Window: time.Second, NoGlobal: true}
	return []call.Route{
		{Method: http.MethodPost, Path: "/interactions", Access: call.UsersOnly, Limit: call.Per(10, 5*time.Second), Handle: h.invoke},
		{Method: http.MethodPost, Path: "/interactions/:interaction_id/:interaction_token/callback", Access: call.Anyone, Limit: callback, Handle: h.callback},
	}
}

// mark is how the tokens of interactions begin, which tells them from those of webhooks. After it comes the interaction's id,
// then a secret.
const mark = "interaction."

// newToken makes the token of an interaction; the hash is of its secret.
func newToken(id snowflake.ID) (token string, hash []byte) {
	secret, hash := auth.NewOpaque()
	return mark + id.String() + "." + secret, hash
}

// splitToken reads a token; ok is false for anything else.
func splitToken(token string) (id snowflake.ID, hash []byte, ok bool) {
	rest, marked := strings.CutPrefix(token, mark)
	text, secret, whole := strings.Cut(rest, ".")
	id, err := snowflake.Parse(text)
	return id, auth.HashOpaque(secret), marked && whole && err == nil && id != 0
}

// expired reports whether the time for the first answer is over.
func expired(i store.Interaction) bool { return time.Since(i.ID.Time()) > Patience }

// isEphemeral reports whether only one user sees a message.
func isEphemeral(m discord.Message) bool { return m.Flags&discord.MessageFlagEphemeral != 0 }
