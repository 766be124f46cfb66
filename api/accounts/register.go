package accounts

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/invites"
	"guildhall.chat/guildhall/api/names"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

type registration struct {
	Username    string             `json:"username"`
	GlobalName  form.Field[string] `json:"global_name"`
	Email       string             `json:"email"`
	Password    string             `json:"password"`
	DateOfBirth string             `json:"date_of_birth"`
	Consent     bool               `json:"consent"`
	Invite      string             `json:"invite"` // to the platform, or to a guild: then it is accepted along the way
}

// check returns the account to make, without the hash of its password.
func (r *registration) check(now time.Time) (store.NewAccount, error) {
	var p form.Problems
	name := strings.ToLower(r.Username)
	names.CheckUser(&p, name)
	account := store.NewAccount{Username: name, Email: r.Email, DateOfBirth: birth(&p, r.DateOfBirth, now)}
	if r.GlobalName.Value != "" {
		names.CheckDisplay(&p, "global_name", r.GlobalName.Value)
		account.GlobalName = &r.GlobalName.Value
	}
	checkEmail(&p, r.Email)
	p.Length("password", r.Password, minPassword, maxPassword)
	if !r.Consent {
		p.Add("consent", "CONSENT_REQUIRED", "You need to agree to the terms of this platform.")
	}
	return account, p.Err()
}

// register makes an account and its first login.
func (h *Handlers) register(c *call.Call) error {
	if h.Registration == Closed {
		return discord.ErrRegistrationClosed
	}
	var body registration
	if err := c.Bind(&body); err != nil {
		return err
	}
	account, err := body.check(time.Now())
	if err != nil {
		return err
	}
	if h.Registration == ByInvitation && body.Invite == "" {
		return form.Single("invite", "INVITE_REQUIRED", "One registers here by invitation only.")
	}
	ctx := c.Request.Context()
	if account.PasswordHash, err = h.Passwords.Hash(ctx, body.Password); err != nil {
		return err
	}
	var login store.Login
	refresh, stored := newRefreshToken()
	link := newLink()
	err = h.Store.Change(ctx, func(tx *store.Tx) error {
		user, err := tx.CreateAccount(ctx, account)
		if err != nil {
			return takenForm(err)
		}
		if login, err = tx.CreateLogin(ctx, user, c.Request.UserAgent(), stored); err != nil {
			return err
		}
		if err := link.keep(ctx, tx, user, account.Email); err != nil {
			return err
		}
		return useInvite(ctx, tx, body.Invite, user)
	})
	if err != nil {
		return err
	}
	h.mailLink(c, account.Username, account.Email, link)
	answer, err := h.enter(login, refresh)
	if err != nil {
		return err
	}
	return c.Reply(http.StatusCreated, answer)
}

// useInvite spends an invitation to the platform or, if the code is none, joins the guild that it invites to.
func useInvite(ctx context.Context, tx *store.Tx, code string, user snowflake.ID) error {
	if code == "" {
		return nil
	}
	err := tx.UseInvitation(ctx, code)
	if errors.Is(err, store.ErrNotFound) {
		_, _, err = invites.Accept(ctx, tx, code, user)
	}
	return err
}

// takenForm says in which field another account's value stands.
func takenForm(err error) error {
	switch {
	case errors.Is(err, store.ErrEmailTaken):
		return form.Single("email", "EMAIL_ALREADY_REGISTERED", "Email is already registered.")
	case errors.Is(err, store.ErrUsernameTaken):
		return form.Single("username", "USERNAME_ALREADY_TAKEN", "Username is unavailable.")
	}
	return err
}
