package unfurl

import (
	"bytes"
	"io"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"

	"guildhall.chat/guildhall/internal/discord"
)

// page is what a page says of itself in its head.
type page struct {
	title  string
	oembed string            // where its oEmbed data is
	meta   map[string]string // by property or name, the first of each
}

const maxMeta = 200

// parse reads the head of a page, in whatever character set it is.
func parse(body []byte, contentType string) *page {
	p := &page{meta: map[string]string{}}
	decoded, err := charset.NewReader(bytes.NewReader(body), contentType)
	if err != nil {
		return p
	}
	p.read(html.NewTokenizer(io.LimitReader(decoded, 2*pageBytes)))
	return p
}

func (p *page) read(z *html.Tokenizer) {
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			switch t.DataAtom {
			case atom.Title:
				if p.title == "" && z.Next() == html.TextToken {
					p.title = string(z.Text())
				}
			case atom.Meta:
				p.addMeta(t)
			case atom.Link:
				p.addLink(t)
			case atom.Body:
				return
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "head" {
				return
			}
		}
	}
}

func (p *page) addMeta(t html.Token) {
	name := strings.ToLower(attribute(t, "property"))
	if name == "" {
		name = strings.ToLower(attribute(t, "name"))
	}
	if _, there := p.meta[name]; name != "" && !there && len(p.meta) < maxMeta {
		p.meta[name] = attribute(t, "content")
	}
}

// addLink notes where the page's oEmbed data is.
// https://oembed.com/#section4
func (p *page) addLink(t html.Token) {
	if p.oembed == "" && strings.EqualFold(attribute(t, "type"), "application/json+oembed") {
		p.oembed = attribute(t, "href")
	}
}

func attribute(t html.Token, key string) string {
	for _, a := range t.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// first returns the first of the values that is there.
func (p *page) first(names ...string) string {
	for _, name := range names {
		if value := strings.TrimSpace(p.meta[name]); value != "" {
			return value
		}
	}
	return ""
}

// Lengths in characters to which the texts of a page are cut.
const (
	maxTitle       = 256
	maxDescription = 350
	maxName        = 256
)

// embed makes an embed of a page that was found at base.
// https://ogp.me, https://developer.x.com/en/docs/x-for-websites/cards/overview/markup
func (p *page) embed(link string, base *url.URL) *discord.Embed {
	e := &discord.Embed{
		Type: "link", URL: link,
		Title:       clean(p.first("og:title", "twitter:title"), maxTitle),
		Description: clean(p.first("og:description", "twitter:description", "description"), maxDescription),
		Color:       color(p.meta["theme-color"]),
	}
	if e.Title == "" {
		e.Title = clean(p.title, maxTitle)
	}
	if p.meta["og:type"] == "article" {
		e.Type = "article"
	}
	if name := clean(p.meta["og:site_name"], maxName); name != "" {
		e.Provider = &discord.EmbedProvider{Name: name}
	}
	if picture := resolve(base, p.first("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")); picture != "" {
		e.Thumbnail = media(picture, pixels(p.meta["og:image:width"]), pixels(p.meta["og:image:height"]))
	}
	if video := resolve(base, p.first("og:video:secure_url", "og:video", "og:video:url")); video != "" && strings.HasPrefix(p.meta["og:video:type"], "video/") {
		e.Type, e.Video = "video", media(video, pixels(p.meta["og:video:width"]), pixels(p.meta["og:video:height"]))
	}
	return e
}

func media(link string, width, height int) *discord.EmbedMedia {
	return &discord.EmbedMedia{URL: link, ProxyURL: link, Width: width, Height: height}
}

// clean makes one line of a text and cuts it.
func clean(s string, most int) string {
	s = strings.Join(strings.Fields(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")), " ")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:most-1])) + "…"
}

// maxPixels bounds what a page may say of a picture's size.
const maxPixels = 1 << 16

func pixels(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 0 || n > maxPixels {
		return 0
	}
	return n
}

// color reads #rrggbb and #rgb, nil for any other form.
func color(s string) *int {
	hex, found := strings.CutPrefix(strings.TrimSpace(s), "#")
	if found && len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 24)
	if !found || err != nil || len(hex) != 6 {
		return nil
	}
	rgb := int(n)
	return &rgb
}
