package session

import (
	"context"
	"errors"
	"time"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Account is who a session belongs to.
type Account struct {
	User        snowflake.ID
	Bot         bool
	Application snowflake.ID // of a bot
	AppFlags    int64        // of a bot's application

	login     snowflake.ID // of a user: what the access token belongs to
	tokenHash []byte       // of a bot
}

// errToken says that a token is none of ours, or no longer valid.
var errToken = errors.New("invalid token")

// authenticate returns the account of a gateway token. The error is errToken, or one of the database's.
func (s *Server) authenticate(ctx context.Context, text string) (Account, error) {
	account, err := s.recognize(ctx, text)
	if err == nil && !account.Bot {
		_, err = s.identity(ctx, account)
	}
	return account, err
}

// recognize is authenticate, but whether a person's login has ended is yet to be checked: until then it is known from the
// token's signature who that is.
func (s *Server) recognize(ctx context.Context, text string) (Account, error) {
	scheme, token, err := auth.ParseGatewayToken(text)
	if err != nil {
		return Account{}, errToken
	}
	if scheme == auth.Bot {
		return s.authenticateBot(ctx, token)
	}
	access, err := s.keys.VerifyAccess(token)
	if err != nil {
		return Account{}, errToken
	}
	return Account{User: access.User, login: access.Session}, nil
}

func (s *Server) authenticateBot(ctx context.Context, token string) (Account, error) {
	user, hash, err := auth.ParseBotToken(token)
	if err != nil {
		return Account{}, errToken
	}
	account := Account{User: user, Bot: true, tokenHash: hash}
	identity, err := s.identity(ctx, account)
	if err != nil {
		return Account{}, err
	}
	account.Application, account.AppFlags = identity.ApplicationID, identity.AppFlags
	return account, nil
}

// identity checks an account's credentials against the database. The error is errToken if they are not good.
func (s *Server) identity(ctx context.Context, a Account) (store.Identity, error) {
	identity, err := s.store.Identity(ctx, a.User, a.login)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return identity, errToken
	case err != nil:
		return identity, err
	case identity.Bot != a.Bot:
		return identity, errToken
	case a.Bot && (len(identity.TokenHash) == 0 || !auth.SameHash(a.tokenHash, identity.TokenHash)):
		return identity, errToken
	}
	return identity, nil
}

// recheckPause is the longest pause between attempts to check a session's credentials anew.
const recheckPause = 5 * time.Second

// recheck closes a session whose credentials are no longer good. It does not give up while the database does not answer.
func (s *Server) recheck(session *Session) {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, recheckPause) {
		ctx, cancel := context.WithTimeout(s.ctx, identifyTimeout)
		_, err := s.identity(ctx, session.Account)
		cancel()
		switch {
		case err == nil || session.over():
			return
		case errors.Is(err, errToken):
			if l := session.end("credentials"); l != nil {
				l.conn.CloseWith(discord.CloseAuthenticationFailed)
			}
			return
		}
		select {
		case <-time.After(pause):
		case <-s.ctx.Done():
			return
		}
	}
}
