package oauth2

import (
	"errors"
	"net/http"

	"guildhall.chat/guildhall/api/call"
)

// Error codes of RFC 6749 sections 4.1.2.1 and 5.2, and of OpenID Connect Core section 3.1.2.6.
const (
	invalidRequest          = "invalid_request"
	invalidClient           = "invalid_client"
	invalidGrant            = "invalid_grant"
	invalidScope            = "invalid_scope"
	unauthorizedClient      = "unauthorized_client"
	unsupportedGrantType    = "unsupported_grant_type"
	unsupportedResponseType = "unsupported_response_type"
	accessDenied            = "access_denied"
	loginRequired           = "login_required"
	interactionRequired     = "interaction_required"
)

// refusal is an error as OAuth2 words it.
type refusal struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"` // printable ASCII without quotes and backslashes

	cause error // how Discord's API words it; nil: not at all
}

// Error implements error.
func (r *refusal) Error() string { return r.Code + ": " + r.Description }

// Unwrap lets call.Call.Fail find the Discord error.
func (r *refusal) Unwrap() error { return r.cause }

func refuse(code, description string) *refusal { return &refusal{Code: code, Description: description} }

// failToken answers a request of a client's server. The error that is no refusal is answered as everywhere.
// https://datatracker.ietf.org/doc/html/rfc6749#section-5.2
func failToken(c *call.Call, err error) error {
	var r *refusal
	if !errors.As(err, &r) {
		return err
	}
	status := http.StatusBadRequest
	if r.Code == invalidClient {
		status = http.StatusUnauthorized
		c.Header("WWW-Authenticate", `Basic realm="Guildhall"`)
	}
	return c.Reply(status, r)
}
