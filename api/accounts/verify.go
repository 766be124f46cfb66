package accounts

import (
	"context"
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
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// linkLifetime is how long a mailed link works.
const linkLifetime = 24 * time.Hour

// link is the secret in a mail that proves the address.
type link struct {
	token string
	hash  []byte
}

func newLink() link {
	token, hash := auth.NewOpaque()
	return link{token, hash}
}

func (l link) keep(ctx context.Context, tx *store.Tx, user snowflake.ID, email string) error {
	return tx.CreateVerification(ctx, user, email, l.hash, time.Now().Add(linkLifetime))
}

const verifySubject = "Verify your mail address"

const verifyText = `Hello %s,

open this link to verify your mail address:

%s

It works for 24 hours. If you did not ask for it, ignore this mail.
`

// mailLink sends the link. That it can't be sent now must not fail what was done: the user can ask for another.
func (h *Handlers) mailLink(c *call.Call, name, email string, l link) {
	target := strings.TrimSuffix(h.PublicURL, "/") + "/api/v10/auth/verify?token=" + url.QueryEscape(l.token)
	h.mail(c, mail.Message{To: email, Subject: verifySubject, Text: fmt.Sprintf(verifyText, name, target)})
}

func (h *Handlers) mail(c *call.Call, m mail.Message) {
	if h.Mailer == nil {
		return
	}
	if err := h.Mailer.Send(m); err != nil {
		c.Logger.Error("mail was not queued", "subject", m.Subject, "error", err)
	}
}

// resend mails another link. The earlier one no longer works.
func (h *Handlers) resend(c *call.Call) error {
	ctx := c.Request.Context()
	self, err := h.Store.SelfUser(ctx, c.Caller.UserID)
	if err != nil {
		return err
	}
	if self.Verified || self.Email == nil {
		return c.Done()
	}
	l := newLink()
	err = h.Store.Change(ctx, func(tx *store.Tx) error { return l.keep(ctx, tx, self.ID, *self.Email) })
	if err != nil {
		return err
	}
	h.mailLink(c, self.Username, *self.Email, l)
	return c.Done()
}

// verify uses a mailed token up. A client gets a login for it; a browser, which comes from the page behind the link, only
// the news.
func (h *Handlers) verify(c *call.Call) error {
	var body struct {
		Token string `json:"token"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	p.Length("token", body.Token, 1, 512)
	if err := p.Err(); err != nil {
		return err
	}
	browser := wantsPage(c)
	ctx := c.Request.Context()
	refresh, stored := newRefreshToken()
	var login store.Login
	var epoch int64
	err := h.Store.Change(ctx, func(tx *store.Tx) error {
		user, err := tx.VerifyEmail(ctx, auth.HashOpaque(body.Token))
		if err != nil {
			return err
		}
		if epoch, err = tx.RaiseEpoch(ctx, user); err != nil {
			return err
		}
		login = store.Login{User: user}
		self, err := tx.SelfUser(ctx, user)
		if err != nil || browser || self.MFAEnabled {
			return err // a mail is one factor only
		}
		login, err = tx.CreateLogin(ctx, user, c.Request.UserAgent(), stored)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		if browser {
			return page(c, discord.ErrInvalidToken.Status, "This link is too old, or has been used.", "")
		}
		return discord.ErrInvalidToken
	}
	if err != nil {
		return standing(err)
	}
	h.Authenticator.Changed(ctx, login.User, max(epoch, login.Epoch))
	if browser {
		return page(c, http.StatusOK, "Your mail address is verified. You can close this page.", "")
	}
	if login.Session == 0 {
		return c.Done()
	}
	answer, err := h.enter(login, refresh)
	if err != nil {
		return err
	}
	return c.OK(answer)
}
