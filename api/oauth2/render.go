package oauth2

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"

	"guildhall.chat/guildhall/api/call"
)

//go:embed page.html
var pageSource string

//go:embed page.css
var styleSource string

var (
	pages = template.Must(template.New("pages").Parse(pageSource))
	// styleHash lets exactly our own style in, Content Security Policy Level 3 section 2.3.1.
	styleHash = func() string {
		sum := sha256.Sum256([]byte(styleSource))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}()
)

// frame is what every page has.
type frame struct {
	Title   string
	Problem string // what went wrong; empty: nothing
}

// Style is trusted: it is our own.
func (frame) Style() template.CSS { return template.CSS(styleSource) } //nolint:gosec // a constant

// render answers with a page. forms is where its forms may lead besides here: browsers hold redirects against it, too.
func render(c *call.Call, status int, name string, data any, forms string) error {
	var html bytes.Buffer
	if err := pages.ExecuteTemplate(&html, name, data); err != nil {
		return err
	}
	header := c.Writer.Header()
	header.Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; style-src "+styleHash+
		"; form-action 'self'"+forms+"; base-uri 'none'; frame-ancestors 'none'")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	// The links carry what is the client's own, and the form must say where it comes from.
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	c.Data(status, "text/html; charset=utf-8", html.Bytes())
	return nil
}

// message answers with a page of one sentence.
func message(c *call.Call, status int, title, text string) error {
	return render(c, status, "message", struct {
		frame
		Text string
	}{frame{Title: title}, text}, "")
}

// formTarget is the source expression of a redirect URI's place.
func formTarget(target string) string {
	u, err := url.Parse(target)
	if err != nil || target == "" {
		return ""
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		return " " + u.Scheme + "://" + u.Host
	}
	return " " + u.Scheme + ":"
}

// leave sends the browser on after a form.
func leave(c *call.Call, to string) error {
	c.Header("Cache-Control", "no-store")
	c.Header("Referrer-Policy", "no-referrer")
	c.Redirect(http.StatusSeeOther, to)
	return nil
}
