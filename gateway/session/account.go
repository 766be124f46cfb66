package session

import (
	"context"
	"errors"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Account is who a session belongs to.
type Account struct {
	User        snowflake.ID
	Bot         bool
	Application snowflake.ID // of a bot
	AppFlags    int64        // of a bot's application
}

// errToken says that a token is none of ours, or no longer valid.
var errToken = errors.New("invalid token")

// authenticate returns the account of a gateway token. The error is errToken, or one of the database's.
func (s *Server) authenticate(ctx context.Context, text string) (Account, error) {
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
	identity, err := s.identity(ctx, access.User, access.Session)
	if err != nil {
		return Account{}, err
	}
	if identity.Bot || identity.Epoch != access.Epoch {
		return Account{}, errToken
	}
	return Account{User: identity.UserID}, nil
}

func (s *Server) authenticateBot(ctx context.Context, token string) (Account, error) {
	user, hash, err := auth.ParseBotToken(token)
	if err != nil {
		return Account{}, errToken
	}
	identity, err := s.identity(ctx, user, 0)
	if err != nil {
		return Account{}, err
	}
	if !identity.Bot || len(identity.TokenHash) == 0 || !auth.SameHash(hash, identity.TokenHash) {
		return Account{}, errToken
	}
	return Account{User: user, Bot: true, Application: identity.ApplicationID, AppFlags: identity.AppFlags}, nil
}

func (s *Server) identity(ctx context.Context, user, login snowflake.ID) (store.Identity, error) {
	identity, err := s.store.Identity(ctx, user, login)
	if errors.Is(err, store.ErrNotFound) {
		return identity, errToken
	}
	return identity, err
}
