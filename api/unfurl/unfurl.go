// Package unfurl makes embeds of the links in messages.
//
//	message stored with Unfurl set -> queue -> Job: links -> Unfurler -> MESSAGE_UPDATE
//
// Nobody waits for it: the message is sent as it is, with a row in the queue, and the worker's job looks the links up, each
// by a guarded request (package fetch), and adds the embeds to the message, which does not count as an edit. A page is read
// for its OpenGraph, Twitter card and oEmbed data, and a picture for its size.
//
// https://discord.com/developers/docs/resources/message#embed-object
package unfurl

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/fetch"
)

const (
	// pageTime bounds all that is requested for one link.
	pageTime     = 8 * time.Second
	pageBytes    = 1 << 20 // what is read of a page
	oembedBytes  = 128 << 10
	pictureBytes = 256 << 10 // what is read of a picture for its size
	maxRedirects = 5
	maxURL       = 2048
	// held links are known for a while, those without an embed too.
	held    = 4096
	heldFor = 30 * time.Minute
)

// Unfurler makes embeds of URLs.
type Unfurler struct {
	fetch  *fetch.Client
	known  *expirable.LRU[string, *discord.Embed] // nil: there is none
	flight singleflight.Group
}

// New returns an unfurler that requests URLs through the client.
func New(f *fetch.Client) *Unfurler {
	return &Unfurler{fetch: f, known: expirable.NewLRU[string, *discord.Embed](held, nil, heldFor)}
}

// Embed returns the embed of a URL, nil if there is none: nothing answers, or says nothing.
func (u *Unfurler) Embed(ctx context.Context, link string) *discord.Embed {
	if e, ok := u.known.Get(link); ok {
		return e
	}
	made, _, _ := u.flight.Do(link, func() (any, error) {
		lookup, cancel := context.WithTimeout(ctx, pageTime)
		defer cancel()
		e := u.look(lookup, link)
		if ctx.Err() == nil { // else it is not the link's fault
			u.known.Add(link, e)
		}
		return e, nil
	})
	e, _ := made.(*discord.Embed)
	return e
}

// embeds looks up links, all at the same time, and returns what came of them in their order.
func (u *Unfurler) embeds(ctx context.Context, all []string) []discord.Embed {
	found := make([]*discord.Embed, len(all))
	var group errgroup.Group
	for i, link := range all {
		group.Go(func() error {
			found[i] = u.Embed(ctx, link)
			return nil
		})
	}
	_ = group.Wait()
	made := []discord.Embed{}
	for _, e := range found {
		if e != nil {
			made = append(made, *e)
		}
	}
	return made
}

// look requests a URL and makes an embed of what comes.
func (u *Unfurler) look(ctx context.Context, link string) *discord.Embed {
	answer, err := u.fetch.Do(ctx, fetch.Request{
		URL: link, MaxBytes: pageBytes, Cut: true, MaxRedirects: maxRedirects,
		Header: http.Header{"Accept": {"text/html,application/xhtml+xml,image/*,video/*;q=0.9,*/*;q=0.1"}},
	})
	if err != nil || answer.Status != http.StatusOK {
		return nil
	}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	switch {
	case strings.HasPrefix(kind, "image/"):
		return pictureEmbed(link, answer.Body)
	case strings.HasPrefix(kind, "video/"):
		return &discord.Embed{Type: "video", URL: link, Video: media(link, 0, 0)}
	case kind == "text/html", kind == "application/xhtml+xml":
		return u.page(ctx, link, answer)
	}
	return nil
}

// page makes the embed of a page.
func (u *Unfurler) page(ctx context.Context, link string, answer *fetch.Response) *discord.Embed {
	p := parse(answer.Body, answer.Header.Get("Content-Type"))
	e := p.embed(link, answer.URL)
	if p.oembed != "" {
		u.addOEmbed(ctx, e, resolve(answer.URL, p.oembed))
	}
	if e.Thumbnail != nil && (e.Thumbnail.Width == 0 || e.Thumbnail.Height == 0) {
		e.Thumbnail.Width, e.Thumbnail.Height = u.size(ctx, e.Thumbnail.URL)
	}
	if e.Title == "" && e.Description == "" && e.Thumbnail == nil && e.Video == nil {
		return nil
	}
	return e
}

// resolve makes a reference in a page absolute, "" if that gives no web address that fits an embed.
func resolve(base *url.URL, ref string) string {
	ref = strings.TrimSpace(ref)
	parsed, err := base.Parse(ref)
	if ref == "" || err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return ""
	}
	if s := parsed.String(); len(s) <= maxURL {
		return s
	}
	return ""
}
