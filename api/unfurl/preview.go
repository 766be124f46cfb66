package unfurl

import (
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/links"
	"guildhall.chat/guildhall/internal/discord"
)

// maxPreviews is how many URLs one request may ask about.
const maxPreviews = 5

// Routes lists the operation by which people's clients see what a link will become.
func (u *Unfurler) Routes() []call.Route {
	return []call.Route{{
		Method: http.MethodPost, Path: "/unfurler/unfurl", Access: call.UsersOnly, Limit: call.Per(5, 5*time.Second), Handle: u.preview,
	}}
}

// preview returns the embeds of URLs.
func (u *Unfurler) preview(c *call.Call) error {
	var body struct {
		URLs []string `json:"urls"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	p.Max("urls", len(body.URLs), maxPreviews)
	for i, link := range body.URLs {
		if found := links.Find(link); len(found) != 1 || found[0] != link {
			p.Add(form.At("urls", i), "URL_TYPE_INVALID_URL", "Not a well formed URL.")
		}
	}
	if err := p.Err(); err != nil {
		return err
	}
	return c.OK(map[string][]discord.Embed{"embeds": u.embeds(c.Request.Context(), body.URLs)})
}
