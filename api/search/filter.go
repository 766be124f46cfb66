package search

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Limits of a search.
// https://discord.com/developers/docs/resources/message#search-guild-messages
const (
	maxContent   = 1024
	maxSlop      = 100
	defaultSlop  = 2
	maxValues    = 100 // of one filter
	maxChannels  = 500
	maxLimit     = 25
	defaultLimit = 25
	maxOffset    = 9975
)

// filter is what a client searches for. The values of one field are alternatives, those that begin with "-" are excluded,
// and the fields are all to be met.
type filter struct {
	Content         *string        `json:"content"`
	Slop            *form.Int      `json:"slop"`
	AuthorID        []snowflake.ID `json:"author_id"`
	AuthorType      []string       `json:"author_type"`
	Mentions        []snowflake.ID `json:"mentions"`
	MentionsRole    []snowflake.ID `json:"mentions_role_id"`
	MentionEveryone *form.Bool     `json:"mention_everyone"`
	RepliedToUser   []snowflake.ID `json:"replied_to_user_id"`
	RepliedTo       []snowflake.ID `json:"replied_to_message_id"`
	MinID           *snowflake.ID  `json:"min_id"`
	MaxID           *snowflake.ID  `json:"max_id"`
	Has             []string       `json:"has"`
	LinkHost        []string       `json:"link_hostname"`
	EmbedProvider   []string       `json:"embed_provider"`
	EmbedType       []string       `json:"embed_type"`
	Extension       []string       `json:"attachment_extension"`
	Filename        []string       `json:"attachment_filename"`
	Pinned          *form.Bool     `json:"pinned"`
	IncludeNSFW     *form.Bool     `json:"include_nsfw"`
	ChannelID       []snowflake.ID `json:"channel_id"`
	SortBy          *string        `json:"sort_by"`
	SortOrder       *string        `json:"sort_order"`
	Limit           *form.Int      `json:"limit"`
	Offset          *form.Int      `json:"offset"`
}

// check notes what is wrong with a filter; path is where it stands.
func (f *filter) check(p *form.Problems, path string) {
	at := func(field string) string { return form.At(path, field) }
	if f.Content != nil {
		p.Length(at("content"), *f.Content, 0, maxContent)
	}
	inRange := func(field string, n *form.Int, least, most int64) {
		if n != nil {
			p.Range(at(field), int64(*n), least, most)
		}
	}
	inRange("slop", f.Slop, 0, maxSlop)
	inRange("limit", f.Limit, 1, maxLimit)
	inRange("offset", f.Offset, 0, maxOffset)
	for field, n := range map[string]int{
		"author_id": len(f.AuthorID), "mentions": len(f.Mentions), "mentions_role_id": len(f.MentionsRole),
		"replied_to_user_id": len(f.RepliedToUser), "replied_to_message_id": len(f.RepliedTo),
		"link_hostname": len(f.LinkHost), "embed_provider": len(f.EmbedProvider),
		"attachment_extension": len(f.Extension), "attachment_filename": len(f.Filename),
	} {
		p.Max(at(field), n, maxValues)
	}
	p.Max(at("channel_id"), len(f.ChannelID), maxChannels)
	f.choices(p, at)
}

func (f *filter) choices(p *form.Problems, at func(string) string) {
	among := func(field string, values []string, allowed ...string) {
		for i, v := range values[:min(len(values), 2*len(allowed)+1)] {
			form.OneOf(p, form.At(at(field), i), v, allowed...)
		}
	}
	among("author_type", f.AuthorType, orNot("user", "bot", "webhook")...)
	among("has", f.Has, orNot("link", "embed", "file", "image", "video", "sound", "sticker", "poll", "snapshot")...)
	among("embed_type", f.EmbedType, "image", "video", "gif", "sound", "article")
	one := func(field string, v *string, allowed ...string) {
		if v != nil {
			form.OneOf(p, at(field), *v, allowed...)
		}
	}
	one("sort_by", f.SortBy, "timestamp", "relevance")
	one("sort_order", f.SortOrder, "asc", "desc")
}

// orNot are values and their exclusions.
func orNot(values ...string) []string {
	all := slices.Clone(values)
	for _, v := range values {
		all = append(all, "-"+v)
	}
	return all
}

