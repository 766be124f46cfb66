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

// probe checks a URL that was sent by asking there. An empty one is none.
// https://discord.com/developers/docs/interactions/overview#setting-up-an-endpoint
func (h *Handlers) probe(c *call.Call, id snowflake.ID, e *endpoint) error {
	sent := &e.InteractionsEndpointURL
	if !sent.Set || sent.Value == nil {
		return nil
	}
	if *sent.Value == "" {
		sent.Value = nil
		return nil
	}
	const path = "interactions_endpoint_url"
	var p form.Problems
	p.Length(path, *sent.Value, 1, maxEndpoint)
	if u, err := url.Parse(*sent.Value); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		p.Add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
	}
	if err := p.Err(); err != nil {
		return err
	}
	app, err := h.store.Application(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !owns(c, app) {
		return discord.ErrUnknownApplication
	}
	if err != nil {
		return err
	}
	if h.prober == nil {
		return form.Single(path, "BASE_TYPE_BAD_VALUE", "Interactions are not sent by HTTP here.")
	}
	err = h.prober.ProbeInteractions(c.Request.Context(), id, *sent.Value)
	if errors.Is(err, outgoing.ErrNotVerified) {
		c.Logger.Info("interactions endpoint not verified", "application", id, "error", err)
		return form.Single(path, "APPLICATION_INTERACTIONS_ENDPOINT_URL_INVALID",
			"The specified interactions endpoint url could not be verified.")
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
