package monitoring

import (
	"crypto/ed25519"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"guildhall.chat/guildhall/test/clients/rest"
)

// application is one that takes events by HTTP, or fails to.
type application struct {
	bot     *rest.Bot
	key     ed25519.PublicKey
	failing atomic.Bool
}

// newApplication has a bot's application ask for the event that somebody authorizes it.
// https://discord.com/developers/docs/events/webhook-events
func newApplication(t *testing.T, bot *rest.Bot) *application {
	t.Helper()
	a := &application{bot: bot}
	var described struct {
		Key string `json:"verify_key"`
	}
	must(t, bot.Do(t.Context(), http.MethodGet, "/applications/@me", nil, &described))
	key, err := hex.DecodeString(described.Key)
	must(t, err)
	a.key = key
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	must(t, bot.Do(t.Context(), http.MethodPatch, "/applications/@me", map[string]any{
		"event_webhooks_url": server.URL, "event_webhooks_status": 2, "event_webhooks_types": []string{"APPLICATION_AUTHORIZED"},
	}, nil))
	return a
}

// ServeHTTP answers as an application must, or with 503.
func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	signature, wrong := hex.DecodeString(r.Header.Get("X-Signature-Ed25519"))
	switch {
	case err != nil || wrong != nil || !ed25519.Verify(a.key, append([]byte(r.Header.Get("X-Signature-Timestamp")), body...), signature):
		w.WriteHeader(http.StatusUnauthorized)
	case a.failing.Load():
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
