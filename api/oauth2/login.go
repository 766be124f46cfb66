package oauth2

import (
	"errors"
	"net/http"
	"net/url"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
)

// leaving is the purpose of the form that logs out.
const leaving = "logout"

// loginPage asks for a password.
func loginPage(c *call.Call, status int, r request, next, login, problem string) error {
	return render(c, status, "login", struct {
		frame
		Application string
		Next        string
		Login       string
	}{frame{Title: "Log in", Problem: problem}, r.app.Name, next, login}, "")
}

// loginForm lets somebody in and goes on with the client's link.
func (h *Handlers) loginForm(c *call.Call) error {
	form, err := readForms(c)
	if err != nil {
		return err
	}
	values, next, ok := canonical(form.Get("next"))
	if !ok || !h.ours(c) {
		return message(c, http.StatusForbidden, "This form does not work", "It was sent from elsewhere.")
	}
	r, err := h.understand(c.Request.Context(), values)
	if err != nil {
		return h.turnBack(c, r, err)
	}
	login, err := h.Door.Enter(c, form.Get("login"), form.Get("password"), form.Get("code"))
	var known *discord.Error
	if errors.As(err, &known) && known.Status < http.StatusInternalServerError {
		return loginPage(c, known.Status, r, next, form.Get("login"), sentence(known))
	}
	if err != nil {
		return err
	}
	if err := h.admitLogin(c, login); err != nil {
		return err
	}
	return leave(c, "/oauth2/authorize?"+next)
}

// sentence is why nobody was let in.
func sentence(e *discord.Error) string {
	if e.Status == http.StatusTooManyRequests {
		return "Too many attempts. Please wait a while."
	}
	switch e.Code {
	case discord.ErrNeedsMFA.Code:
		return "This account needs a code of two-factor authentication as well."
	case discord.ErrInvalidMFACode.Code:
		return "This code is wrong, or has been used."
	case discord.ErrAccountDisabled.Code:
		return "This account is disabled."
	}
	return "Mail address or password is wrong."
}

// logoutForm ends the browser's login and begins the client's link anew.
func (h *Handlers) logoutForm(c *call.Call) error {
	form, err := readForms(c)
	if err != nil {
		return err
	}
	_, next, ok := canonical(form.Get("next"))
	if !ok || !h.ours(c) {
		return message(c, http.StatusForbidden, "This form does not work", "It was sent from elsewhere.")
	}
	if err := h.visit(c); err != nil {
		return err
	}
	if !c.Caller.Anonymous() && h.Keys.VerifyConsent(form.Get("proof"), c.Caller.Session, leaving) {
		ctx := c.Request.Context()
		epoch, err := h.Store.EndLogin(ctx, c.Caller.UserID, c.Caller.Session)
		if err != nil {
			return err
		}
		h.Authenticator.Changed(ctx, c.Caller.UserID, epoch)
	}
	h.setCookie(c, "", -1)
	return leave(c, "/oauth2/authorize?"+next)
}

// readForms reads a form of our own pages.
func readForms(c *call.Call) (url.Values, error) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxForm)
	if err := c.Request.ParseForm(); err != nil {
		return nil, discord.ErrInvalidForm
	}
	return c.Request.PostForm, nil
}
