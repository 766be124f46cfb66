package oauth2

import (
	"context"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

// tellAuthorized queues APPLICATION_AUTHORIZED for an application that takes events.
// https://discord.com/developers/docs/events/webhook-events#application-authorized
func (h *Handlers) tellAuthorized(ctx context.Context, tx *store.Tx, user call.Caller, r request, d decision) error {
	if r.app.EventWebhooksStatus != discord.EventWebhooksEnabled {
		return nil
	}
	who, err := h.Store.User(ctx, user.UserID)
	if err != nil {
		return err
	}
	data := discord.ApplicationAuthorizedData{User: who, Scopes: r.Scopes}
	where := discord.InstalledInGuild
	switch {
	case d.Guild != 0:
		snap, err := h.Store.Guild(ctx, d.Guild)
		if err != nil {
			return err
		}
		data.IntegrationType, data.Guild = &where, &snap.Guild
	case r.IntegrationType == userInstall:
		where = discord.InstalledByUser
		data.IntegrationType = &where
	}
	return tx.QueueEvent(ctx, r.app.ID, discord.WebhookApplicationAuthorized, data)
}
