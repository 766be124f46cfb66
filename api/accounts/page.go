package accounts

import (
	"bytes"
	"html/template"
	"net/http"
	"strings"

	"guildhall.chat/guildhall/api/call"
)

// pageTemplate is what a browser shows. The token is sent only when a person presses the button: programs that check mail
// follow every link.
var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Guildhall</title>
<style>body{font:18px/1.5 system-ui,sans-serif;max-width:32em;margin:4em auto;padding:0 1em}button{font:inherit;padding:.4em 1em}</style>
<h1>Guildhall</h1>
<p>{{.Text}}</p>
{{with .Token}}<form method="post"><input type="hidden" name="token" value="{{.}}">
{{if $.Password}}<input type="password" name="password" autocomplete="new-password" minlength="8" maxlength="72" required>
<button>Change my password</button>{{else}}<button>Verify my mail address</button>{{end}}</form>
{{end}}`))

// verifyPage is where the link in a mail leads.
func (h *Handlers) verifyPage(c *call.Call) error {
	token := c.Query("token")
	if token == "" || len(token) > 512 {
		return page(c, http.StatusBadRequest, "This link is not complete.", "")
	}
	return page(c, http.StatusOK, "One step is left.", token)
}

func wantsPage(c *call.Call) bool { return strings.Contains(c.GetHeader("Accept"), "text/html") }

func page(c *call.Call, status int, text, token string) error {
	return show(c, status, text, token, false)
}

// passwordPage asks for a new password.
func passwordPage(c *call.Call, status int, text, token string) error {
	return show(c, status, text, token, true)
}

func show(c *call.Call, status int, text, token string, password bool) error {
	var html bytes.Buffer
	content := struct {
		Text, Token string
		Password    bool
	}{text, token, password}
	if err := pageTemplate.Execute(&html, content); err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.Header("Referrer-Policy", "no-referrer")
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	c.Data(status, "text/html; charset=utf-8", html.Bytes())
	return nil
}
