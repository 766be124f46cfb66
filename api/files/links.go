package files

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	linkPrefix   = "/attachments"
	uploadPrefix = "/uploads"

	// linkLife is how long a link is good at least; linkStep is for how long all links to a file are the same, so that who
	// has fetched it need not fetch it again.
	linkLife = 24 * time.Hour
	linkStep = time.Hour
	// uploadLife is how long an announced file may be uploaded.
	uploadLife = time.Hour
)

// Links makes and checks the links to files: path?ex=<expires>&is=<issued>&hm=<proof>&, the times in hexadecimal seconds.
// It is a store.Linker.
// https://discord.com/developers/docs/reference#signed-attachment-cdn-urls
type Links struct {
	base string // of all links, without a slash at its end
	keys *auth.Keys
	own  *regexp.Regexp // a link of ours in JSON text
	now  func() time.Time
}

// NewLinks returns the links below the platform's public URL.
func NewLinks(publicURL string, keys *auth.Keys) *Links {
	base := strings.TrimSuffix(publicURL, "/")
	own := regexp.MustCompile(regexp.QuoteMeta(base) + `(` + linkPrefix + `/[0-9]+/[0-9]+/[A-Za-z0-9._-]+)(?:\?[^"\s]*)?`)
	return &Links{base: base, keys: keys, own: own, now: time.Now}
}

// pathTo is the path of a file below a prefix. The filename needs no escaping; see cleanName.
func pathTo(prefix string, channel, file snowflake.ID, filename string) string {
	return fmt.Sprintf("%s/%d/%d/%s", prefix, channel, file, filename)
}

// sign returns the link to a path.
func (l *Links) sign(path string) string {
	issued := l.now().Truncate(linkStep)
	return l.signUntil(path, issued, issued.Add(linkLife+linkStep))
}

func (l *Links) signUntil(path string, issued, expires time.Time) string {
	ex, is := strconv.FormatInt(expires.Unix(), 16), strconv.FormatInt(issued.Unix(), 16)
	return l.base + path + "?ex=" + ex + "&is=" + is + "&hm=" + l.keys.SignFile(signed(path, ex, is)) + "&"
}

// SignUntil returns the link to a path of another package's, good until the time.
func (l *Links) SignUntil(path string, expires time.Time) string {
	return l.signUntil(path, l.now(), expires)
}

// Check reports whether the query proves the path.
func (l *Links) Check(path string, query url.Values) bool {
	_, ok := l.check(path, query)
	return ok
}

func signed(path, ex, is string) string { return path + "\n" + ex + "\n" + is }

// check reports whether the query proves the path, and until when.
func (l *Links) check(path string, query url.Values) (until time.Time, ok bool) {
	ex, is := query.Get("ex"), query.Get("is")
	expires, err := strconv.ParseInt(ex, 16, 64)
	if err != nil {
		return time.Time{}, false
	}
	until = time.Unix(expires, 0)
	return until, l.keys.VerifyFile(signed(path, ex, is), query.Get("hm")) && l.now().Before(until)
}

// proven reports whether we have made the link at some time. Only such a one of a client's may be made anew: else it would
// get at files by guessing their ids.
func (l *Links) proven(link string) bool {
	if match := l.own.FindString(link); match == "" || match != link {
		return false
	}
	parsed, err := url.Parse(link)
	if err != nil {
		return false
	}
	query := parsed.Query()
	return l.keys.VerifyFile(signed(parsed.Path, query.Get("ex"), query.Get("is")), query.Get("hm"))
}

// fresh makes a link of ours anew, whatever its signature was; others stay as they are.
func (l *Links) fresh(link string) string {
	if !strings.HasPrefix(link, l.base+linkPrefix) {
		return link
	}
	match := l.own.FindStringSubmatch(link)
	if match == nil || match[0] != link {
		return link
	}
	return l.sign(match[1])
}

// Link makes all links to files in a message anew.
func (l *Links) Link(m *discord.Message) {
	l.attachments(m.Attachments)
	l.embeds(m.Embeds)
	m.Components = l.components(m.Components)
	for i := range m.MessageSnapshots {
		s := &m.MessageSnapshots[i].Message
		l.attachments(s.Attachments)
		l.embeds(s.Embeds)
		s.Components = l.components(s.Components)
	}
}

func (l *Links) attachments(list []discord.Attachment) {
	for i := range list {
		a := &list[i]
		// The platform may have moved since the message was stored: only the path is as it was.
		if stored, err := url.Parse(a.URL); err == nil {
			a.URL = l.sign(stored.Path)
			a.ProxyURL = a.URL
		}
	}
}

func (l *Links) embeds(list []discord.Embed) {
	eachSource(list, func(_ string, link *string) { *link = l.fresh(*link) })
}

// eachSource calls do with the URL of each picture in embeds, and where it is.
func eachSource(list []discord.Embed, do func(path string, link *string)) {
	for i := range list {
		e := &list[i]
		for name, media := range map[string]*discord.EmbedMedia{"image": e.Image, "thumbnail": e.Thumbnail, "video": e.Video} {
			if media != nil {
				do(form.At("embeds", i, name, "url"), &media.URL)
			}
		}
		if e.Footer != nil {
			do(form.At("embeds", i, "footer", "icon_url"), &e.Footer.IconURL)
		}
		if e.Author != nil {
			do(form.At("embeds", i, "author", "icon_url"), &e.Author.IconURL)
		}
	}
}

// CheckLinks notes links to our files that we have never made. It is for messages as clients send them.
func (f *Files) CheckLinks(p *form.Problems, m *discord.Message) {
	const code, message = "URL_TYPE_INVALID_URL", "The URL of an attachment must be as it was given."
	foreign := func(link string) bool {
		return strings.HasPrefix(link, f.links.base+linkPrefix) && !f.links.proven(link)
	}
	eachSource(m.Embeds, func(path string, link *string) {
		if foreign(*link) {
			p.Add(path, code, message)
		}
	})
	for _, link := range f.links.own.FindAllString(strings.ReplaceAll(string(m.Components), `\u0026`, "&"), -1) {
		if foreign(link) {
			p.Add("components", code, message)
		}
	}
}

// components are stored as JSON, in which Postgres escapes nothing that a link has.
func (l *Links) components(raw []byte) []byte {
	if !strings.Contains(string(raw), l.base+linkPrefix) {
		return raw
	}
	return l.own.ReplaceAllFunc(raw, func(link []byte) []byte { return []byte(l.fresh(string(link))) })
}
