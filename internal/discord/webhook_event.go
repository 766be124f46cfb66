package discord

import "guildhall.chat/guildhall/internal/snowflake"

// Kinds of WebhookEventPayload.
// https://discord.com/developers/docs/events/webhook-events#webhook-types
const (
	WebhookPing  = 0
	WebhookEvent = 1
)

// Webhook events that happen here.
const (
	WebhookApplicationAuthorized   = "APPLICATION_AUTHORIZED"
	WebhookApplicationDeauthorized = "APPLICATION_DEAUTHORIZED"
)

// WebhookEventPayload is what is sent to an application's event_webhooks_url.
// https://discord.com/developers/docs/events/webhook-events#payload-structure
type WebhookEventPayload struct {
	Version       int               `json:"version"`
	ApplicationID snowflake.ID      `json:"application_id"`
	Type          int               `json:"type"`
	Event         *WebhookEventBody `json:"event,omitempty"`
}

// WebhookEventBody is the event itself.
type WebhookEventBody struct {
	Type      string    `json:"type"`
	Timestamp Timestamp `json:"timestamp"`
	Data      any       `json:"data,omitempty"`
}

// ApplicationAuthorizedData is the data of APPLICATION_AUTHORIZED.
type ApplicationAuthorizedData struct {
	IntegrationType *int     `json:"integration_type,omitempty"`
	User            User     `json:"user"`
	Scopes          []string `json:"scopes"`
	Guild           *Guild   `json:"guild,omitempty"`
}

// ApplicationDeauthorizedData is the data of APPLICATION_DEAUTHORIZED.
type ApplicationDeauthorizedData struct {
	User User `json:"user"`
}
