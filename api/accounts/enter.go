package accounts

import (
	"errors"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/ratelimit"
	"guildhall.chat/guildhall/internal/store"
)

// Enter makes a login, for as long as one access token lives, of a person who comes by browser to the platform's own pages.
// code is of the second factor, for accounts that have one. The error is a *discord.Error if the credentials are not good or
// too many were tried.
func (h *Handlers) Enter(c *call.Call, login, password, code string) (store.Login, error) {
	ctx := c.Request.Context()
	stored, decision, err := h.prove(ctx, login, password)
	if decision.Refused != ratelimit.No {
		return store.Login{}, discord.ErrTooManyLogins
	}
	if err != nil {
		return store.Login{}, err
	}
	// Nobody gets this refresh token: the login ends with its access token.
	_, hash := auth.NewOpaque()
	short := store.RefreshToken{Hash: hash, Expires: time.Now().Add(auth.AccessLifetime)}
	if stored.MFA {
		return h.enterWith(c, stored, code, short)
	}
	made, err := h.Store.LogIn(ctx, stored, c.Request.UserAgent(), short)
	if errors.Is(err, store.ErrNotFound) {
		return made, errBadLogin()
	}
	if err != nil {
		return made, standing(err)
	}
	h.Authenticator.Changed(ctx, made.User, made.Epoch)
	return made, nil
}

func (h *Handlers) enterWith(c *call.Call, stored store.Password, code string, token store.RefreshToken) (store.Login, error) {
	ctx := c.Request.Context()
	if code == "" {
		return store.Login{}, discord.ErrNeedsMFA
	}
	use, err := h.factor(ctx, stored.User, code, byTOTP, byBackup)
	if err != nil {
		return store.Login{}, err
	}
	login, err := h.logInWith(ctx, stored, use, c.Request.UserAgent(), token, func(*store.Tx) error { return nil })
	if errors.Is(err, store.ErrNotFound) {
		return login, errBadLogin()
	}
	return login, err
}
