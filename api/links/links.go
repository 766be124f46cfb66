// Package links finds the links in what messages say.
package links

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const (
	// most is how many links of one message get an embed.
	most   = 5
	maxURL = 2048
)

var (
	// code is what is shown as it is: no link in it is one.
	code = regexp.MustCompile("(?s)```.*?```|``.*?``|`[^`\n]*`")
	// suppressed is a link whose author wants no embed.
	// https://discord.com/developers/docs/reference#message-formatting
	suppressed = regexp.MustCompile(`<https?://[^>\s]*>`)
	linked     = regexp.MustCompile(`https?://[^\s<>|]+`)
)

// trailing is punctuation that ends a sentence, not a URL.
const trailing = `.,:;!?'"*_~)]}`

// Find returns the links in a content that may get an embed: each once, the first few.
func Find(content string) []string {
	if !strings.Contains(content, "://") {
		return nil
	}
	content = suppressed.ReplaceAllString(code.ReplaceAllString(content, " "), " ")
	var links []string
	for _, match := range linked.FindAllString(content, -1) {
		link := trim(match)
		u, err := url.Parse(link)
		if err != nil || u.Host == "" || u.User != nil || len(link) > maxURL || slices.Contains(links, link) {
			continue
		}
		if links = append(links, link); len(links) == most {
			break
		}
	}
	return links
}

// trim takes off what follows the URL in the sentence: punctuation, and a parenthesis that was not opened in it.
func trim(link string) string {
	for link != "" {
		last := link[len(link)-1]
		if !strings.ContainsRune(trailing, rune(last)) {
			break
		}
		if open := strings.IndexByte(`)]}`, last); open >= 0 {
			opening := `([{`[open]
			if strings.Count(link, string(opening)) >= strings.Count(link, string(last)) {
				break
			}
		}
		link = link[:len(link)-1]
	}
	return link
}
