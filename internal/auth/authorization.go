package auth

import (
	"errors"
	"strings"
)

// Scheme is the kind of a token.
type Scheme uint8

// The schemes. User has no name in the header: the token stands alone.
const (
	User   Scheme = iota // access token of a user
	Bot                  // token of a bot
	Bearer               // OAuth2 access token
)

// ErrAuthorization says that the header, or a gateway's token, holds no token. What it holds isn't in the message.
var ErrAuthorization = errors.New("auth: malformed authorization")

// maxToken bounds a token, in bytes.
const maxToken = 1024

// ParseAuthorization splits an Authorization header into scheme and token, ErrAuthorization if there is no token. Schemes
// are compared without regard to case, RFC 9110 section 11.1.
//
// https://discord.com/developers/docs/reference#authentication
func ParseAuthorization(header string) (Scheme, string, error) {
	scheme, token := User, strings.TrimSpace(header)
	if name, rest, found := strings.Cut(token, " "); found {
		switch {
		case strings.EqualFold(name, "Bot"):
			scheme = Bot
		case strings.EqualFold(name, "Bearer"):
			scheme = Bearer
		default:
			return 0, "", ErrAuthorization
		}
		token = strings.TrimLeft(rest, " ")
	}
	if !plausible(token) {
		return 0, "", ErrAuthorization
	}
	return scheme, token, nil
}

// ParseGatewayToken reads the token of IDENTIFY or RESUME: libraries send a bot's with or without "Bot ", so its form
// decides. Bearer is refused, with ErrAuthorization.
func ParseGatewayToken(text string) (Scheme, string, error) {
	scheme, token, err := ParseAuthorization(text)
	if err != nil || scheme == Bearer {
		return 0, "", ErrAuthorization
	}
	if _, _, err := ParseBotToken(token); err == nil {
		scheme = Bot
	}
	return scheme, token, nil
}

// plausible reports whether the token consists of visible ASCII, as all of ours do.
func plausible(token string) bool {
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return false
		}
	}
	return token != "" && len(token) <= maxToken
}
