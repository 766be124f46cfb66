package oauth2

import (
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
)

// mine is what an access token allows.
type mine struct {
	Application discord.PublicApplication `json:"application"`
	Scopes      []string                  `json:"scopes"`
	Expires     discord.Timestamp         `json:"expires"`
	User        *discord.User             `json:"user,omitempty"` // with the scope identify
}

// me tells an application what it holds.
// https://discord.com/developers/docs/topics/oauth2#get-current-authorization-information
func (h *Handlers) me(c *call.Call) error {
	ctx := c.Request.Context()
	app, err := h.Store.Application(ctx, c.Caller.ApplicationID)
	if err != nil {
		return err
	}
	answer := mine{Application: app.PublicApplication, Scopes: c.Caller.Grant.Scopes, Expires: discord.At(c.Caller.Grant.Expires)}
	if c.Caller.May(discord.ScopeIdentify) {
		user, err := h.Store.User(ctx, c.Caller.UserID)
		if err != nil {
			return err
		}
		answer.User = &user
	}
	return c.OK(answer)
}
