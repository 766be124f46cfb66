package oauth2

import (
	"context"
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// maxForm bounds what a client's server sends, in bytes.
const maxForm = 64 << 10

// client is an application that asks at the token endpoint.
type client struct {
	ID    snowflake.ID
	Owner snowflake.ID
	// Public clients have no secret: anybody can say to be one.
	Public bool
}

// readForm reads the body. It must be a form in which nothing is there twice, RFC 6749 section 3.2.
func readForm(c *call.Call) (url.Values, error) {
	media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, refuse(invalidRequest, "The Content-Type must be application/x-www-form-urlencoded.")
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxForm)
	if err := c.Request.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, discord.ErrEntityTooLarge
		}
		return nil, refuse(invalidRequest, "The body is not a form.")
	}
	for _, values := range c.Request.PostForm {
		if len(values) > 1 {
			return nil, refuse(invalidRequest, "A parameter is there twice.")
		}
	}
	return c.Request.PostForm, nil
}

// credentials reads who the client says to be: by HTTP Basic, or in the form, RFC 6749 section 2.3.1.
func credentials(header string, body url.Values) (id snowflake.ID, secret string, err error) {
	text, secret := body.Get("client_id"), body.Get("client_secret")
	if header != "" {
		user, password, ok := parseBasic(header)
		if !ok {
			return 0, "", refuse(invalidClient, "The Authorization header is not one of HTTP Basic.")
		}
		if secret != "" || text != "" && text != user {
			return 0, "", refuse(invalidRequest, "The client authenticates in two ways.")
		}
		text, secret = user, password
	}
	id, err = snowflake.Parse(text)
	if err != nil || id == 0 {
		return 0, "", refuse(invalidClient, "The client is not known.")
	}
	return id, secret, nil
}

// parseBasic is RFC 7617, with both parts encoded as in a form.
func parseBasic(header string) (user, password string, ok bool) {
	scheme, encoded, found := strings.Cut(header, " ")
	if !found || !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return "", "", false
	}
	user, password, found = strings.Cut(string(decoded), ":")
	if !found {
		return "", "", false
	}
	user, errUser := url.QueryUnescape(user)
	password, errPassword := url.QueryUnescape(password)
	return user, password, errUser == nil && errPassword == nil
}

// authenticate returns the client that a form is from.
func (h *Handlers) authenticate(ctx context.Context, header string, body url.Values) (client, error) {
	id, secret, err := credentials(header, body)
	if err != nil {
		return client{}, err
	}
	hash, owner, err := h.Store.ClientSecret(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return client{}, refuse(invalidClient, "The client is not known.")
	}
	if err != nil {
		return client{}, err
	}
	if hash == nil {
		if secret != "" {
			return client{}, refuse(invalidClient, "The client secret is wrong.")
		}
		return client{ID: id, Owner: owner, Public: true}, nil
	}
	if !auth.SameHash(auth.HashOpaque(secret), hash) {
		return client{}, refuse(invalidClient, "The client secret is wrong.")
	}
	return client{ID: id, Owner: owner}, nil
}
