package accounts

import (
	"context"
	"errors"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/ratelimit"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	// ticketLifetime is how long one may look for the second factor.
	ticketLifetime = 5 * time.Minute
	backupCodes    = 10
	// Names under which secrets are sealed.
	sealedTOTP   = "totp"
	sealedBackup = "backup code"
)

// factorBucket bounds how often a code can be guessed, whoever guesses and from wherever.
var factorBucket = ratelimit.Bucket{Name: "second factor of an account", Limit: 10, Window: 5 * time.Minute, NoGlobal: true}

// challenge is the answer to a good password where a second factor is needed.
type challenge struct {
	UserID   snowflake.ID `json:"user_id"`
	MFA      bool         `json:"mfa"`
	Ticket   string       `json:"ticket"`
	Instance string       `json:"login_instance_id"`
	TOTP     bool         `json:"totp"`
	SMS      bool         `json:"sms"`
	Backup   bool         `json:"backup"`
	WebAuthn *string      `json:"webauthn"`
}

// ask answers a good password with a ticket, which remembers whether the account is to be enabled.
func (h *Handlers) ask(c *call.Call, verified store.Password, undelete bool) error {
	ctx := c.Request.Context()
	ticket, hash := auth.NewOpaque()
	err := h.Store.Change(ctx, func(tx *store.Tx) error {
		return tx.CreateTicket(ctx, store.Ticket{Verified: verified, Undelete: undelete}, hash, time.Now().Add(ticketLifetime))
	})
	if err != nil {
		return err
	}
	instance, _ := auth.NewOpaque()
	return c.OK(challenge{UserID: verified.User, MFA: true, Ticket: ticket, Instance: instance, TOTP: true, Backup: true})
}

// finder looks for a code. What it returns uses the code up, in the change that needs it.
type finder func(h *Handlers, user snowflake.ID, f store.Factor, code string) (step, error)

// factor looks whether a code is one of the user's, whichever of the ways it is. Every attempt is counted.
func (h *Handlers) factor(ctx context.Context, user snowflake.ID, code string, ways ...finder) (step, error) {
	account := ratelimit.Identity("factor:" + user.String())
	decision := h.Limiter.Take(ctx, ratelimit.Request{Identity: account, Address: account, Bucket: factorBucket})
	if decision.Refused != ratelimit.No {
		return nil, discord.ErrTooManyLogins
	}
	f, err := h.Store.Factor(ctx, user)
	if errors.Is(err, store.ErrNotFound) {
		return nil, discord.ErrMFANotEnabled
	}
	if err != nil {
		return nil, err
	}
	for _, find := range ways {
		if use, err := find(h, user, f, code); use != nil || err != nil {
			return use, err
		}
	}
	return nil, discord.ErrInvalidMFACode
}

func byTOTP(h *Handlers, user snowflake.ID, f store.Factor, code string) (step, error) {
	secret, err := h.Keys.Open(sealedTOTP, f.Sealed)
	if err != nil {
		return nil, err
	}
	when, ok := auth.TOTPStep(string(secret), code, h.Clock())
	if !ok {
		return nil, nil
	}
	return func(ctx context.Context, tx *store.Tx) error { return spent(tx.SpendStep(ctx, user, when)) }, nil
}

func byBackup(h *Handlers, user snowflake.ID, f store.Factor, code string) (step, error) {
	var found *store.BackupCode
	for i, b := range f.Backup {
		plain, err := h.Keys.Open(sealedBackup, b.Sealed)
		if err != nil {
			return nil, err
		}
		if auth.SameCode(code, string(plain)) && !b.Used {
			found = &f.Backup[i]
		}
	}
	if found == nil {
		return nil, nil
	}
	return func(ctx context.Context, tx *store.Tx) error { return spent(tx.SpendBackupCode(ctx, user, *found)) }, nil
}

// spent tells that a code was good, once.
func spent(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrInvalidMFACode
	}
	return err
}

