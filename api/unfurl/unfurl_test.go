package unfurl

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/fetch"
)

// web is a server of pages by path, out of reach but for this network.
func web(t *testing.T, pages map[string]string) (base string, u *Unfurler) {
	t.Helper()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, found := pages[r.URL.Path]
		switch {
		case r.URL.Path == "/picture.png":
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write(picture.Bytes())
		case !found:
			http.NotFound(w, r)
		case strings.HasSuffix(r.URL.Path, ".json"):
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(content))
		case strings.HasSuffix(r.URL.Path, ".mp4"):
			w.Header().Set("Content-Type", "video/mp4")
		case strings.HasSuffix(r.URL.Path, ".txt"):
			w.Header().Set("Content-Type", "text/plain")
			_, _ = w.Write([]byte(content))
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(content))
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, New(fetch.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}))
}

func TestEmbeds(t *testing.T) {
	t.Parallel()
	base, u := web(t, map[string]string{
		"/full": `<!doctype html><html><head><title>Not this</title>
			<meta property="og:title" content="The  title &quot;and&#34; more"><meta property="og:description" content="What
			it says"><meta property="og:site_name" content="Site"><meta name="theme-color" content="#f00">
			<meta property="og:type" content="article"><meta property="og:image" content="/picture.png"></head>
			<body><meta property="og:title" content="Too late"></body></html>`,
		"/plain":   `<title>Only a title</title><p>text`,
		"/twitter": `<head><meta name="twitter:title" content="T"><meta name="twitter:image" content="https://elsewhere.invalid/a.png"><meta name="description" content="D">`,
		"/sized":   `<head><meta property="og:title" content="S"><meta property="og:image" content="picture.png"><meta property="og:image:width" content="400"><meta property="og:image:height" content="300">`,
		"/video":   `<head><meta property="og:title" content="V"><meta property="og:video" content="/a.mp4"><meta property="og:video:type" content="video/mp4"><meta property="og:video:width" content="640">`,
		"/player":  `<head><meta property="og:title" content="P"><meta property="og:video" content="/frame"><meta property="og:video:type" content="text/html">`,
		"/oembed":  `<head><title>O</title><link rel="alternate" type="application/json+oembed" href="/o.json">`,
		"/o.json":  `{"type":"photo","author_name":"Ann","author_url":"/ann","provider_name":"Photos","provider_url":"https://photos.invalid/","url":"/picture.png"}`,
		"/script":  `<head><title>X</title><meta property="og:image" content="javascript:alert(1)">`,
		"/empty":   `<html><head></head><body>nothing</body></html>`,
		"/a.mp4":   "", "/a.txt": "plain",
	})
	for path, want := range map[string]string{
		"/full": `{"type":"article","title":"The title \"and\" more","description":"What it says","url":"BASE/full","color":16711680,
			"thumbnail":{"url":"BASE/picture.png","proxy_url":"BASE/picture.png","width":40,"height":30},"provider":{"name":"Site"}}`,
		"/plain":   `{"type":"link","title":"Only a title","url":"BASE/plain"}`,
		"/twitter": `{"type":"link","title":"T","description":"D","url":"BASE/twitter","thumbnail":{"url":"https://elsewhere.invalid/a.png","proxy_url":"https://elsewhere.invalid/a.png"}}`,
		"/sized":   `{"type":"link","title":"S","url":"BASE/sized","thumbnail":{"url":"BASE/picture.png","proxy_url":"BASE/picture.png","width":400,"height":300}}`,
		"/video":   `{"type":"video","title":"V","url":"BASE/video","video":{"url":"BASE/a.mp4","proxy_url":"BASE/a.mp4","width":640}}`,
		"/player":  `{"type":"link","title":"P","url":"BASE/player"}`,
		"/oembed": `{"type":"link","title":"O","url":"BASE/oembed","thumbnail":{"url":"BASE/picture.png","proxy_url":"BASE/picture.png","width":40,"height":30},
			"provider":{"name":"Photos","url":"https://photos.invalid/"},"author":{"name":"Ann","url":"BASE/ann"}}`,
		"/script":      `{"type":"link","title":"X","url":"BASE/script"}`,
		"/picture.png": `{"type":"image","url":"BASE/picture.png","thumbnail":{"url":"BASE/picture.png","proxy_url":"BASE/picture.png","width":40,"height":30}}`,
		"/a.mp4":       `{"type":"video","url":"BASE/a.mp4","video":{"url":"BASE/a.mp4","proxy_url":"BASE/a.mp4"}}`,
		"/a.txt":       `null`, "/empty": `null`, "/nothing": `null`,
	} {
		encoded, err := json.Marshal(u.Embed(t.Context(), base+path))
		if err != nil {
			t.Fatal(err)
		}
		got := strings.ReplaceAll(string(encoded), base, "BASE")
		if want = strings.ReplaceAll(strings.ReplaceAll(want, "\n", ""), "\t", ""); got != want {
			t.Errorf("%s:\n%s, want\n%s", path, got, want)
		}
	}
}

func TestLinksAreKnownForAWhile(t *testing.T) {
	t.Parallel()
	pages := map[string]string{"/": "<title>one</title>"}
	base, u := web(t, pages)
	first := u.Embed(t.Context(), base+"/")
	pages["/"] = "<title>two</title>"
	if again := u.Embed(t.Context(), base+"/"); again != first {
		t.Errorf("looked up again: %+v", again)
	}
}

func TestLinksIntoTheInsideHaveNoEmbed(t *testing.T) {
	t.Parallel()
	base, _ := web(t, map[string]string{"/": "<title>secret</title>"})
	if e := New(fetch.New(nil)).Embed(t.Context(), base+"/"); e != nil {
		t.Errorf("embed %+v", e)
	}
}

func TestCharactersAreThoseOfThePage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ body, kind string }{
		{"<title>Gr\xfc\xdfe</title>", "text/html; charset=iso-8859-1"},
		{"<meta charset=windows-1252><title>Gr\xfc\xdfe</title>", "text/html"},
		{"<title>Grüße</title>", "text/html; charset=utf-8"},
	} {
		if p := parse([]byte(tt.body), tt.kind); p.title != "Grüße" {
			t.Errorf("%s: %q", tt.kind, p.title)
		}
	}
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(`<meta property="og:title" content="x"><meta property=og:image content=//a/b>`), "text/html")
	f.Add([]byte("\xff\xfe<\x00t\x00"), "text/html; charset=utf-16le")
	base := &url.URL{Scheme: "https", Host: "a.example", Path: "/b"}
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		e := parse(body, kind).embed("https://a.example/b", base)
		if len([]rune(e.Title)) > maxTitle || len([]rune(e.Description)) > maxDescription {
			t.Error("a text is too long")
		}
		if e.Thumbnail != nil && !strings.HasPrefix(e.Thumbnail.URL, "http") {
			t.Errorf("picture %q", e.Thumbnail.URL)
		}
		if _, err := json.Marshal(e); err != nil {
			t.Error(err)
		}
	})
}
