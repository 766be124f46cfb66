package accounts

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/ratelimit"
	"guildhall.chat/guildhall/internal/store"
)

// loginBucket bounds how often a password can be guessed, whoever guesses and from wherever.
var loginBucket = ratelimit.Bucket{Name: "login to an account", Limit: 20, Window: 5 * time.Minute, NoGlobal: true}

// login gives tokens for a password. What it says, and how long that takes, does not tell whether there is such an account.
func (h *Handlers) login(c *call.Call) error {
	var body struct {
		Login    string `json:"login"`
		Email    string `json:"email"`
		Password string `json:"password"`
		Undelete bool   `json:"undelete"` // enables an account that its user has disabled
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	if body.Login == "" {
		body.Login = body.Email
	}
	ctx := c.Request.Context()
	stored, decision, err := h.prove(ctx, body.Login, body.Password)
	if decision.Refused != ratelimit.No {
		decision.WriteHeaders(c.Writer.Header())
		return c.Reply(http.StatusTooManyRequests, decision.Refusal())
	}
	if err != nil {
		return err
	}
	if stored.MFA {
		return h.ask(c, stored, body.Undelete)
	}
	refresh, token := newRefreshToken()
	login, err := h.logIn(c, stored, token, enable(stored, body.Undelete))
	if errors.Is(err, store.ErrNotFound) {
		return errBadLogin() // the password has been changed this very moment
	}
	if err != nil {
		return err
	}
	answer, err := h.enter(login, refresh)
	if err != nil {
		return err
	}
	return c.OK(answer)
}

// prove returns the stored password of the account whose mail address and password are given. Every attempt is counted; if
// there were too many, the decision says so.
func (h *Handlers) prove(ctx context.Context, login, password string) (store.Password, ratelimit.Decision, error) {
	var p form.Problems
	p.Length("login", login, 1, 320)
	p.Length("password", password, 1, maxPassword)
	if err := p.Err(); err != nil {
		return store.Password{}, ratelimit.Decision{}, err
	}
	decision := h.count(ctx, "login:", login, loginBucket)
	if decision.Refused != ratelimit.No {
		return store.Password{}, decision, nil
	}
	stored, err := h.verified(ctx, login, password)
	return stored, decision, err
}

// count counts an attempt against a mail address, whoever makes it and whether or not there is such an account.
func (h *Handlers) count(ctx context.Context, kind, address string, bucket ratelimit.Bucket) ratelimit.Decision {
	account := ratelimit.Identity(kind + hex.EncodeToString(auth.HashOpaque(strings.ToLower(address))))
	return h.Limiter.Take(ctx, ratelimit.Request{Identity: account, Address: account, Bucket: bucket})
}

// logIn makes a login for who has proven the password, in one change with what else it takes. store.ErrNotFound: the password
// has been changed since.
func (h *Handlers) logIn(c *call.Call, verified store.Password, token store.RefreshToken, steps ...step) (login store.Login, err error) {
	ctx := c.Request.Context()
	err = h.Store.Change(ctx, func(tx *store.Tx) error {
		for _, step := range steps {
			if err := step(ctx, tx); err != nil {
				return err
			}
		}
		login, err = tx.LogIn(ctx, verified, c.Request.UserAgent(), token)
		return err
	})
	if err != nil {
		return login, standing(err)
	}
	// The oldest of too many logins has ended.
	h.Authenticator.Changed(ctx, login.User, login.Epoch)
	return login, nil
}

// step is a part of a change.
type step func(ctx context.Context, tx *store.Tx) error

// enable undoes that the user has disabled the account, if that is wanted.
func enable(verified store.Password, wanted bool) step {
	return func(ctx context.Context, tx *store.Tx) error {
		if !wanted {
			return nil
		}
		return tx.EnableAccount(ctx, verified)
	}
}

// standing tells who has given the right password why it is of no use.
func standing(err error) error {
	if errors.Is(err, store.ErrSuspended) || errors.Is(err, store.ErrDisabled) {
		return discord.ErrAccountDisabled
	}
	return err
}

func errBadLogin() error {
	var p form.Problems
	p.Add("login", "INVALID_LOGIN", "Login or password is invalid.")
	p.Add("password", "INVALID_LOGIN", "Login or password is invalid.")
	return p.Err()
}

// verified returns the stored password of an account if it is the one given.
func (h *Handlers) verified(ctx context.Context, email, password string) (store.Password, error) {
	stored, err := h.Store.PasswordByEmail(ctx, email)
	if errors.Is(err, store.ErrNotFound) {
		if err := h.Passwords.VerifyNobody(ctx, password); err != nil {
			return stored, err
		}
		return stored, errBadLogin()
	}
	if err != nil {
		return stored, err
	}
	ok, rehash, err := h.Passwords.Verify(ctx, password, stored.Hash)
	if err != nil {
		return stored, err
	}
	if !ok {
		return stored, errBadLogin()
	}
	if !rehash {
		return stored, nil
	}
	return h.rehash(ctx, stored, password)
}

// rehash stores a password at the cost that new ones have.
func (h *Handlers) rehash(ctx context.Context, stored store.Password, password string) (store.Password, error) {
	hash, err := h.Passwords.Hash(ctx, password)
	if err != nil {
		return stored, err
	}
	err = h.Store.Change(ctx, func(tx *store.Tx) error { return tx.ReplacePassword(ctx, stored, hash) })
	if errors.Is(err, store.ErrNotFound) {
		return stored, errBadLogin()
	}
	stored.Hash = hash
	return stored, err
}

// refresh spends a refresh token for new tokens.
func (h *Handlers) refresh(c *call.Call) error {
	var body struct {
		RefreshToken string `json:"refresh_token"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	p.Length("refresh_token", body.RefreshToken, 1, 512)
	if err := p.Err(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	refresh, token := newRefreshToken()
	login, err := h.Store.Refresh(ctx, auth.HashOpaque(body.RefreshToken), token)
	switch {
	case errors.Is(err, store.ErrReused):
		h.Authenticator.Changed(ctx, login.User, login.Epoch)
		c.Logger.Warn("a refresh token was used twice, its login has ended", "user", login.User, "session", login.Session)
		return discord.ErrInvalidToken
	case errors.Is(err, store.ErrNotFound):
		return discord.ErrInvalidToken
	case err != nil:
		return err
	}
	answer, err := h.enter(login, refresh)
	if err != nil {
		return err
	}
	return c.OK(answer)
}

// logout ends the login that the request was made with, and both its tokens.
func (h *Handlers) logout(c *call.Call) error {
	ctx := c.Request.Context()
	epoch, err := h.Store.EndLogin(ctx, c.Caller.UserID, c.Caller.Session)
	if err != nil {
		return err
	}
	h.Authenticator.Changed(ctx, c.Caller.UserID, epoch)
	return c.Done()
}
