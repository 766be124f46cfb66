// Package authn tells who makes a request.
//
// It works in two steps around the round trip to Redis that every request makes. Parse reads the Authorization header and
// checks what can be checked without asking anybody: an access token's signature, or a bot token against the hash that this
// process holds. The round trip then tells the account's epoch, which rises whenever a login ends or a token is reset.
// Confirm compares it with that of the identity held in memory, and asks the primary if they differ or Redis did not know.
//
//	header -> Parse -> Claims -> [Redis: rate limits, epoch] -> Confirm -> call.Caller
//
// An OAuth2 access token is signed, too, but always asks the primary what is left of its grant: so it ends at once with the
// grant, the application or the user, and nothing of it needs to be told to other pods.
//
// Whoever changes what authentication looks at calls Changed after the commit and before answering; the old token is then
// refused by all pods.
package authn

import (
	"context"
	"errors"
	"log/slog"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/internal/ratelimit"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// held is how many identities are kept in memory.
const held = 65536

var lookups = metrics.NewCache("identities")

// Epochs is where pods learn of each other's changes; see ratelimit.Limiter.
type Epochs interface {
	// RememberEpoch tells an account's epoch as the primary has it. It never lowers one.
	RememberEpoch(ctx context.Context, user snowflake.ID, epoch int64) error
}

// Authenticator is shared by all requests.
type Authenticator struct {
	store  *store.Store
	keys   *auth.Keys
	epochs Epochs
	log    *slog.Logger
	held   *lru.Cache[login, store.Identity]
	// insisting has an entry for each change that is being told again.
	insisting   chan struct{}
	insistEvery time.Duration
}

// login is what a token stands for: a user's login, or a bot with session 0.
type login struct{ user, session snowflake.ID }

// New returns an authenticator that holds no identities yet.
func New(s *store.Store, keys *auth.Keys, epochs Epochs, log *slog.Logger) *Authenticator {
	cache, _ := lru.New[login, store.Identity](held) // fails only for a size below one
	return &Authenticator{
		store: s, keys: keys, epochs: epochs, log: log, held: cache,
		insisting: make(chan struct{}, insisting), insistEvery: insistDefault,
	}
}

// Claims is who a request says that it is from. The zero value is nobody.
type Claims struct {
	User    snowflake.ID
	Session snowflake.ID // the login of a user's access token; 0 for a bot
	// Proven says that only the account's owner can have made the request, if the token is still good, so that it may be
	// counted against the account. A bot that this process has not seen yet is not proven until Confirm.
	Proven bool

	epoch int64      // of an access token
	hash  []byte     // of a bot's token
	grant auth.Grant // of an OAuth2 access token
}

// Anonymous reports whether the request carries no credentials.
func (c Claims) Anonymous() bool { return c.User == 0 }

// Delegated reports whether an application asks for a user, by OAuth2.
func (c Claims) Delegated() bool { return c.grant.ID != 0 }

// Counted is whose requests the rate limits count. What an application does for a user is apart from what the user does.
func (c Claims) Counted() ratelimit.Identity {
	if c.Delegated() {
		return ratelimit.User(c.User) + "/" + ratelimit.User(c.grant.Application)
	}
	return ratelimit.User(c.User)
}

func (c Claims) login() login { return login{c.User, c.Session} }

// Parse reads an Authorization header, the empty one as nobody's. It asks nobody. The error is discord.ErrUnauthorized.
func (a *Authenticator) Parse(header string) (Claims, error) {
	if header == "" {
		return Claims{}, nil
	}
	scheme, token, err := auth.ParseAuthorization(header)
	if err != nil {
		return Claims{}, discord.ErrUnauthorized
	}
	switch scheme {
	case auth.Bot:
		user, hash, err := auth.ParseBotToken(token)
		if err != nil {
			return Claims{}, discord.ErrUnauthorized
		}
		claims := Claims{User: user, hash: hash}
		known, ok := a.held.Peek(claims.login())
		claims.Proven = ok && claims.fits(known)
		return claims, nil
	case auth.User:
		access, err := a.keys.VerifyAccess(token)
		if err != nil {
			return Claims{}, discord.ErrUnauthorized
		}
		return Claims{User: access.User, Session: access.Session, Proven: true, epoch: access.Epoch}, nil
	case auth.Bearer:
		grant, err := a.keys.VerifyBearer(token)
		if err != nil {
			return Claims{}, discord.ErrUnauthorized
		}
		return Claims{User: grant.User, Proven: true, grant: grant}, nil
	}
	return Claims{}, discord.ErrUnauthorized
}

// fits reports whether the identity is the one that the token was given to.
func (c Claims) fits(id store.Identity) bool {
	if c.Session != 0 {
		return !id.Bot // the primary has found the login
	}
	return id.Bot && len(id.TokenHash) > 0 && auth.SameHash(c.hash, id.TokenHash)
}

// Confirm returns the caller of a request that is not anonymous. epoch is what Redis said of the account; unless known, the
// primary is asked. The error is discord.ErrUnauthorized, or an internal one.
func (a *Authenticator) Confirm(ctx context.Context, c Claims, epoch int64, known bool) (call.Caller, error) {
	if c.Delegated() {
		return a.confirmGrant(ctx, c.grant)
	}
	id, ok := a.held.Get(c.login())
	// A token of a later epoch than Redis knows proves that Redis has lost news.
	if !lookups.Found(ok && known && id.Epoch == epoch && c.epoch <= epoch) {
		var err error
		if id, err = a.ask(ctx, c); err != nil {
			return call.Caller{}, err
		}
		if !known || id.Epoch != epoch {
			a.remember(ctx, id)
		}
	}
	if !c.fits(id) {
		return call.Caller{}, discord.ErrUnauthorized
	}
	return call.Caller{Identity: id, Session: c.Session}, nil
}

func (a *Authenticator) ask(ctx context.Context, c Claims) (store.Identity, error) {
	id, err := a.store.Identity(ctx, c.User, c.Session)
	if errors.Is(err, store.ErrNotFound) {
		a.held.Remove(c.login())
		return id, discord.ErrUnauthorized
	}
	if err == nil {
		a.held.Add(c.login(), id)
	}
	return id, err
}
