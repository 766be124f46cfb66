package oauth2

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// How an application is installed.
// https://discord.com/developers/docs/resources/application#application-object-application-integration-types
const (
	guildInstall = 0
	userInstall  = 1
)

// Bounds of what a link carries, in bytes. Clients get it back as it was.
const (
	maxState = 2048
	maxNonce = 255
)

// parameters is what a client's link asks for.
// https://discord.com/developers/docs/topics/oauth2#authorization-code-grant-authorization-url-example
type parameters struct {
	ClientID           snowflake.ID
	Scopes             []string
	ResponseType       string // code, token, or empty for bots that want neither
	RedirectURI        string // empty: not sent
	State              string
	Challenge          string
	ChallengeMethod    string
	Nonce              string
	Prompt             string // none or consent
	Permissions        permissions.Set
	Guild              snowflake.ID // 0: none chosen yet
	DisableGuildSelect bool
	IntegrationType    int
}

// request is a link that has been held against the application.
type request struct {
	parameters
	app discord.Application
	// target is where the browser goes with the answer; empty: the application does not want to know.
	target string
}

func (p parameters) asks(scope string) bool { return slices.Contains(p.Scopes, scope) }

// intoGuild reports whether the link brings something into a guild.
func (p parameters) intoGuild() bool {
	return p.asks(discord.ScopeBot) || p.asks(discord.ScopeCommands) && p.IntegrationType == guildInstall
}

// parse reads the query of a link. A parameter that is there twice is none, RFC 6749 section 3.1.
func parse(q url.Values) (parameters, error) {
	p := parameters{Prompt: "consent"}
	for name, values := range q {
		if len(values) > 1 && known[name] {
			return p, wrong(invalidRequest, name, "Only one value is allowed.")
		}
	}
	p.RedirectURI, p.State = q.Get("redirect_uri"), q.Get("state")
	if len(p.State) > maxState || !utf8.ValidString(p.State) {
		p.State = ""
		return p, wrong(invalidRequest, "state", "Value is too long.")
	}
	return p, p.read(q)
}

// known are the parameters that this server gives a meaning.
var known = map[string]bool{
	"client_id": true, "scope": true, "response_type": true, "redirect_uri": true, "state": true, "code_challenge": true,
	"code_challenge_method": true, "nonce": true, "prompt": true, "permissions": true, "guild_id": true,
	"disable_guild_select": true, "integration_type": true,
}

func (p *parameters) read(q url.Values) (err error) {
	if q.Get("client_id") == "" {
		return wrong(invalidRequest, "client_id", "This field is required")
	}
	if p.ClientID, err = snowflake.Parse(q.Get("client_id")); err != nil {
		return wrong(invalidRequest, "client_id", "Value is not snowflake.")
	}
	if text := q.Get("guild_id"); text != "" {
		if p.Guild, err = snowflake.Parse(text); err != nil {
			return wrong(invalidRequest, "guild_id", "Value is not snowflake.")
		}
	}
	if text := q.Get("permissions"); text != "" {
		set, err := permissions.Parse(text)
		if err != nil {
			return wrong(invalidRequest, "permissions", "Value is not a set of permissions.")
		}
		p.Permissions = set & permissions.All
	}
	if text := q.Get("integration_type"); text != "" {
		p.IntegrationType, err = strconv.Atoi(text)
		if err != nil || p.IntegrationType != guildInstall && p.IntegrationType != userInstall {
			return wrong(invalidRequest, "integration_type", "Value must be one of {0, 1}.")
		}
	}
	for _, scope := range strings.Fields(q.Get("scope")) {
		if !slices.Contains(p.Scopes, scope) {
			p.Scopes = append(p.Scopes, scope)
		}
	}
	switch q.Get("disable_guild_select") {
	case "true", "True", "1":
		p.DisableGuildSelect = true
	}
	if q.Get("prompt") == "none" {
		p.Prompt = "none"
	}
	p.ResponseType, p.Nonce = q.Get("response_type"), q.Get("nonce")
	p.Challenge, p.ChallengeMethod = q.Get("code_challenge"), q.Get("code_challenge_method")
	return nil
}

// wrong is the refusal of a parameter.
func wrong(code, name, message string) *refusal {
	return &refusal{Code: code, Description: name + ": " + message, cause: form.Single(name, "BASE_TYPE_INVALID", message)}
}

// understand reads a link and holds it against the application. The error is a *refusal, or an internal one; what the
// returned request has as its target may be told of it, RFC 6749 section 4.1.2.1.
func (h *Handlers) understand(ctx context.Context, q url.Values) (request, error) {
	p, problem := parse(q)
	r := request{parameters: p}
	if p.ClientID == 0 {
		if problem == nil {
			problem = unknownClient()
		}
		return r, problem
	}
	var err error
	r.app, err = h.Store.Application(ctx, p.ClientID)
	if errors.Is(err, store.ErrNotFound) {
		return r, unknownClient()
	}
	if err != nil {
		return r, err
	}
	if r.target, err = target(r.app, p); err != nil {
		return r, err
	}
	if problem != nil {
		return r, problem
	}
	return r, r.check()
}

