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
	var steps []step
	if stored.MFA {
		if code == "" {
			return store.Login{}, discord.ErrNeedsMFA
		}
		use, err := h.factor(ctx, stored.User, code, byTOTP, byBackup)
		if err != nil {
			return store.Login{}, err
		}
		steps = append(steps, use)
	}
	made, err := h.logIn(c, stored, short, steps...)
	if errors.Is(err, store.ErrNotFound) {
		err = errBadLogin()
	}
	return made, err
}
