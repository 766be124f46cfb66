package accounts

import (
	"time"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// refreshLifetime is how long a client may stay away without having to log in again.
const refreshLifetime = 7 * 24 * time.Hour

// tokens is what a login gives.
type tokens struct {
	Token        string `json:"token"`
	RefreshToken string `json:"refresh_token"`
	ExpiresIn    int    `json:"expires_in"` // seconds until Token has to be refreshed
}

// entry is the answer to whoever comes in.
type entry struct {
	UserID snowflake.ID `json:"user_id"`
	tokens
	Settings settings `json:"user_settings"`
}

// settings is what a client needs before it has loaded anything.
type settings struct {
	Locale string `json:"locale"`
	Theme  string `json:"theme"`
}

var defaultSettings = settings{Locale: "en-US", Theme: "dark"}

// newRefreshToken returns a refresh token, and how it is stored.
func newRefreshToken() (string, store.RefreshToken) {
	text, hash := auth.NewOpaque()
	return text, store.RefreshToken{Hash: hash, Expires: time.Now().Add(refreshLifetime)}
}

// issue makes the tokens of a login.
func (h *Handlers) issue(login store.Login, refresh string) (tokens, error) {
	access, err := h.Keys.IssueAccess(login.User, login.Session, login.Epoch)
	return tokens{Token: access, RefreshToken: refresh, ExpiresIn: int(auth.AccessLifetime.Seconds())}, err
}

// enter is the answer for a new login.
func (h *Handlers) enter(login store.Login, refresh string) (entry, error) {
	issued, err := h.issue(login, refresh)
	return entry{UserID: login.User, tokens: issued, Settings: defaultSettings}, err
}
