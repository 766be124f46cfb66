package call

import (
	"time"
)

// Access says who may call a route.
type Access int

// Kinds of callers.
const (
	Signed    Access = iota // users and bots
	UsersOnly               // bots get 20001
	BotsOnly                // users get 20002
	Anyone                  // no credentials needed
	OAuth2                  // applications that act for a user, and nobody else; Route.Scope says more
)

// AnyScope as a Route's Scope lets every OAuth2 token in.
const AnyScope = "*"

// Limit is a rate-limit bucket: so many requests in a window, for each caller and major parameter.
type Limit struct {
	Requests int
	Window   time.Duration
	// Name makes several routes share one bucket; empty: the route has its own.
	Name string
	// Together makes all callers share the bucket of a major parameter: the limit is of the thing, not of who uses it.
	Together bool
	// NoGlobal leaves the route out of the caller's global limit.
	NoGlobal bool
}

// Per is the limit of n requests in a window.
func Per(n int, window time.Duration) Limit { return Limit{Requests: n, Window: window} }

// Shared makes the limit one bucket for every route that names it.
func (l Limit) Shared(name string) Limit {
	l.Name = name
	return l
}

// Route is one operation. Path is below /api/v10, with :name parameters; channel_id, guild_id and webhook_id are the
// major parameters of its bucket.
type Route struct {
	Method string
	Path   string
	Access Access
	Limit  Limit
	// Scope is what an OAuth2 access token needs to call it besides; empty: none can. A handler that tells more to some
	// asks Caller.May.
	// https://discord.com/developers/docs/topics/oauth2#shared-resources-oauth2-scopes
	Scope string
	// Unverified lets users call it before they have verified their mail address, where that is required.
	Unverified bool
	Handle     Handler
}
