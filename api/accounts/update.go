package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/images"
	"guildhall.chat/guildhall/api/mail"
	"guildhall.chat/guildhall/api/names"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

// change is the body of PATCH /users/@me. Those of people alone are ignored for bots.
// https://discord.com/developers/docs/resources/user#modify-current-user
type change struct {
	Username    form.Field[string]    `json:"username"`
	Avatar      form.Field[*string]   `json:"avatar"`
	Banner      form.Field[*string]   `json:"banner"`
	GlobalName  form.Field[*string]   `json:"global_name"`
	AccentColor form.Field[*form.Int] `json:"accent_color"`
	Bio         form.Field[string]    `json:"bio"`
	Pronouns    form.Field[string]    `json:"pronouns"`
	Locale      form.Field[string]    `json:"locale"`
	Email       form.Field[string]    `json:"email"`
	NewPassword form.Field[string]    `json:"new_password"`
	Password    string                `json:"password"` // the present one; needed for Email and NewPassword
}

func (b *change) check(bot bool) error {
	var p form.Problems
	switch {
	case b.Username.Set && bot:
		names.CheckBot(&p, "username", b.Username.Value)
	case b.Username.Set:
		b.Username.Value = strings.ToLower(b.Username.Value)
		names.CheckUser(&p, b.Username.Value)
	}
	if name := b.GlobalName.Value; name != nil {
		names.CheckDisplay(&p, "global_name", *name)
	}
	if color := b.AccentColor.Value; color != nil {
		p.Range("accent_color", int64(*color), 0, 0xffffff)
	}
	p.Max("bio", utf8.RuneCountInString(b.Bio.Value), maxBio)
	p.Max("pronouns", utf8.RuneCountInString(b.Pronouns.Value), maxPronouns)
	if b.Locale.Set && !knownLocale(b.Locale.Value) {
		p.Add("locale", "BASE_TYPE_BAD_VALUE", "Expected a locale such as en-US.")
	}
	if b.Email.Set && !bot {
		checkEmail(&p, b.Email.Value)
	}
	if b.NewPassword.Set && !bot {
		p.Length("new_password", b.NewPassword.Value, minPassword, maxPassword)
	}
	p.Max("password", utf8.RuneCountInString(b.Password), maxPassword)
	return p.Err()
}

// apply changes the account as the body asks, but for mail address and password, and reports whether others see it.
func (b *change) apply(ctx context.Context, tx *store.Tx, u *discord.SelfUser) (public bool, err error) {
	before := u.User
	b.Username.Apply(&u.Username)
	if err := images.Apply(ctx, tx, "avatar", b.Avatar, &u.Avatar); err != nil {
		return false, err
	}
	if err := images.Apply(ctx, tx, "banner", b.Banner, &u.Banner); err != nil {
		return false, err
	}
	if !u.Bot {
		if b.GlobalName.Apply(&u.GlobalName) && u.GlobalName != nil && *u.GlobalName == "" {
			u.GlobalName = nil
		}
		if b.AccentColor.Set {
			u.AccentColor = nil
			if color := b.AccentColor.Value; color != nil {
				n := int(*color)
				u.AccentColor = &n
			}
		}
		b.Locale.Apply(&u.Locale)
	}
	b.Bio.Apply(&u.Bio)
	b.Pronouns.Apply(&u.Pronouns)
	return before.Username != u.Username || differ(before.GlobalName, u.GlobalName) || differ(before.Avatar, u.Avatar) ||
		differ(before.Banner, u.Banner) || differ(before.AccentColor, u.AccentColor), nil
}

func differ[T comparable](a, b *T) bool {
	return (a == nil) != (b == nil) || a != nil && *a != *b
}

// secrets is what of a change needs the password.
type secrets struct {
	present store.Password
	newHash string // of the new password; empty: it stays
	email   string // empty: it stays
	link    link
	refresh string
	token   store.RefreshToken
}

// updated is the answer. A new password ends all logins, so it comes with one.
type updated struct {
	discord.SelfUser
	*tokens
}

