package oauth2

import (
	"errors"
	"net/http"
	"net/url"

	"guildhall.chat/guildhall/api/authn"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

// A browser is logged in by an access token in a cookie that no script and no other site can use: it is HttpOnly and
// SameSite=Lax, so that it comes with a click on a client's link, never with another site's form. Forms prove besides that
// they are from the page that was shown to this very login (auth.Keys.ConsentToken).

// cookieName is bound to this host where browsers can be made to do so, RFC 6265bis section 4.1.3.
func (h *Handlers) cookieName() string {
	if h.secure {
		return "__Host-guildhall"
	}
	return "guildhall"
}

func (h *Handlers) setCookie(c *call.Call, value string, seconds int) {
	http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // Secure wherever browsers come by HTTPS
		Name: h.cookieName(), Value: value, Path: "/", MaxAge: seconds,
		Secure: h.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// visit makes the cookie's login the caller, whatever else the request carries; nobody without one.
func (h *Handlers) visit(c *call.Call) error {
	c.Caller = call.Caller{}
	var claims authn.Claims
	if cookie, err := c.Request.Cookie(h.cookieName()); err == nil {
		claims, _ = h.Authenticator.Parse(cookie.Value) // what is no good is nobody's
	}
	if claims.Session == 0 {
		return nil
	}
	caller, err := h.Authenticator.Confirm(c.Request.Context(), claims, 0, false)
	if errors.Is(err, discord.ErrUnauthorized) {
		return nil
	}
	c.Caller = caller
	return err
}

// admitLogin gives the browser a new login's cookie.
func (h *Handlers) admitLogin(c *call.Call, login store.Login) error {
	token, err := h.Keys.IssueAccess(login.User, login.Session, login.Epoch)
	if err != nil {
		return err
	}
	h.setCookie(c, token, int(auth.AccessLifetime.Seconds()))
	return nil
}

// ours reports whether a form is from this platform's own pages.
func (h *Handlers) ours(c *call.Call) bool { return h.origins.Check(c.Request) == nil }

// canonical is a query as it goes from page to page: bounded, and spelled in one way only.
func canonical(query string) (url.Values, string, bool) {
	if len(query) > maxQuery {
		return nil, "", false
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, "", false
	}
	return values, values.Encode(), true
}

// maxQuery bounds a client's link, in bytes.
const maxQuery = 16 << 10
