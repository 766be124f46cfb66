// Package discovery tells clients that know only the platform's name where everything is, and what its bounds are. It is the
// convention of self-hosted platforms that speak this protocol, above all Spacebar's; Discord has none.
package discovery

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers answers where everything is.
type Handlers struct {
	publicURL, gatewayURL string
	newID                 func() snowflake.ID
	setLimits             func(ctx context.Context, of snowflake.ID) (map[string]int64, error)
}

// New returns the handlers; the store makes the ids of fingerprints and knows the instance's limits.
func New(publicURL, gatewayURL string, s *store.Store) *Handlers {
	return &Handlers{publicURL, gatewayURL, s.NewID, s.SetLimits}
}

// Public lists what is outside of the API.
func (h *Handlers) Public() []call.Route {
	return []call.Route{
		{Method: http.MethodGet, Path: "/.well-known/spacebar/client", Access: call.Anyone, Handle: h.client},
		{Method: http.MethodGet, Path: "/.well-known/spacebar", Access: call.Anyone, Handle: h.base},
	}
}

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	limit := call.Per(20, 10*time.Second).Shared("discovery")
	anyone := func(method, path string, handle call.Handler) call.Route {
		return call.Route{Method: method, Path: path, Access: call.Anyone, Limit: limit, Handle: handle}
	}
	return []call.Route{
		anyone(http.MethodGet, "/ping", h.ping),
		anyone(http.MethodGet, "/policies/instance", h.instance),
		anyone(http.MethodGet, "/policies/instance/domains", h.domains),
		anyone(http.MethodGet, "/policies/instance/limits", h.limits),
		anyone(http.MethodPost, "/auth/fingerprint", h.fingerprint),
	}
}

const (
	name           = "Guildhall"
	defaultVersion = "10"
)

func (h *Handlers) api() string { return h.publicURL + "/api" }

// client is the whole answer, in the form of today.
func (h *Handlers) client(c *call.Call) error {
	type versions struct {
		Default string   `json:"default"`
		Active  []string `json:"active"`
	}
	type base struct {
		URL string `json:"baseUrl"`
	}
	return c.OK(struct {
		API struct {
			URL      string   `json:"baseUrl"`
			Versions versions `json:"apiVersions"`
		} `json:"api"`
		CDN     base `json:"cdn"`
		Gateway struct {
			URL         string   `json:"baseUrl"`
			Encoding    []string `json:"encoding"`
			Compression []string `json:"compression"`
		} `json:"gateway"`
	}{
		API: struct {
			URL      string   `json:"baseUrl"`
			Versions versions `json:"apiVersions"`
		}{h.api(), versions{defaultVersion, []string{"9", "10"}}},
		CDN: base{h.publicURL},
		Gateway: struct {
			URL         string   `json:"baseUrl"`
			Encoding    []string `json:"encoding"`
			Compression []string `json:"compression"`
		}{h.gatewayURL, []string{"json", "etf"}, []string{"zlib-stream", "zstd-stream"}},
	})
}

// base is the form before that: the API alone.
func (h *Handlers) base(c *call.Call) error {
	return c.OK(map[string]string{"api": h.api()})
}

// domains is the oldest form.
func (h *Handlers) domains(c *call.Call) error {
	return c.OK(map[string]string{
		"cdn": h.publicURL, "gateway": h.gatewayURL, "defaultApiVersion": defaultVersion, "apiEndpoint": h.api(),
	})
}

// instance says what platform this is.
func (h *Handlers) instance(c *call.Call) error { return c.OK(about()) }

func about() map[string]any {
	return map[string]any{
		"instanceName": name, "instanceDescription": nil, "frontPage": nil, "tosPage": nil, "correspondenceEmail": nil,
		"correspondenceUserID": nil, "image": nil, "instanceId": nil,
	}
}

// ping says that the platform is there.
func (h *Handlers) ping(c *call.Call) error {
	return c.OK(map[string]any{"ping": "pong!", "instance": about()})
}

// limits says what is refused as too much, so far as clients want to know it beforehand.
func (h *Handlers) limits(c *call.Call) error {
	set, err := h.setLimits(c.Request.Context(), 0)
	if err != nil {
		return err
	}
	for _, l := range store.Limits {
		if _, ok := set[l.Name]; !ok {
			set[l.Name] = l.Default
		}
	}
	return c.OK(map[string]any{
		"user": map[string]int64{"maxGuilds": set[store.LimitGuilds.Name], "maxUsername": 32, "maxFriends": 1000, "maxBio": 190},
		"guild": map[string]int64{
			"maxRoles": set[store.LimitRoles.Name], "maxEmojis": set[store.LimitEmojis.Name], "maxMembers": 500_000,
			"maxChannels": set[store.LimitChannels.Name], "maxChannelsInCategory": 50,
		},
		"message": map[string]int64{
			"maxCharacters": 2000, "maxTTSCharacters": 2000, "maxReactions": 20, "maxEmbedDownloadSize": 0, "maxBulkDelete": 100,
			"maxAttachmentSize": set[store.LimitFileSize.Name],
		},
		"channel": map[string]int{"maxPins": 250, "maxTopic": 1024},
	})
}

// fingerprint gives a client that is not logged in a name for itself, which nobody looks at.
func (h *Handlers) fingerprint(c *call.Call) error {
	return c.OK(map[string]any{
		"fingerprint": h.newID().String() + "." + rand.Text(), "assignments": []any{}, "guild_experiments": []any{},
	})
}
