package links

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	t.Parallel()
	for content, want := range map[string][]string{
		"":                                                 nil,
		"no link, ://":                                     nil,
		"http://a.example":                                 {"http://a.example"},
		"see https://a.example/x?y=1#z.":                   {"https://a.example/x?y=1#z"},
		"(https://a.example/x)":                            {"https://a.example/x"},
		"https://en.example/wiki/Go_(language)":            {"https://en.example/wiki/Go_(language)"},
		"https://en.example/wiki/Go_(language).":           {"https://en.example/wiki/Go_(language)"},
		"[text](https://a.example/b)":                      {"https://a.example/b"},
		"||https://a.example/secret||":                     {"https://a.example/secret"},
		"<https://a.example> https://b.example":            {"https://b.example"},
		"`https://a.example`":                              nil,
		"```\nhttps://a.example\n```":                      nil,
		"https://a.example and https://a.example":          {"https://a.example"},
		"ftp://a.example file:///etc/passwd":               nil,
		"https://user:secret@a.example":                    nil,
		"https://":                                         nil,
		"https://a.example/" + strings.Repeat("x", maxURL): nil,
		"http://1.example http://2.example http://3.example http://4.example http://5.example http://6.example": {
			"http://1.example", "http://2.example", "http://3.example", "http://4.example", "http://5.example"},
	} {
		if got := Find(content); !slices.Equal(got, want) {
			t.Errorf("%.100q: %q, want %q", content, got, want)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, seed := range []string{"https://a.example/(b)", "<http://a>", "`x` https://a.b/c).", "http://[::1]/", "https://a\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		found := Find(content)
		if len(found) > most {
			t.Errorf("%d links", len(found))
		}
		for _, link := range found {
			u, err := url.Parse(link)
			if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" || !strings.Contains(content, link) {
				t.Errorf("%q in %q", link, content)
			}
		}
	})
}
