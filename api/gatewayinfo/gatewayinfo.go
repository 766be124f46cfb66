// Package gatewayinfo tells clients where the gateway is, and bots how many shards to run and sessions they may start. Of
// voice servers it tells that there are none.
package gatewayinfo

import (
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/sessionlimit"
)

// Handlers serves what is known of the gateway.
type Handlers struct {
	url    string
	shards int
	limit  *sessionlimit.Limiter
}

// New returns the handlers for a gateway at url, a WebSocket URL, that has so many shards.
func New(url string, shards int, limit *sessionlimit.Limiter) *Handlers {
	return &Handlers{url: url, shards: shards, limit: limit}
}

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	return []call.Route{
		{Method: http.MethodGet, Path: "/gateway", Access: call.Anyone, Limit: call.Per(30, 10*time.Second), Handle: h.gateway},
		{Method: http.MethodGet, Path: "/gateway/bot", Access: call.BotsOnly, Limit: call.Per(10, 5*time.Second), Handle: h.bot},
		{Method: http.MethodGet, Path: "/voice/regions", Access: call.Signed, Limit: call.Per(10, 5*time.Second), Handle: h.voiceRegions},
	}
}

// gateway tells the URL.
// https://discord.com/developers/docs/events/gateway#get-gateway
func (h *Handlers) gateway(c *call.Call) error {
	return c.OK(discord.GatewayInfo{URL: h.url})
}

// bot tells besides what a bot needs to start its shards.
// https://discord.com/developers/docs/events/gateway#get-gateway-bot
func (h *Handlers) bot(c *call.Call) error {
	left, err := h.limit.Status(c.Request.Context(), c.Caller.UserID)
	if err != nil {
		// Without Redis no session could be started either.
		c.Logger.Warn("session limit is not known", "error", err)
		return discord.ErrUnavailable
	}
	return c.OK(discord.GatewayBotInfo{URL: h.url, Shards: h.shards, SessionStartLimit: left})
}

// voiceRegions has none to tell: there is no voice server.
// https://discord.com/developers/docs/resources/voice#list-voice-regions
func (h *Handlers) voiceRegions(c *call.Call) error { return c.OK([]struct{}{}) }
