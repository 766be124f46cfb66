// Package accounts is how people get in and stay in: register, log in, refresh, log out, verify a mail address, change what
// an account is.
//
// A login (store.Login) is born of a password. It gives an access token of minutes, and a refresh token of days that is
// spent for the next pair. One that is presented twice ends the login: one of the two who hold it is a thief. Whatever ends
// logins is told to all pods (authn.Authenticator.Changed) before the answer goes out.
package accounts

import (
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/authn"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/mail"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/ratelimit"
	"guildhall.chat/guildhall/internal/store"
)

// Mailer queues mail; see mail.Queue.
type Mailer interface {
	Send(m mail.Message) error
}

// Config is what the handlers work with.
type Config struct {
	Store         *store.Store
	Authenticator *authn.Authenticator
	Keys          *auth.Keys
	Passwords     *auth.Passwords
	Limiter       *ratelimit.Limiter
	Mailer        Mailer           // nil: nothing is mailed, and no address is ever verified
	PublicURL     string           // base of the links in mails
	Registration  Policy           // empty: Open
	Clock         func() time.Time // by which codes of a second factor are judged; nil: time.Now
}

// Policy says who may register.
type Policy string

// The policies, as they are written in the configuration.
const (
	Open         Policy = "open"
	ByInvitation Policy = "invite" // of an administrator, or to a guild
	Closed       Policy = "closed"
)

// Handlers serves accounts.
type Handlers struct{ Config }

// New returns the handlers.
func New(cfg Config) *Handlers {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	return &Handlers{cfg}
}

// Routes lists the operations. Those without credentials are limited by address; logins besides by account.
func (h *Handlers) Routes() []call.Route {
	return []call.Route{
		{Method: http.MethodPost, Path: "/auth/register", Access: call.Anyone, Limit: call.Per(30, time.Minute), Handle: h.register},
		{Method: http.MethodPost, Path: "/auth/login", Access: call.Anyone, Limit: call.Per(30, time.Minute), Handle: h.login},
		{Method: http.MethodPost, Path: "/auth/mfa/totp", Access: call.Anyone, Limit: call.Per(30, time.Minute), Handle: h.finish(byTOTP)},
		{Method: http.MethodPost, Path: "/auth/mfa/backup", Access: call.Anyone, Limit: call.Per(30, time.Minute), Handle: h.finish(byBackup)},
		{Method: http.MethodPost, Path: "/users/@me/mfa/totp/enable", Access: call.UsersOnly, Limit: call.Per(10, time.Minute), Handle: h.enableTOTP},
		{Method: http.MethodPost, Path: "/users/@me/mfa/totp/disable", Access: call.UsersOnly, Limit: call.Per(10, time.Minute), Handle: h.disableTOTP},
		{Method: http.MethodPost, Path: "/users/@me/mfa/codes", Access: call.UsersOnly, Limit: call.Per(10, time.Minute), Handle: h.codes},
		{Method: http.MethodGet, Path: "/auth/sessions", Access: call.UsersOnly, Limit: call.Per(10, 10*time.Second), Unverified: true, Handle: h.sessions},
		{Method: http.MethodPost, Path: "/auth/sessions/logout", Access: call.UsersOnly, Limit: call.Per(10, time.Minute), Unverified: true, Handle: h.endSessions},
		{Method: http.MethodPost, Path: "/auth/password/validate", Access: call.Anyone, Limit: call.Per(10, 10*time.Second), Handle: h.validatePassword},
		{Method: http.MethodPost, Path: "/auth/forgot", Access: call.Anyone, Limit: call.Per(5, time.Minute), Handle: h.forgot},
		{Method: http.MethodGet, Path: "/auth/reset", Access: call.Anyone, Limit: call.Per(30, time.Minute), Handle: h.resetPage},
		{Method: http.MethodPost, Path: "/auth/reset", Access: call.Anyone, Limit: call.Per(10, time.Minute), Handle: h.reset},
		{Method: http.MethodPost, Path: "/unique-username/username-attempt-unauthed", Access: call.Anyone, Limit: call.Per(10, 10*time.Second).Shared("username attempt"), Handle: h.tryUsername},
		{Method: http.MethodGet, Path: "/unique-username/username-suggestions-unauthed", Access: call.Anyone, Limit: call.Per(10, 10*time.Second), Handle: h.suggestUsername},
		{Method: http.MethodPost, Path: "/users/@me/pomelo-attempt", Access: call.UsersOnly, Limit: call.Per(10, 10*time.Second), Unverified: true, Handle: h.tryUsername},
		{Method: http.MethodPost, Path: "/users/@me/disable", Access: call.UsersOnly, Limit: call.Per(5, time.Minute), Unverified: true, Handle: h.end((*store.Tx).DisableAccount)},
		{Method: http.MethodPost, Path: "/users/@me/delete", Access: call.UsersOnly, Limit: call.Per(5, time.Minute), Unverified: true, Handle: h.end((*store.Tx).DeleteAccount)},
		{Method: http.MethodPost, Path: "/auth/refresh", Access: call.Anyone, Limit: call.Per(60, time.Minute), Handle: h.refresh},
		{Method: http.MethodPost, Path: "/auth/logout", Access: call.UsersOnly, Limit: call.Per(10, 10*time.Second), Unverified: true, Handle: h.logout},
		{Method: http.MethodGet, Path: "/auth/verify", Access: call.Anyone, Limit: call.Per(30, time.Minute), Handle: h.verifyPage},
		{Method: http.MethodPost, Path: "/auth/verify", Access: call.Anyone, Limit: call.Per(30, time.Minute), Handle: h.verify},
		{Method: http.MethodPost, Path: "/auth/verify/resend", Access: call.UsersOnly, Limit: call.Per(3, 3*time.Minute), Unverified: true, Handle: h.resend},
		{Method: http.MethodPatch, Path: "/users/@me", Access: call.Signed, Limit: call.Per(10, time.Minute), Unverified: true, Handle: h.update},
	}
}