func unknownClient() *refusal {
	return &refusal{Code: invalidClient, Description: "There is no such application.", cause: discord.ErrUnknownApplication}
}

// target is the redirect URI: exactly one of those that the application has registered, RFC 9700 section 2.1.
func target(app discord.Application, p parameters) (string, error) {
	if p.RedirectURI != "" {
		if !slices.Contains(app.RedirectURIs, p.RedirectURI) {
			return "", wrong(invalidRequest, "redirect_uri", "This is not a redirect URI of the application.")
		}
		return p.RedirectURI, nil
	}
	if p.ResponseType == "" {
		return "", nil
	}
	if len(app.RedirectURIs) != 1 {
		return "", wrong(invalidRequest, "redirect_uri", "This field is required")
	}
	return app.RedirectURIs[0], nil
}

func (r *request) check() error {
	if len(r.Scopes) == 0 {
		return &refusal{Code: invalidScope, Description: "scope: This field is required", cause: discord.ErrMissingScope}
	}
	for _, scope := range r.Scopes {
		if !slices.Contains(r.app.EligibleOAuth2Scopes, scope) {
			return &refusal{Code: invalidScope, Description: "An asked scope is not one that applications can have.",
				cause: form.Single("scope", "BASE_TYPE_CHOICES", "Value must be one of {"+strings.Join(r.app.EligibleOAuth2Scopes, ", ")+"}.")}
		}
	}
	for _, check := range []func() error{r.checkInstall, r.checkResponse, r.checkChallenge} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (r *request) checkInstall() error {
	switch {
	case r.asks(discord.ScopeBot) && r.app.Bot == nil:
		return &refusal{Code: invalidScope, Description: "The application does not have a bot.", cause: discord.ErrNoBot}
	case r.IntegrationType == userInstall && r.asks(discord.ScopeBot):
		return wrong(invalidScope, "scope", "A bot can be added to a guild only.")
	case r.IntegrationType == userInstall && !r.app.Installs(userInstall):
		return wrong(invalidRequest, "integration_type", "The application can be added to guilds only.")
	case r.asks(discord.ScopeBot) && r.app.BotRequireCodeGrant && r.ResponseType != "code":
		return wrong(unsupportedResponseType, "response_type", "The application requires a code grant.")
	}
	return nil
}

func (r *request) checkResponse() error {
	switch r.ResponseType {
	case "code", "token":
	case "":
		// Only a bot, or commands, can be had without telling the application.
		for _, scope := range r.Scopes {
			if scope != discord.ScopeBot && scope != discord.ScopeCommands {
				return &refusal{Code: unsupportedResponseType, Description: "response_type: This field is required",
					cause: form.Single("response_type", "BASE_TYPE_REQUIRED", "This field is required")}
			}
		}
	default:
		return wrong(unsupportedResponseType, "response_type", "Value must be one of {code, token}.")
	}
	if r.asks(discord.ScopeWebhookIncoming) && r.ResponseType != "code" {
		return wrong(unsupportedResponseType, "response_type", "A webhook can be had by a code only.")
	}
	if len(r.Nonce) > maxNonce || !utf8.ValidString(r.Nonce) || strings.ContainsRune(r.Nonce, 0) {
		return wrong(invalidRequest, "nonce", "Value is too long.")
	}
	return nil
}

func (r *request) checkChallenge() error {
	if r.Challenge == "" {
		if r.ChallengeMethod != "" {
			return wrong(invalidRequest, "code_challenge", "This field is required")
		}
		if r.ResponseType == "code" && !r.app.HasSecret {
			return wrong(invalidRequest, "code_challenge", "This field is required of an application without a client secret.")
		}
		return nil
	}
	if r.ChallengeMethod == "" {
		r.ChallengeMethod = plain // RFC 7636 section 4.3
	}
	if r.ChallengeMethod != plain && r.ChallengeMethod != s256 {
		return wrong(invalidRequest, "code_challenge_method", "Value must be one of {plain, S256}.")
	}
	if !challengeForm.MatchString(r.Challenge) {
		return wrong(invalidRequest, "code_challenge", "Value is not a code challenge.")
	}
	return nil
}

// back is the client's redirect URI with an answer to it, or the page that says so where the client wants none.
func (h *Handlers) back(r request, answer url.Values) string {
	if r.State != "" && r.target != "" {
		answer.Set("state", r.State)
	}
	if r.target == "" {
		return h.PublicURL + "/oauth2/authorized?" + answer.Encode()
	}
	u, err := url.Parse(r.target)
	if err != nil { // it was checked when it was registered
		return h.PublicURL + "/oauth2/authorized?" + answer.Encode()
	}
	if r.ResponseType == "token" { // RFC 6749 section 4.2.2
		return r.target + "#" + answer.Encode()
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += answer.Encode()
	return u.String()
}
