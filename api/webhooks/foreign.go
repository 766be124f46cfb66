package webhooks

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
)

// What is translated was not written for the limits here, so that it is cut to them and not refused.
// https://discord.com/developers/docs/resources/message#embed-object-embed-limits
const (
	cutContent     = 2000
	cutEmbeds      = 10
	cutTitle       = 256
	cutDescription = 4096
	cutFields      = 25
	cutFieldName   = 256
	cutFieldValue  = 1024
	cutFooter      = 2048
	cutAuthor      = 256
	cutTotal       = 6000
	cutURL         = 2048
)

// relay posts what was translated.
func (h *Handlers) relay(c *call.Call, w discord.Webhook, o override, content string, embeds []discord.Embed) error {
	room, err := h.room(c, w)
	if err != nil {
		return err
	}
	if !room.Channel.Type.HasMessages() {
		return discord.ErrServiceInForum
	}
	_, err = h.post(c, w, room, o, &posting.Draft{
		Content: cut(content, cutContent), Embeds: fit(embeds), Components: discord.EmptyList, Allowed: usersOnly(),
	})
	return err
}

// fit keeps as many of the embeds as a message can have.
func fit(embeds []discord.Embed) []discord.Embed {
	total := 0
	for i, e := range embeds {
		total += characters(e)
		if i == cutEmbeds || total > cutTotal {
			return embeds[:i:i]
		}
	}
	if embeds == nil {
		embeds = []discord.Embed{}
	}
	return embeds
}

// characters counts what goes into the total of a message's embeds.
func characters(e discord.Embed) int {
	texts := []string{e.Title, e.Description}
	if e.Footer != nil {
		texts = append(texts, e.Footer.Text)
	}
	if e.Author != nil {
		texts = append(texts, e.Author.Name)
	}
	for _, f := range e.Fields {
		texts = append(texts, f.Name, f.Value)
	}
	n := 0
	for _, text := range texts {
		n += utf8.RuneCountInString(text)
	}
	return n
}

// cut shortens a text to so many characters.
func cut(s string, most int) string {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\x00", ""))
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// link is a URL that an embed can have, "" if it can't.
func link(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || utf8.RuneCountInString(s) > cutURL {
		return ""
	}
	return s
}

// picture is the picture at a URL, nil if an embed can't have it.
func picture(s string) *discord.EmbedMedia {
	if s = link(s); s == "" {
		return nil
	}
	return &discord.EmbedMedia{URL: s, ProxyURL: s}
}