// finish serves /auth/mfa/...: a ticket and a code of one of the ways give a login.
func (h *Handlers) finish(ways ...finder) call.Handler {
	return func(c *call.Call) error {
		var body struct {
			Ticket string `json:"ticket"`
			Code   string `json:"code"`
		}
		if err := c.Bind(&body); err != nil {
			return err
		}
		var p form.Problems
		p.Length("ticket", body.Ticket, 1, 512)
		p.Length("code", body.Code, 1, 32)
		if err := p.Err(); err != nil {
			return err
		}
		ctx, hash := c.Request.Context(), auth.HashOpaque(body.Ticket)
		ticket, err := h.Store.Ticket(ctx, hash)
		if errors.Is(err, store.ErrNotFound) {
			return discord.ErrInvalidMFATicket
		}
		if err != nil {
			return err
		}
		use, err := h.factor(ctx, ticket.Verified.User, body.Code, ways...)
		if err != nil {
			return err
		}
		refresh, token := newRefreshToken()
		spend := func(ctx context.Context, tx *store.Tx) error { return tx.SpendTicket(ctx, hash) }
		login, err := h.logIn(c, ticket.Verified, token, enable(ticket.Verified, ticket.Undelete), spend, use)
		if errors.Is(err, store.ErrNotFound) {
			return discord.ErrInvalidMFATicket // used, or the password has been changed
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
}

// backupCode is a code as its owner is shown it.
type backupCode struct {
	UserID   snowflake.ID `json:"user_id"`
	Code     string       `json:"code"`
	Consumed bool         `json:"consumed"`
}

// newBackupCodes returns codes to show, and as they are kept.
func (h *Handlers) newBackupCodes(user snowflake.ID) (shown []backupCode, sealed [][]byte, err error) {
	for _, code := range auth.NewBackupCodes(backupCodes) {
		box, err := h.Keys.Seal(sealedBackup, []byte(code))
		if err != nil {
			return nil, nil, err
		}
		shown, sealed = append(shown, backupCode{user, code, false}), append(sealed, box)
	}
	return shown, sealed, nil
}

// enrolled is the answer to a change of the second factor. The access token goes on.
type enrolled struct {
	Token  string       `json:"token"`
	Backup []backupCode `json:"backup_codes,omitempty"`
}

// tellAll tells all pods of epochs that have risen, and returns the first, which is the caller's own.
func (h *Handlers) tellAll(ctx context.Context, raised []store.AccountEpoch) int64 {
	for _, r := range raised {
		h.Authenticator.Changed(ctx, r.User, r.Epoch)
	}
	return raised[0].Epoch
}

// enableTOTP gives the caller a second factor, whose secret the client has made.
func (h *Handlers) enableTOTP(c *call.Call) error {
	var body struct {
		Password string `json:"password"`
		Secret   string `json:"secret"`
		Code     string `json:"code"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	if err := h.checkPassword(c, body.Password); err != nil {
		return err
	}
	secret, ok := auth.NormalTOTPSecret(body.Secret)
	if !ok {
		return discord.ErrInvalidMFASecret
	}
	step, ok := auth.TOTPStep(secret, body.Code, h.Clock())
	if !ok {
		return discord.ErrInvalidMFACode
	}
	sealed, err := h.Keys.Seal(sealedTOTP, []byte(secret))
	if err != nil {
		return err
	}
	shown, codes, err := h.newBackupCodes(c.Caller.UserID)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	var raised []store.AccountEpoch
	err = h.Store.Change(ctx, func(tx *store.Tx) (err error) {
		raised, err = tx.EnableMFA(ctx, c.Caller.UserID, sealed, step, codes)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrMFAEnabled
	}
	if err != nil {
		return err
	}
	return h.enrolled(c, raised, shown)
}

func (h *Handlers) enrolled(c *call.Call, raised []store.AccountEpoch, shown []backupCode) error {
	token, err := h.Keys.IssueAccess(c.Caller.UserID, c.Caller.Session, h.tellAll(c.Request.Context(), raised))
	if err != nil {
		return err
	}
	return c.OK(enrolled{token, shown})
}

// disableTOTP takes the caller's second factor away, by a code of it.
func (h *Handlers) disableTOTP(c *call.Call) error {
	var body struct {
		Code string `json:"code"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	ctx := c.Request.Context()
	use, err := h.factor(ctx, c.Caller.UserID, body.Code, byTOTP, byBackup)
	if err != nil {
		return err
	}
	var raised []store.AccountEpoch
	err = h.Store.Change(ctx, func(tx *store.Tx) error {
		if err := use(ctx, tx); err != nil {
			return err
		}
		raised, err = tx.DisableMFA(ctx, c.Caller.UserID)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrMFANotEnabled
	}
	if err != nil {
		return err
	}
	return h.enrolled(c, raised, nil)
}

// codes shows the caller's backup codes, or makes others.
func (h *Handlers) codes(c *call.Call) error {
	var body struct {
		Password   string    `json:"password"`
		Regenerate form.Bool `json:"regenerate"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	if err := h.checkPassword(c, body.Password); err != nil {
		return err
	}
	ctx, user := c.Request.Context(), c.Caller.UserID
	f, err := h.Store.Factor(ctx, user)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrMFANotEnabled
	}
	if err != nil {
		return err
	}
	shown := make([]backupCode, 0, backupCodes)
	if body.Regenerate {
		var sealed [][]byte
		if shown, sealed, err = h.newBackupCodes(user); err != nil {
			return err
		}
		err = h.Store.Change(ctx, func(tx *store.Tx) error { return tx.ReplaceBackupCodes(ctx, user, sealed) })
	} else {
		for _, b := range f.Backup {
			plain, err := h.Keys.Open(sealedBackup, b.Sealed)
			if err != nil {
				return err
			}
			shown = append(shown, backupCode{user, string(plain), b.Used})
		}
	}
	if err != nil {
		return err
	}
	return c.Reply(http.StatusOK, struct {
		Backup []backupCode `json:"backup_codes"`
	}{shown})
}

// checkPassword returns an error of the form unless it is the caller's. Every attempt is counted.
func (h *Handlers) checkPassword(c *call.Call, password string) error {
	ctx := c.Request.Context()
	account := ratelimit.Identity("password:" + c.Caller.UserID.String())
	decision := h.Limiter.Take(ctx, ratelimit.Request{Identity: account, Address: account, Bucket: loginBucket})
	if decision.Refused != ratelimit.No {
		return discord.ErrTooManyLogins
	}
	if len(password) > 4*maxPassword {
		return errBadPassword()
	}
	stored, err := h.Store.PasswordOf(ctx, c.Caller.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return errBadPassword()
	}
	if err != nil {
		return err
	}
	ok, _, err := h.Passwords.Verify(ctx, password, stored.Hash)
	if err == nil && !ok {
		err = errBadPassword()
	}
	return err
}
