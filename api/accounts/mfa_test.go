package accounts

import (
	"encoding/base32"
	"net/http"
	"testing"
	"time"

	"github.com/pquerna/otp/hotp"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/internal/discord"
)

var totpSecret = base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))

// began is when the tests think that it is, however long they take: a code is of a step of half a minute.
var began = time.Now()

func clock() time.Time { return began }

// codeAt is the code of a step that is so far from now.
func codeAt(t *testing.T, steps int64) string {
	t.Helper()
	code, err := hotp.GenerateCode(totpSecret, uint64(clock().Unix()/30+steps))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// enroll gives a person a second factor, with the code of the step before this one.
func enroll(t *testing.T, p person) []backupCode {
	t.Helper()
	var got enrolled
	p.Must(t, http.MethodPost, "/users/@me/mfa/totp/enable",
		map[string]any{"password": goodPassword, "secret": totpSecret, "code": codeAt(t, -1)}, &got)
	if got.Token == "" || len(got.Backup) != backupCodes {
		t.Fatalf("%+v", got)
	}
	return got.Backup
}

func ticket(t *testing.T, w *apitest.World, email string) string {
	t.Helper()
	var got challenge
	w.Anyone().Must(t, http.MethodPost, "/auth/login", map[string]any{"login": email, "password": goodPassword}, &got)
	if !got.MFA || !got.TOTP || !got.Backup || got.Ticket == "" {
		t.Fatalf("%+v", got)
	}
	return got.Ticket
}

func with(ticket, code string) map[string]any { return map[string]any{"ticket": ticket, "code": code} }

func TestEnrolling(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p := register(t, w)
	enable := "/users/@me/mfa/totp/enable"
	p.Fails(t, http.MethodPost, enable, map[string]any{"password": "wrong one", "secret": totpSecret, "code": codeAt(t, 0)}, discord.ErrInvalidForm)
	p.Fails(t, http.MethodPost, enable, map[string]any{"password": goodPassword, "secret": "no", "code": codeAt(t, 0)}, discord.ErrInvalidMFASecret)
	p.Fails(t, http.MethodPost, enable, map[string]any{"password": goodPassword, "secret": totpSecret, "code": "000"}, discord.ErrInvalidMFACode)
	p.Fails(t, http.MethodPost, "/users/@me/mfa/totp/disable", map[string]any{"code": "000000"}, discord.ErrMFANotEnabled)
	enroll(t, p)
	p.Fails(t, http.MethodPost, enable, map[string]any{"password": goodPassword, "secret": totpSecret, "code": codeAt(t, 0)}, discord.ErrMFAEnabled)
	var self discord.SelfUser
	if p.Must(t, http.MethodGet, "/users/@me", nil, &self); !self.MFAEnabled {
		t.Error("the user object does not tell")
	}
	p.Must(t, http.MethodPost, "/users/@me/mfa/totp/disable", map[string]any{"code": codeAt(t, 0)}, nil)
	if p.Must(t, http.MethodGet, "/users/@me", nil, &self); self.MFAEnabled {
		t.Error("the user object still tells")
	}
	login(t, w, p.email)
}

func TestACodeLogsInOnce(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p := register(t, w)
	enroll(t, p)
	first, second, code := ticket(t, w, p.email), ticket(t, w, p.email), codeAt(t, 0)
	w.Anyone().Fails(t, http.MethodPost, "/auth/mfa/totp", with("nonesuch", code), discord.ErrInvalidMFATicket)
	w.Anyone().Fails(t, http.MethodPost, "/auth/mfa/totp", with(first, "x"), discord.ErrInvalidMFACode)
	var got entry
	w.Anyone().Must(t, http.MethodPost, "/auth/mfa/totp", with(first, code), &got)
	in(t, as(w, got, p.email))
	w.Anyone().Fails(t, http.MethodPost, "/auth/mfa/totp", with(first, codeAt(t, 1)), discord.ErrInvalidMFATicket)
	w.Anyone().Fails(t, http.MethodPost, "/auth/mfa/totp", with(second, code), discord.ErrInvalidMFACode)
	w.Anyone().Must(t, http.MethodPost, "/auth/mfa/totp", with(second, codeAt(t, 1)), nil)
}

func TestABackupCodeLogsInOnce(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p := register(t, w)
	codes := enroll(t, p)
	w.Anyone().Fails(t, http.MethodPost, "/auth/mfa/totp", with(ticket(t, w, p.email), codes[0].Code), discord.ErrInvalidMFACode)
	w.Anyone().Must(t, http.MethodPost, "/auth/mfa/backup", with(ticket(t, w, p.email), codes[0].Code), nil)
	w.Anyone().Fails(t, http.MethodPost, "/auth/mfa/backup", with(ticket(t, w, p.email), codes[0].Code), discord.ErrInvalidMFACode)

	var shown struct {
		Backup []backupCode `json:"backup_codes"`
	}
	p.Must(t, http.MethodPost, "/users/@me/mfa/codes", map[string]any{"password": goodPassword}, &shown)
	if len(shown.Backup) != backupCodes || !shown.Backup[0].Consumed || shown.Backup[1] != codes[1] {
		t.Errorf("%+v", shown)
	}
	p.Must(t, http.MethodPost, "/users/@me/mfa/codes", map[string]any{"password": goodPassword, "regenerate": true}, &shown)
	w.Anyone().Fails(t, http.MethodPost, "/auth/mfa/backup", with(ticket(t, w, p.email), codes[1].Code), discord.ErrInvalidMFACode)
	w.Anyone().Must(t, http.MethodPost, "/auth/mfa/backup", with(ticket(t, w, p.email), shown.Backup[1].Code), nil)
}

func TestAPasswordAloneEnablesNoAccountWithASecondFactor(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p := register(t, w)
	codes := enroll(t, p)
	p.Must(t, http.MethodPost, "/users/@me/disable", map[string]any{"password": goodPassword, "code": codes[0].Code}, nil)
	disabled := ticket(t, w, p.email)
	var wish challenge
	w.Anyone().Must(t, http.MethodPost, "/auth/login", map[string]any{"login": p.email, "password": goodPassword, "undelete": true}, &wish)
	w.Anyone().Fails(t, http.MethodPost, "/auth/mfa/backup", with(disabled, codes[1].Code), discord.ErrAccountDisabled)
	w.Anyone().Fails(t, http.MethodPost, "/auth/mfa/backup", with(wish.Ticket, "x"), discord.ErrInvalidMFACode)
	w.Anyone().Fails(t, http.MethodPost, "/auth/mfa/backup", with(disabled, codes[1].Code), discord.ErrAccountDisabled)
	var got entry
	w.Anyone().Must(t, http.MethodPost, "/auth/mfa/backup", with(wish.Ticket, codes[1].Code), &got)
	in(t, as(w, got, p.email))
}

func TestCodesCannotBeGuessedForLong(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p := register(t, w)
	enroll(t, p)
	held := ticket(t, w, p.email)
	for range factorBucket.Limit {
		w.Anyone().Fails(t, http.MethodPost, "/auth/mfa/totp", with(held, "x"), discord.ErrInvalidMFACode)
	}
	w.Anyone().Fails(t, http.MethodPost, "/auth/mfa/totp", with(held, codeAt(t, 0)), discord.ErrTooManyLogins)
}

func TestATicketEndsWithThePassword(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p := register(t, w)
	enroll(t, p)
	held := ticket(t, w, p.email)
	p.Must(t, http.MethodPatch, "/users/@me", map[string]any{"password": goodPassword, "new_password": "battery staple"}, nil)
	w.Anyone().Fails(t, http.MethodPost, "/auth/mfa/totp", with(held, codeAt(t, 0)), discord.ErrInvalidMFATicket)
}
