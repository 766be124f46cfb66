package unfurl

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/fetch"
)

// oembed is what is used of a page's oEmbed data. Numbers come as texts too.
// https://oembed.com/#section2.3
type oembed struct {
	Type            string      `json:"type"`
	Title           string      `json:"title"`
	URL             string      `json:"url"` // of a photo
	AuthorName      string      `json:"author_name"`
	AuthorURL       string      `json:"author_url"`
	ProviderName    string      `json:"provider_name"`
	ProviderURL     string      `json:"provider_url"`
	ThumbnailURL    string      `json:"thumbnail_url"`
	ThumbnailWidth  json.Number `json:"thumbnail_width"`
	ThumbnailHeight json.Number `json:"thumbnail_height"`
}

// addOEmbed adds what the page's own tags have not said.
func (u *Unfurler) addOEmbed(ctx context.Context, e *discord.Embed, link string) {
	if link == "" {
		return
	}
	answer, err := u.fetch.Do(ctx, fetch.Request{
		URL: link, MaxBytes: oembedBytes, MaxRedirects: maxRedirects, Header: http.Header{"Accept": {"application/json"}},
	})
	if err != nil || answer.Status != http.StatusOK {
		return
	}
	var o oembed
	if json.Unmarshal(answer.Body, &o) == nil {
		o.add(e, answer.URL)
	}
}

func (o *oembed) add(e *discord.Embed, base *url.URL) {
	if e.Title == "" {
		e.Title = clean(o.Title, maxTitle)
	}
	if name := clean(o.AuthorName, maxName); name != "" {
		e.Author = &discord.EmbedAuthor{Name: name, URL: resolve(base, o.AuthorURL)}
	}
	if name := clean(o.ProviderName, maxName); name != "" {
		e.Provider = &discord.EmbedProvider{Name: name, URL: resolve(base, o.ProviderURL)}
	}
	if e.Thumbnail != nil {
		return
	}
	if picture := resolve(base, o.ThumbnailURL); picture != "" {
		e.Thumbnail = media(picture, pixels(o.ThumbnailWidth.String()), pixels(o.ThumbnailHeight.String()))
	} else if picture := resolve(base, o.URL); picture != "" && o.Type == "photo" {
		e.Thumbnail = media(picture, 0, 0)
	}
}
