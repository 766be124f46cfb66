package discovery_test

import (
	"net/http"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/discovery"
)

func TestWhereEverythingIs(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, func(w *apitest.World) []call.Route {
		h := discovery.New("https://chat.example", "wss://gateway.example", w.Store)
		routes := h.Routes()
		for _, public := range h.Public() { // here below /api, too
			public.Limit = routes[0].Limit
			routes = append(routes, public)
		}
		return routes
	})
	nobody := w.Anyone()
	var client struct {
		API struct {
			URL      string `json:"baseUrl"`
			Versions struct {
				Active []string `json:"active"`
			} `json:"apiVersions"`
		} `json:"api"`
		Gateway struct {
			URL      string   `json:"baseUrl"`
			Encoding []string `json:"encoding"`
		} `json:"gateway"`
	}
	nobody.Must(t, http.MethodGet, "/.well-known/spacebar/client", nil, &client)
	if client.API.URL != "https://chat.example/api" || client.Gateway.URL != "wss://gateway.example" ||
		len(client.API.Versions.Active) != 2 || len(client.Gateway.Encoding) != 2 {
		t.Errorf("%+v", client)
	}
	var domains map[string]string
	nobody.Must(t, http.MethodGet, "/policies/instance/domains", nil, &domains)
	if domains["gateway"] != "wss://gateway.example" || domains["apiEndpoint"] != client.API.URL {
		t.Errorf("%v", domains)
	}
	for _, path := range []string{"/ping", "/policies/instance", "/policies/instance/limits"} {
		nobody.Must(t, http.MethodGet, path, nil, nil)
	}
	var first, second struct{ Fingerprint string }
	nobody.Must(t, http.MethodPost, "/auth/fingerprint", nil, &first)
	nobody.Must(t, http.MethodPost, "/auth/fingerprint", nil, &second)
	if first == second || !strings.Contains(first.Fingerprint, ".") {
		t.Errorf("%v and %v", first, second)
	}
}
