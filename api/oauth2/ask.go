package oauth2

import (
	"net/http"
	"slices"
	"strings"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// consent is what a user is asked.
type consent struct {
	User            discord.User              `json:"user"`
	Application     discord.PublicApplication `json:"application"`
	Bot             *discord.User             `json:"bot,omitempty"`
	Authorized      bool                      `json:"authorized"` // the user has agreed to all of it before
	Scopes          []string                  `json:"scopes"`
	Permissions     permissions.Set           `json:"permissions"`
	IntegrationType int                       `json:"integration_type"`
	RedirectURI     *string                   `json:"redirect_uri"`
	Guilds          []eligible                `json:"guilds"`
}

// eligible is a guild to which the user may be able to add the bot: what the permissions allow is for the page to say.
type eligible struct {
	ID          snowflake.ID    `json:"id"`
	Name        string          `json:"name"`
	Icon        *string         `json:"icon"`
	Permissions permissions.Set `json:"permissions"`
}

// maxGuilds is how many guilds are offered; a user is in no more.
const maxGuilds = 200

// ask tells a user's client what to show. A browser that follows a client's link to here is sent to the page.
func (h *Handlers) ask(c *call.Call) error {
	if c.Caller.Anonymous() && strings.Contains(c.GetHeader("Accept"), "text/html") {
		c.Redirect(http.StatusFound, h.PublicURL+"/oauth2/authorize?"+c.Request.URL.RawQuery)
		return nil
	}
	switch {
	case c.Caller.Anonymous():
		return discord.ErrUnauthorized
	case c.Caller.Bot:
		return discord.ErrBotsForbidden
	}
	r, err := h.understand(c.Request.Context(), c.Request.URL.Query())
	if err != nil {
		return err
	}
	question, err := h.question(c, r)
	if err != nil {
		return err
	}
	return c.OK(question)
}

// question reads what the caller is asked by a request.
func (h *Handlers) question(c *call.Call, r request) (consent, error) {
	ctx, user := c.Request.Context(), c.Caller.UserID
	q := consent{
		Application: r.app.PublicApplication, Bot: r.app.Bot, Scopes: r.Scopes, Permissions: r.Permissions,
		IntegrationType: r.IntegrationType, Guilds: []eligible{},
	}
	if r.target != "" {
		q.RedirectURI = &r.target
	}
	var err error
	if q.User, err = h.Store.User(ctx, user); err != nil {
		return q, err
	}
	if q.Authorized, err = h.authorized(c, r); err != nil || !r.intoGuild() && !r.asks(discord.ScopeWebhookIncoming) {
		return q, err
	}
	guilds, err := h.Store.PartialGuilds(ctx, user, store.Page{Limit: maxGuilds}, false)
	if err != nil {
		return q, err
	}
	for _, g := range guilds {
		q.Guilds = append(q.Guilds, eligible{ID: g.ID, Name: g.Name, Icon: g.Icon, Permissions: g.Permissions})
	}
	return q, nil
}

// passthrough are the scopes that do something each time.
// https://discord.com/developers/docs/topics/oauth2#authorization-code-grant-authorization-url-example
var passthrough = []string{discord.ScopeBot, discord.ScopeCommands, discord.ScopeWebhookIncoming}

// authorized reports whether the caller has agreed to all of a request before, so that it need not be asked again.
func (h *Handlers) authorized(c *call.Call, r request) (bool, error) {
	for _, scope := range passthrough {
		if r.asks(scope) {
			return false, nil
		}
	}
	agreed, err := h.Store.AuthorizedScopes(c.Request.Context(), c.Caller.UserID, r.app.ID)
	if err != nil {
		return false, err
	}
	for _, scope := range r.Scopes {
		if !slices.Contains(agreed, scope) {
			return false, nil
		}
	}
	return true, nil
}
