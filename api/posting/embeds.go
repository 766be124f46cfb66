package posting

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
)

// Limits of embeds, in characters where nothing else is said.
// https://discord.com/developers/docs/resources/message#embed-object-embed-limits
const (
	maxEmbeds      = 10 // a message
	maxEmbedTotal  = 6000
	maxTitle       = 256
	maxDescription = 4096
	maxFields      = 25 // an embed
	maxFieldName   = 256
	maxFieldValue  = 1024
	maxFooter      = 2048
	maxEmbedAuthor = 256
	maxURL         = 2048
	maxColor       = 0xFFFFFF
)

// embedBody is an embed as a client may set it; type, provider and video are the server's.
// https://discord.com/developers/docs/resources/message#embed-object
type embedBody struct {
	Title       *string      `json:"title"`
	Description *string      `json:"description"`
	URL         *string      `json:"url"`
	Timestamp   *string      `json:"timestamp"`
	Color       *form.Int    `json:"color"`
	Footer      *embedFooter `json:"footer"`
	Image       *embedMedia  `json:"image"`
	Thumbnail   *embedMedia  `json:"thumbnail"`
	Author      *embedAuthor `json:"author"`
	Fields      []embedField `json:"fields"`
}

type embedFooter struct {
	Text    *string `json:"text"`
	IconURL *string `json:"icon_url"`
}

type embedMedia struct {
	URL *string `json:"url"`
}

type embedAuthor struct {
	Name    *string `json:"name"`
	URL     *string `json:"url"`
	IconURL *string `json:"icon_url"`
}

type embedField struct {
	Name   *string    `json:"name"`
	Value  *string    `json:"value"`
	Inline *form.Bool `json:"inline"`
}

// embeds checks all embeds of a message.
func embeds(p *form.Problems, bodies []embedBody) []discord.Embed {
	p.Max("embeds", len(bodies), maxEmbeds)
	checked := []discord.Embed{}
	total := 0
	for i := range bodies[:min(len(bodies), maxEmbeds)] {
		r := embedReader{problems: p, path: form.At("embeds", i)}
		checked = append(checked, r.embed(&bodies[i]))
		total += r.characters
	}
	if total > maxEmbedTotal {
		p.Add("embeds", "MAX_EMBED_SIZE_EXCEEDED", fmt.Sprintf("Embed size exceeds maximum size of %d", maxEmbedTotal))
	}
	return checked
}

// embedReader reads one embed and counts what goes into the total.
type embedReader struct {
	problems   *form.Problems
	path       string
	characters int
}

func (r *embedReader) embed(b *embedBody) discord.Embed {
	e := discord.Embed{
		Type:        "rich",
		Title:       r.text("title", b.Title, maxTitle),
		Description: r.text("description", b.Description, maxDescription),
		URL:         r.link("url", b.URL),
		Timestamp:   r.timestamp(b.Timestamp),
		Color:       r.color(b.Color),
		Image:       r.media("image", b.Image),
		Thumbnail:   r.media("thumbnail", b.Thumbnail),
	}
	if f := b.Footer; f != nil {
		e.Footer = &discord.EmbedFooter{Text: r.required("footer.text", f.Text, maxFooter), IconURL: r.source("footer.icon_url", f.IconURL)}
	}
	if a := b.Author; a != nil {
		e.Author = &discord.EmbedAuthor{
			Name: r.required("author.name", a.Name, maxEmbedAuthor),
			URL:  r.link("author.url", a.URL), IconURL: r.source("author.icon_url", a.IconURL),
		}
	}
	r.problems.Max(form.At(r.path, "fields"), len(b.Fields), maxFields)
	for i, f := range b.Fields[:min(len(b.Fields), maxFields)] {
		at := form.At("fields", i)
		e.Fields = append(e.Fields, discord.EmbedField{
			Name:   r.required(form.At(at, "name"), f.Name, maxFieldName),
			Value:  r.required(form.At(at, "value"), f.Value, maxFieldValue),
			Inline: f.Inline != nil && bool(*f.Inline),
		})
	}
	if e.Title == "" && e.Description == "" && len(e.Fields) == 0 && e.Footer == nil && e.Author == nil &&
		e.Image == nil && e.Thumbnail == nil {
		r.problems.Required(form.At(r.path, "description"))
	}
	return e
}

// text is a text that counts towards the total.
func (r *embedReader) text(key string, s *string, most int) string {
	if s == nil {
		return ""
	}
	trimmed := strings.TrimSpace(*s)
	n := utf8.RuneCountInString(trimmed)
	r.characters += n
	r.problems.Max(form.At(r.path, key), n, most)
	return trimmed
}

func (r *embedReader) required(key string, s *string, most int) string {
	text := r.text(key, s, most)
	if text == "" {
		r.problems.Required(form.At(r.path, key))
	}
	return text
}

func (r *embedReader) media(key string, m *embedMedia) *discord.EmbedMedia {
	if m == nil {
		return nil
	}
	link := r.source(form.At(key, "url"), m.URL)
	if link == "" {
		// A library that has no image sends one without URL.
		return nil
	}
	return &discord.EmbedMedia{URL: link, ProxyURL: link}
}

// source is the URL of a picture: a link, or attachment://name of a file of the message.
func (r *embedReader) source(key string, s *string) string {
	if s != nil && strings.HasPrefix(*s, attachmentScheme+"://") && utf8.RuneCountInString(*s) <= maxURL {
		return *s
	}
	return r.link(key, s)
}

func (r *embedReader) link(key string, s *string) string {
	if s == nil || *s == "" {
		return ""
	}
	path := form.At(r.path, key)
	r.problems.Max(path, utf8.RuneCountInString(*s), maxURL)
	parsed, err := url.Parse(*s)
	switch {
	case err != nil || (parsed.Scheme != "" && parsed.Host == ""):
		r.problems.Add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		r.problems.Add(path, "URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('http', 'https').")
	}
	return *s
}

// timestamp takes ISO 8601; without an offset it is UTC.
func (r *embedReader) timestamp(s *string) *discord.Timestamp {
	if s == nil || *s == "" {
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, *s); err == nil && t.Year() > 0 {
			at := discord.At(t)
			return &at
		}
	}
	r.problems.Add(form.At(r.path, "timestamp"), "DATE_TIME_TYPE_PARSE", "Could not parse the value. Should be ISO8601.")
	return nil
}

func (r *embedReader) color(n *form.Int) *int {
	if n == nil {
		return nil
	}
	r.problems.Range(form.At(r.path, "color"), int64(*n), 0, maxColor)
	color := int(*n)
	return &color
}
