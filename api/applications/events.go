package applications

import (
	"slices"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
)

// eventTypes are the webhook events that exist. Those of what Guildhall has no notion of can be asked for, and never come.
// https://discord.com/developers/docs/events/webhook-events#event-types
var eventTypes = []string{
	"APPLICATION_AUTHORIZED", "APPLICATION_DEAUTHORIZED", "ENTITLEMENT_CREATE", "ENTITLEMENT_DELETE", "ENTITLEMENT_UPDATE",
	"GAME_DIRECT_MESSAGE_CREATE", "GAME_DIRECT_MESSAGE_DELETE", "GAME_DIRECT_MESSAGE_UPDATE", "LOBBY_MESSAGE_CREATE",
	"LOBBY_MESSAGE_DELETE", "LOBBY_MESSAGE_UPDATE", "QUEST_USER_ENROLLMENT",
}

func (s *settings) checkEvents(p *form.Problems) {
	if s.EventWebhooksStatus.Set {
		form.OneOf(p, "event_webhooks_status", s.EventWebhooksStatus.Value, discord.EventWebhooksDisabled, discord.EventWebhooksEnabled)
	}
	for i, kind := range s.EventWebhooksTypes.Value {
		at := form.At("event_webhooks_types", i)
		form.OneOf(p, at, kind, eventTypes...)
		if slices.Contains(s.EventWebhooksTypes.Value[:i], kind) {
			p.Add(at, "BASE_TYPE_BAD_VALUE", "The type is there twice.")
		}
	}
}

func (s *settings) applyEvents(a *discord.Application) {
	applyLink(s.EventWebhooksURL, &a.EventWebhooksURL)
	s.EventWebhooksTypes.Apply(&a.EventWebhooksTypes)
	if s.EventWebhooksStatus.Set {
		a.EventWebhooksStatus = int(s.EventWebhooksStatus.Value)
	}
	if a.EventWebhooksURL == nil {
		a.EventWebhooksStatus = discord.EventWebhooksDisabled // there is nowhere to send them
	}
}