// query is the filter as a question to the index, without its place; none reports that nothing can match.
func (f *filter) query(ctx context.Context, words func(context.Context, string) ([]store.Word, error)) (q store.SearchQuery, none bool, err error) {
	var all conditions
	all.any(idFacets(facetAuthor, f.AuthorID))
	all.values(facetKind, f.AuthorType)
	all.any(idFacets(facetMention, f.Mentions))
	all.any(idFacets(facetRole, f.MentionsRole))
	all.any(idFacets(facetAnswered, f.RepliedToUser))
	all.any(idFacets(facetAnswers, f.RepliedTo))
	if f.MentionEveryone != nil {
		all.flag(facet(facetEveryone, true), bool(*f.MentionEveryone))
	}
	if f.Pinned != nil {
		all.flag(facet(facetPinned, true), bool(*f.Pinned))
	}
	all.values(facetHas, f.Has)
	all.texts(facetHost, f.LinkHost)
	all.texts(facetProvider, f.EmbedProvider)
	all.texts(facetEmbed, f.EmbedType)
	all.texts(facetSuffix, f.Extension)
	all.texts(facetFile, f.Filename)
	if f.Content != nil && strings.TrimSpace(*f.Content) != "" {
		found, err := words(ctx, separate(*f.Content))
		if err != nil {
			return q, false, err
		}
		if len(found) == 0 {
			return q, true, nil // nothing in it is a word
		}
		slop := defaultSlop
		if f.Slop != nil {
			slop = int(*f.Slop)
		}
		q.Rank = phrase(found, slop)
		all = append(all, q.Rank)
	}
	q.Match = strings.Join(all, " & ")
	if f.MinID != nil {
		q.Above = *f.MinID
	}
	if f.MaxID != nil {
		q.Below = *f.MaxID
	}
	q.ByRank = f.SortBy != nil && *f.SortBy == "relevance"
	// The best first, or the newest, unless the other way is asked for.
	q.Ascending = f.ascending()
	q.Limit = number(f.Limit, defaultLimit)
	q.Offset = number(f.Offset, 0)
	return q, false, nil
}

func (f *filter) ascending() bool { return f.SortOrder != nil && *f.SortOrder == "asc" }

func number(n *form.Int, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return int(*n)
}

// conditions are parts of a tsquery, all to be met.
type conditions []string

// any adds that one of the facets is there; none asks for nothing.
func (c *conditions) any(facets []string) {
	if len(facets) == 0 {
		return
	}
	quoted := make([]string, len(facets))
	for i, f := range facets {
		quoted[i] = quote(f)
	}
	*c = append(*c, "("+strings.Join(quoted, " | ")+")")
}

func (c *conditions) flag(facet string, wanted bool) {
	if wanted {
		*c = append(*c, quote(facet))
	} else {
		*c = append(*c, "!"+quote(facet))
	}
}

// values adds that one of the values is there and none of those that begin with "-".
func (c *conditions) values(kind string, values []string) {
	var wanted []string
	for _, v := range values {
		if excluded, found := strings.CutPrefix(v, "-"); found {
			c.flag(facet(kind, excluded), false)
		} else {
			wanted = append(wanted, facet(kind, v))
		}
	}
	c.any(wanted)
}

// texts adds that one of the texts is there, in any case.
func (c *conditions) texts(kind string, values []string) {
	var wanted []string
	for _, v := range values {
		wanted = append(wanted, facet(kind, strings.ToLower(v)))
	}
	c.any(wanted)
}

// quote writes a lexeme into a tsquery.
func quote(lexeme string) string {
	return "'" + strings.NewReplacer(`'`, `''`, `\`, `\\`).Replace(lexeme) + "'"
}

// maxPairs bounds how many distances of words a query lists; with more, the words need only be there.
const maxPairs = 2000

// phrase asks for the words in their order, with no more than slop others between each two.
func phrase(words []store.Word, slop int) string {
	var all []string
	if len(words) == 1 || len(words)*(slop+1) > maxPairs {
		for _, w := range words {
			all = append(all, quote(w.Lexeme))
		}
		return "(" + strings.Join(all, " & ") + ")"
	}
	for i := range words[1:] {
		a, b := words[i], words[i+1]
		var either []string
		for distance := b.Position - a.Position; distance <= b.Position-a.Position+slop; distance++ {
			either = append(either, quote(a.Lexeme)+" <"+strconv.Itoa(distance)+"> "+quote(b.Lexeme))
		}
		all = append(all, "("+strings.Join(either, " | ")+")")
	}
	return "(" + strings.Join(all, " & ") + ")"
}
