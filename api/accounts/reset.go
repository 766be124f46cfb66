package accounts

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/mail"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/ratelimit"
	"guildhall.chat/guildhall/internal/store"
)

// resetLifetime is how long a mailed link lets one choose another password.
const resetLifetime = time.Hour

// forgotBucket bounds how many mails somebody gets who has asked for none.
var forgotBucket = ratelimit.Bucket{Name: "mails to choose another password", Limit: 5, Window: time.Hour, NoGlobal: true}

const resetText = `Hello,

open this link to choose another password:

%s

It works for an hour. If you did not ask for it, ignore this mail.
`

// forgot mails a link with which one chooses another password. The answer does not tell whether there is such an account.
func (h *Handlers) forgot(c *call.Call) error {
	var body struct {
		Login string `json:"login"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	p.Length("login", body.Login, 1, 320)
	if err := p.Err(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	if decision := h.count(ctx, "forgot:", body.Login, forgotBucket); decision.Refused != ratelimit.No {
		decision.WriteHeaders(c.Writer.Header())
		return c.Reply(http.StatusTooManyRequests, decision.Refusal())
	}
	// The mail goes to the address as its owner spelled it: another spelling may be somebody else's mailbox.
	user, address, err := h.Store.PersonByEmail(ctx, body.Login)
	if errors.Is(err, store.ErrNotFound) {
		return c.Done()
	}
	if err != nil {
		return err
	}
	l := newLink()
	err = h.Store.Change(ctx, func(tx *store.Tx) error {
		return tx.CreatePasswordReset(ctx, user, l.hash, time.Now().Add(resetLifetime))
	})
	if err != nil {
		return err
	}
	target := strings.TrimSuffix(h.PublicURL, "/") + "/api/v10/auth/reset?token=" + url.QueryEscape(l.token)
	h.mail(c, mail.Message{To: address, Subject: "Choose another password", Text: fmt.Sprintf(resetText, target)})
	return c.Done()
}

// resetPage is where the link in a mail leads.
func (h *Handlers) resetPage(c *call.Call) error {
	token := c.Query("token")
	if token == "" || len(token) > 512 {
		return page(c, http.StatusBadRequest, "This link is not complete.", "")
	}
	return passwordPage(c, http.StatusOK, "Choose another password, of 8 to 72 characters.", token)
}

// reset uses a mailed token up for another password, and ends all logins. A client gets a new one, unless the account has a
// second factor; a browser only the news.
func (h *Handlers) reset(c *call.Call) error {
	var body struct {
		Token    string `json:"token"`
		Password string `json:"password"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	browser := wantsPage(c)
	var p form.Problems
	p.Length("token", body.Token, 1, 512)
	p.Length("password", body.Password, minPassword, maxPassword)
	if err := p.Err(); err != nil {
		if browser && body.Token != "" && len(body.Token) <= 512 {
			return passwordPage(c, http.StatusBadRequest, "A password has 8 to 72 characters.", body.Token)
		}
		return err
	}
	ctx, hash := c.Request.Context(), auth.HashOpaque(body.Token)
	login, refresh, err := h.resetPassword(c, hash, body.Password)
	switch {
	case errors.Is(err, store.ErrNotFound) && browser:
		return page(c, discord.ErrInvalidToken.Status, "This link is too old, or has been used.", "")
	case errors.Is(err, store.ErrNotFound):
		return discord.ErrInvalidToken
	case err != nil:
		return err
	}
	h.Authenticator.Changed(ctx, login.User, login.Epoch)
	switch {
	case browser:
		return page(c, http.StatusOK, "Your password is changed. You can close this page.", "")
	case login.Session == 0:
		return c.Done()
	}
	answer, err := h.enter(login, refresh)
	if err != nil {
		return err
	}
	return c.OK(answer)
}

// resetPassword changes the password. The login that it returns has no session if one has to log in.
func (h *Handlers) resetPassword(c *call.Call, hash []byte, password string) (login store.Login, refresh string, err error) {
	ctx := c.Request.Context()
	if err := h.Store.PasswordResetGood(ctx, hash); err != nil {
		return login, "", err
	}
	hashed, err := h.Passwords.Hash(ctx, password)
	if err != nil {
		return login, "", err
	}
	refresh, token := newRefreshToken()
	err = h.Store.Change(ctx, func(tx *store.Tx) error {
		user, epoch, err := tx.ResetPassword(ctx, hash, hashed)
		if err != nil {
			return err
		}
		login = store.Login{User: user, Epoch: epoch}
		self, err := tx.SelfUser(ctx, user)
		if err != nil || wantsPage(c) || self.MFAEnabled {
			return err
		}
		made, err := tx.CreateLogin(ctx, user, c.Request.UserAgent(), token)
		if errors.Is(err, store.ErrSuspended) || errors.Is(err, store.ErrDisabled) {
			return nil
		}
		login = made
		return err
	})
	return login, refresh, err
}
