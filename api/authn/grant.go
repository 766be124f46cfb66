package authn

import (
	"context"
	"errors"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

// confirmGrant asks what is left of a grant.
func (a *Authenticator) confirmGrant(ctx context.Context, g auth.Grant) (call.Caller, error) {
	id, grant, err := a.store.Grant(ctx, g.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && (id.UserID != g.User || id.ApplicationID != g.Application) {
		return call.Caller{}, discord.ErrUnauthorized
	}
	if err != nil {
		return call.Caller{}, err
	}
	return call.Caller{Identity: id, Grant: &grant}, nil
}

// Delegated returns the caller that an OAuth2 access token alone stands for, where it comes otherwise than in the header.
// The error is discord.ErrOAuth2Token, or an internal one.
func (a *Authenticator) Delegated(ctx context.Context, token string) (call.Caller, error) {
	grant, err := a.keys.VerifyBearer(token)
	if err != nil {
		return call.Caller{}, discord.ErrOAuth2Token
	}
	caller, err := a.confirmGrant(ctx, grant)
	if errors.Is(err, discord.ErrUnauthorized) {
		err = discord.ErrOAuth2Token
	}
	return caller, err
}
