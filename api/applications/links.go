package applications

import (
	"net/url"
	"slices"
	"strings"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
)

const (
	maxURL          = 2048
	maxRedirectURIs = 25
)

// checkLinks checks where an application's links lead.
func (s *settings) checkLinks(p *form.Problems) {
	for name, link := range map[string]form.Field[*string]{
		"terms_of_service_url": s.TermsOfService, "privacy_policy_url": s.PrivacyPolicy, "custom_install_url": s.CustomInstall,
		"role_connections_verification_url": s.RoleConnections, "event_webhooks_url": s.EventWebhooksURL,
	} {
		if link.Value != nil && *link.Value != "" {
			checkLink(p, name, *link.Value)
		}
	}
	p.Max("redirect_uris", len(s.RedirectURIs.Value), maxRedirectURIs)
	for i, uri := range s.RedirectURIs.Value {
		path := form.At("redirect_uris", i)
		p.Max(path, len(uri), maxURL)
		if !redirectable(uri) {
			p.Add(path, "URL_TYPE_INVALID", "Not a well formed redirect URI.")
		}
		if slices.Contains(s.RedirectURIs.Value[:i], uri) {
			p.Add(path, "BASE_TYPE_BAD_VALUE", "This URI is there twice.")
		}
	}
}

// checkLink checks a link to a page.
func checkLink(p *form.Problems, path, link string) {
	p.Max(path, len(link), maxURL)
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || !printable(link) {
		p.Add(path, "URL_TYPE_INVALID", "Not a well formed URL.")
	}
}

// active are schemes by which a browser would do something itself.
var active = []string{"javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source", "ws", "wss"}

// redirectable reports whether browsers may be sent to a URI with an answer: it is absolute and has no fragment, RFC 6749
// section 3.1.2. Apps on a device have schemes of their own, RFC 8252 section 7.1.
func redirectable(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || !u.IsAbs() || u.Fragment != "" || strings.Contains(uri, "#") || u.User != nil || !printable(uri) {
		return false
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		return u.Hostname() != "" && !strings.ContainsAny(u.Host, `;,'"*`)
	}
	return !slices.Contains(active, u.Scheme)
}

// printable reports whether a URI has only what RFC 3986 allows: visible ASCII, and no quotes or backslashes.
func printable(uri string) bool {
	for _, c := range []byte(uri) {
		if c <= ' ' || c > '~' || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			return false
		}
	}
	return true
}

func (s *settings) applyLinks(a *discord.Application) {
	s.RedirectURIs.Apply(&a.RedirectURIs)
	applyLink(s.TermsOfService, &a.TermsOfServiceURL)
	applyLink(s.PrivacyPolicy, &a.PrivacyPolicyURL)
	applyLink(s.CustomInstall, &a.CustomInstallURL)
	applyLink(s.RoleConnections, &a.RoleConnectionsVerificationURL)
}

// applyLink takes the empty text for none.
func applyLink(sent form.Field[*string], to **string) {
	if sent.Apply(to) && *to != nil && **to == "" {
		*to = nil
	}
}