// update changes the caller's own account.
func (h *Handlers) update(c *call.Call) error {
	var body change
	if err := c.Bind(&body); err != nil {
		return err
	}
	if err := body.check(c.Caller.Bot); err != nil {
		return err
	}
	ctx := c.Request.Context()
	s, err := h.secrets(c, &body)
	if err != nil {
		return err
	}
	var self discord.SelfUser
	var login store.Login
	var oldEmail *string
	err = h.Store.Change(ctx, func(tx *store.Tx) error {
		if self, err = tx.LockSelf(ctx, c.Caller.UserID); err != nil {
			return err
		}
		oldEmail = self.Email
		public, err := body.apply(ctx, tx, &self)
		if err != nil {
			return err
		}
		login, err = s.apply(ctx, tx, &self, c.Request.UserAgent())
		if err != nil {
			return err
		}
		return takenForm(tx.UpdateSelf(ctx, self, public))
	})
	if errors.Is(err, store.ErrNotFound) {
		return errBadPassword() // it has been changed this very moment
	}
	if err != nil {
		return err
	}
	if login.User != 0 {
		h.Authenticator.Changed(ctx, login.User, login.Epoch)
	}
	if s.email != "" {
		h.mailLink(c, self.Username, s.email, s.link)
		h.mailNotice(c, oldEmail, self.Username)
	}
	answer := updated{SelfUser: self}
	if login.Session != 0 {
		issued, err := h.issue(login, s.refresh)
		if err != nil {
			return err
		}
		answer.tokens = &issued
	}
	return c.OK(answer)
}

// secrets verifies the password where the change needs it, before the transaction: that takes long on purpose.
func (h *Handlers) secrets(c *call.Call, body *change) (s secrets, err error) {
	if c.Caller.Bot || !body.Email.Set && !body.NewPassword.Set {
		return s, nil
	}
	ctx := c.Request.Context()
	if s.present, err = h.Store.PasswordOf(ctx, c.Caller.UserID); err != nil {
		return s, err
	}
	ok, _, err := h.Passwords.Verify(ctx, body.Password, s.present.Hash)
	if err != nil {
		return s, err
	}
	if !ok {
		return s, errBadPassword()
	}
	if body.NewPassword.Set {
		if s.newHash, err = h.Passwords.Hash(ctx, body.NewPassword.Value); err != nil {
			return s, err
		}
		s.refresh, s.token = newRefreshToken()
	}
	s.email, s.link = body.Email.Value, newLink()
	return s, nil
}

func errBadPassword() error {
	return form.Single("password", "PASSWORD_DOES_NOT_MATCH", "Password does not match.")
}

// apply stores the new password and mail address. The login that it returns has a session only if all others have ended.
func (s *secrets) apply(ctx context.Context, tx *store.Tx, u *discord.SelfUser, userAgent string) (login store.Login, err error) {
	if s.newHash != "" {
		if err := tx.ReplacePassword(ctx, s.present, s.newHash); err != nil {
			return login, err
		}
		if _, err := tx.EndAllLogins(ctx, u.ID); err != nil {
			return login, err
		}
		if login, err = tx.CreateLogin(ctx, u.ID, userAgent, s.token); err != nil {
			return login, err
		}
	}
	if s.email == "" || u.Email != nil && *u.Email == s.email {
		s.email = ""
		return login, nil
	}
	u.Email, u.Verified = &s.email, false
	if err := s.link.keep(ctx, tx, u.ID, s.email); err != nil {
		return login, err
	}
	login.User = u.ID
	login.Epoch, err = tx.RaiseEpoch(ctx, u.ID)
	return login, err
}

const noticeText = `Hello %s,

the mail address of your account has been changed to another one. If that was not you, somebody knows your password.
`

// mailNotice tells the old address, so that its owner learns of a theft.
func (h *Handlers) mailNotice(c *call.Call, old *string, name string) {
	if old != nil {
		h.mail(c, mail.Message{To: *old, Subject: "Your mail address was changed", Text: fmt.Sprintf(noticeText, name)})
	}
}
