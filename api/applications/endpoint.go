package applications

import (
	"context"
	"errors"
	"net/url"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/outgoing"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Prober asks whether an application answers at a URL as it should: package outgoing's Sender.
type Prober interface {
	ProbeInteractions(ctx context.Context, app snowflake.ID, url string) error
	ProbeEvents(ctx context.Context, app snowflake.ID, url string) error
}

// Probing makes the handlers take endpoints, which are asked before they are used.
func (h *Handlers) Probing(p Prober) *Handlers {
	h.prober = p
	return h
}

// endpoint is where an application takes interactions by HTTP.
type endpoint struct {
	InteractionsEndpointURL form.Field[*string] `json:"interactions_endpoint_url"`
}

const maxEndpoint = 512

// probe checks the URLs that were sent by asking there: whoever answers must know the application's key.
// https://discord.com/developers/docs/interactions/overview#setting-up-an-endpoint
func (h *Handlers) probe(c *call.Call, id snowflake.ID, s *settings) error {
	interactions, events := &s.InteractionsEndpointURL, &s.EventWebhooksURL
	var p form.Problems
	asked := checkEndpoint(&p, "interactions_endpoint_url", interactions)
	asked = checkEndpoint(&p, "event_webhooks_url", events) || asked
	if err := p.Err(); err != nil || !asked {
		return err
	}
	ctx := c.Request.Context()
	app, err := h.store.Application(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !owns(c, app) {
		return discord.ErrUnknownApplication
	}
	if err != nil {
		return err
	}
	if h.prober == nil {
		return form.Single("", "BASE_TYPE_BAD_VALUE", "Nothing is sent to applications by HTTP here.")
	}
	if interactions.Set && interactions.Value != nil {
		err := h.prober.ProbeInteractions(ctx, id, *interactions.Value)
		if err := verified(c, err, "interactions_endpoint_url", "APPLICATION_INTERACTIONS_ENDPOINT_URL_INVALID"); err != nil {
			return err
		}
	}
	if events.Set && events.Value != nil {
		err := h.prober.ProbeEvents(ctx, id, *events.Value)
		return verified(c, err, "event_webhooks_url", "APPLICATION_EVENT_WEBHOOKS_URL_INVALID")
	}
	return nil
}

// checkEndpoint reports whether there is a URL to be asked. An empty one is none.
func checkEndpoint(p *form.Problems, path string, sent *form.Field[*string]) bool {
	if !sent.Set || sent.Value == nil {
		return false
	}
	if *sent.Value == "" {
		sent.Value = nil
		return false
	}
	p.Length(path, *sent.Value, 1, maxEndpoint)
	if u, err := url.Parse(*sent.Value); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		p.Add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
	}
	return true
}

// verified turns a failed probe into what the caller is told of it.
func verified(c *call.Call, err error, path, code string) error {
	if errors.Is(err, outgoing.ErrNotVerified) {
		c.Logger.Info("endpoint not verified", "field", path, "error", err)
		return form.Single(path, code, "The specified url could not be verified.")
	}
	return err
}

// apply writes the URL.
func (e *endpoint) apply(ctx context.Context, tx *store.Tx, a *discord.Application) error {
	if !e.InteractionsEndpointURL.Apply(&a.InteractionsEndpointURL) {
		return nil
	}
	return tx.SetInteractionsEndpoint(ctx, a.ID, a.InteractionsEndpointURL)
}
