// Package call is one REST request as its handler sees it: who calls, what was sent, how to answer.
//
// A resource package declares its routes as Route values, each with who may call it and its rate-limit bucket; package
// rest puts them all behind the middleware chain. A handler returns an error instead of writing one; Handle turns it
// into Discord's error JSON.
package call

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Caller is who makes the request. The zero value is anonymous.
type Caller struct {
	store.Identity
	Session snowflake.ID // the login of a user's access token; 0 for bots
	// Grant is what lets an application act for the user, by OAuth2; then ApplicationID is that application. Nil for users
	// and bots that act themselves.
	Grant *store.Grant
}

// May reports whether the caller acts itself, or for a user who allowed the application the scope.
func (c Caller) May(scope string) bool {
	return c.Grant == nil || slices.Contains(c.Grant.Scopes, scope)
}

// Anonymous reports whether the request carries no credentials.
func (c Caller) Anonymous() bool { return c.UserID == 0 }

// Call is one request.
type Call struct {
	*gin.Context
	Caller Caller
	Logger *slog.Logger

	// versions that came with the rate-limit round trip.
	guild   snowflake.ID
	version events.Version
	known   bool
}

// Handler answers a call. The error is Discord's (*discord.Error) or an internal one, which the client never sees.
type Handler func(*Call) error

// SetVersion is told by the middleware what Redis said of a guild.
func (c *Call) SetVersion(guild snowflake.ID, v events.Version, ok bool) {
	c.guild, c.version, c.known = guild, v, ok
}

// Version is the permission version of a guild that came with this request; ok is false when the primary must be asked.
func (c *Call) Version(guild snowflake.ID) (v events.Version, ok bool) {
	return c.version, c.known && c.guild == guild
}

// ID reads a snowflake from the path. One that is none gives what an unknown id would, unknown.
func (c *Call) ID(name string, unknown *discord.Error) (snowflake.ID, error) {
	text := c.Param(name)
	id, err := snowflake.Parse(text)
	if err != nil {
		return 0, form.Single(name, "NUMBER_TYPE_COERCE", "Value is not snowflake.")
	}
	if id == 0 {
		return 0, unknown
	}
	return id, nil
}

// Text reads a text from the path; ok is false when nothing stored can be equal to it.
func (c *Call) Text(name string) (text string, ok bool) {
	text = c.Param(name)
	return text, text != "" && len(text) <= 256 && utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}

// QueryInt reads a number from the query.
func (c *Call) QueryInt(name string, otherwise, least, most int) (int, error) {
	text := c.Query(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, form.Single(name, "NUMBER_TYPE_COERCE", "Value is not an integer.")
	}
	var p form.Problems
	p.Range(name, n, int64(least), int64(most))
	return int(n), p.Err()
}

// QueryID reads a snowflake from the query; ok is false when it is not there.
func (c *Call) QueryID(name string) (id snowflake.ID, ok bool, err error) {
	text := c.Query(name)
	if text == "" {
		return 0, false, nil
	}
	id, err = snowflake.Parse(text)
	if err != nil {
		return 0, false, form.Single(name, "NUMBER_TYPE_COERCE", "Value is not snowflake.")
	}
	return id, true, nil
}

// QueryText reads a text of so many characters from the query.
func (c *Call) QueryText(name string, least, most int) (string, error) {
	text := c.Query(name)
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return "", form.Single(name, "BASE_TYPE_INVALID", "Value is not a text.")
	}
	var p form.Problems
	p.Length(name, text, least, most)
	return text, p.Err()
}

// QueryBool reads a flag from the query, in any of the forms that Discord takes.
func (c *Call) QueryBool(name string) bool {
	switch c.Query(name) {
	case "true", "True", "1":
		return true
	}
	return false
}

const maxReason = 512

// Reason is what the caller gave for the audit log, nil if nothing: in a header or, as clients of version 9 do, in the query.
// https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object
func (c *Call) Reason() (*string, error) {
	reason := c.Query("reason")
	if header := c.GetHeader("X-Audit-Log-Reason"); header != "" {
		var err error
		if reason, err = url.PathUnescape(header); err != nil {
			reason = header
		}
	}
	if reason == "" {
		return nil, nil
	}
	reason = strings.ToValidUTF8(reason, "\uFFFD")
	reason = strings.ReplaceAll(reason, "\x00", "")
	var p form.Problems
	p.Length("X-Audit-Log-Reason", reason, 1, maxReason)
	return &reason, p.Err()
}

// Reply answers with JSON. Client libraries compare the content type for equality, so it has no charset.
func (c *Call) Reply(status int, body any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.Encoded(status, encoded)
}

// contentType is that of every JSON answer. The array is shared, never written to.
var contentType = []string{"application/json"}

// Encoded answers with JSON that is ready.
func (c *Call) Encoded(status int, body []byte) error {
	c.Writer.Header()["Content-Type"] = contentType
	c.Writer.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.Status(status)
	_, _ = c.Writer.Write(body) // a client that has gone is nobody's failure
	return nil
}

// OK answers 200 with JSON.
func (c *Call) OK(body any) error { return c.Reply(http.StatusOK, body) }

// Done answers 204.
func (c *Call) Done() error {
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
	return nil
}

// Fail writes an error as Discord's JSON. Internal ones are logged and told as 500 without their text.
func (c *Call) Fail(err error) {
	var e *discord.Error
	switch {
	case errors.As(err, &e):
	case c.Request.Context().Err() != nil:
		// The client has gone; nobody reads the answer.
		c.Abort()
		return
	case errors.Is(err, store.ErrOverloaded), store.Unavailable(err):
		c.Logger.Warn("request not served", "method", c.Request.Method, "route", c.FullPath(), "error", err)
		e = discord.ErrUnavailable
	default:
		c.Logger.Error("request failed", "method", c.Request.Method, "route", c.FullPath(), "error", err)
		e = discord.ErrInternal
	}
	denied(e)
	encoded, _ := json.Marshal(e)
	c.Data(e.Status, "application/json", encoded)
	c.Abort()
}
