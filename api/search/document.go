package search

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// facet is a lexeme that says something of a message beside its words. No word begins with "=": Postgres' parser takes it
// for punctuation.
func facet(kind string, value any) string { return fmt.Sprintf("=%s:%v", kind, value) }

// Kinds of facets.
const (
	facetGuild    = "guild"
	facetChannel  = "channel"
	facetAuthor   = "author"
	facetKind     = "kind" // user, bot, webhook
	facetMention  = "mention"
	facetRole     = "role"
	facetEveryone = "everyone"
	facetAnswers  = "answers"    // a message
	facetAnswered = "answers-to" // its author
	facetPinned   = "pinned"
	facetHas      = "has"
	facetHost     = "host"
	facetEmbed    = "embed" // its type
	facetProvider = "provider"
	facetFile     = "file"
	facetSuffix   = "suffix"
)

// ByAuthor is what of the index matches all messages of an author, in the form of tsquery.
func ByAuthor(author snowflake.ID) string { return quote(facet(facetAuthor, author)) }

// Bounds of what one message adds to the index.
const (
	maxFacets    = 400
	maxFacetSize = 200 // bytes; what is longer can't be searched by
)

// describe makes the document of a message: the words of everything it says, and its facets.
func describe(m *store.SearchedMessage) store.SearchDocument {
	d := &document{seen: map[string]bool{}}
	if m.GuildID != nil {
		d.add(facetGuild, *m.GuildID)
	}
	d.add(facetChannel, m.ChannelID)
	d.add(facetAuthor, m.Author.ID)
	d.add(facetKind, authorKind(&m.Message))
	for _, u := range m.Mentions {
		d.add(facetMention, u.ID)
	}
	for _, r := range m.MentionRoles {
		d.add(facetRole, r)
	}
	if m.MentionEveryone {
		d.add(facetEveryone, true)
	}
	if m.RepliedTo != 0 {
		d.add(facetAnswers, *m.MessageReference.MessageID)
		d.add(facetAnswered, m.RepliedTo)
	}
	d.add(facetPinned, m.Pinned)
	d.content(m.Content)
	d.embeds(m.Embeds)
	d.attachments(m.Attachments)
	d.components(m.Components)
	d.poll(m.Poll)
	if len(m.StickerItems) > 0 {
		d.add(facetHas, "sticker")
	}
	for _, s := range m.MessageSnapshots {
		d.add(facetHas, "snapshot")
		d.content(s.Message.Content)
		d.embeds(s.Message.Embeds)
		d.attachments(s.Message.Attachments)
		d.components(s.Message.Components)
	}
	return store.SearchDocument{Facets: d.facets, Text: separate(d.text.String())}
}

func authorKind(m *discord.Message) string {
	switch {
	case m.WebhookID != nil:
		return "webhook"
	case m.Author.Bot:
		return "bot"
	}
	return "user"
}

// document gathers facets and text of one message.
type document struct {
	facets []string
	seen   map[string]bool
	text   strings.Builder
}

func (d *document) add(kind string, value any) {
	f := facet(kind, value)
	if len(f) > maxFacetSize || len(d.facets) >= maxFacets || d.seen[f] {
		return
	}
	d.seen[f] = true
	d.facets = append(d.facets, f)
}

func (d *document) say(texts ...string) {
	for _, text := range texts {
		if text != "" {
			d.text.WriteString(text)
			d.text.WriteByte('\n')
		}
	}
}

var link = regexp.MustCompile(`https?://[^\s<>"]+`)

func (d *document) content(text string) {
	d.say(text)
	for _, found := range link.FindAllString(text, -1) {
		d.link(found)
	}
}

// link adds the host of a link, and the domains above it: example.com finds www.example.com.
func (d *document) link(text string) {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Hostname() == "" {
		return
	}
	d.add(facetHas, "link")
	host := strings.ToLower(parsed.Hostname())
	for strings.Contains(host, ".") {
		d.add(facetHost, host)
		_, host, _ = strings.Cut(host, ".")
	}
}

// searchedEmbeds names the embed types by which one searches.
var searchedEmbeds = map[string]string{"image": "image", "video": "video", "gifv": "gif", "sound": "sound", "article": "article"}

func (d *document) embeds(list []discord.Embed) {
	for _, e := range list {
		d.add(facetHas, "embed")
		if kind := searchedEmbeds[e.Type]; kind != "" {
			d.add(facetEmbed, kind)
			if kind != "article" {
				d.add(facetHas, map[bool]string{true: "image", false: kind}[kind == "gif"])
			}
		}
		if e.Provider != nil && e.Provider.Name != "" {
			d.add(facetProvider, strings.ToLower(e.Provider.Name))
		}
		d.say(e.Title, e.Description)
		if e.Author != nil {
			d.say(e.Author.Name)
		}
		for _, f := range e.Fields {
			d.say(f.Name, f.Value)
		}
		if e.Footer != nil {
			d.say(e.Footer.Text)
		}
	}
}

func (d *document) attachments(list []discord.Attachment) {
	for _, a := range list {
		d.add(facetHas, "file")
		name := strings.ToLower(a.Filename)
		d.add(facetFile, name)
		if suffix := strings.TrimPrefix(path.Ext(name), "."); suffix != "" {
			d.add(facetSuffix, suffix)
		}
		if a.ContentType != nil {
			switch kind, _, _ := strings.Cut(*a.ContentType, "/"); kind {
			case "image", "video":
				d.add(facetHas, kind)
			case "audio":
				d.add(facetHas, "sound")
			}
		}
		for _, text := range []*string{a.Title, a.Description} {
			if text != nil {
				d.say(*text)
			}
		}
	}
}

func (d *document) poll(p *discord.Poll) {
	if p == nil {
		return
	}
	d.add(facetHas, "poll")
	d.say(p.Question.Text)
	for _, a := range p.Answers {
		d.say(a.PollMedia.Text)
	}
}

// components adds the texts that components show, however deep they are.
func (d *document) components(raw json.RawMessage) {
	var list any
	if json.Unmarshal(raw, &list) == nil {
		d.component(list)
	}
}

func (d *document) component(node any) {
	switch node := node.(type) {
	case []any:
		for _, child := range node {
			d.component(child)
		}
	case map[string]any:
		for _, key := range []string{"content", "label", "description", "placeholder"} {
			if text, ok := node[key].(string); ok {
				d.content(text)
			}
		}
		for _, key := range []string{"components", "component", "accessory", "items", "options"} {
			d.component(node[key])
		}
	}
}

// separate prepares a text, of a message or of a search, for Postgres' parser, which knows words by spaces: the characters
// of scripts that are written without them become words of their own, and so do emojis and other symbols.
func separate(text string) string {
	if isPlain(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == 0:
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
			b.WriteByte(' ')
			b.WriteRune(r)
			b.WriteByte(' ')
		case r > unicode.MaxLatin1 && unicode.Is(unicode.So, r):
			fmt.Fprintf(&b, " u%x ", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isPlain reports whether a text is of ASCII characters, none of them zero.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] == 0 || text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// idFacets are the facets of ids.
func idFacets(kind string, ids []snowflake.ID) []string {
	facets := make([]string, len(ids))
	for i, id := range ids {
		facets[i] = facet(kind, id)
	}
	return facets
}
