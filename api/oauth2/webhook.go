package oauth2

import (
	"context"
	"errors"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/webhooks"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// makeWebhook makes the application's webhook of a channel, named like it. The reply to the code has it.
// https://discord.com/developers/docs/topics/oauth2#webhooks
func makeWebhook(c *call.Call, tx *store.Tx, r *access.Room, app discord.Application) (snowflake.ID, error) {
	if err := webhooks.Room(c, tx, r); err != nil {
		return 0, err
	}
	ctx, guild := c.Request.Context(), r.Guild.Guild.ID
	made, err := tx.CreateWebhook(ctx, discord.Webhook{
		ID: tx.NewID(), Type: discord.WebhookIncoming, GuildID: &guild, ChannelID: &r.Channel.ID, Name: app.Name,
		Avatar: app.Icon, ApplicationID: &app.ID, User: &discord.User{ID: c.Caller.UserID}, Token: auth.NewWebhookToken(),
	})
	if err != nil {
		return 0, err
	}
	entry, err := webhooks.Record(c, discord.AuditWebhookCreate, nil, &made)
	if err != nil {
		return 0, err
	}
	return made.ID, tx.Audit(ctx, guild, entry)
}

// webhookOf returns the webhook that a code brings; nil if it has been deleted since.
func (h *Handlers) webhookOf(ctx context.Context, code store.Code) (*discord.Webhook, error) {
	w, err := h.Store.Webhook(ctx, code.Webhook)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	w.URL = h.PublicURL + "/api/webhooks/" + w.ID.String() + "/" + w.Token
	return &w, nil
}

// places are the channels of a guild for which the caller may make webhooks.
func (h *Handlers) places(c *call.Call, guild snowflake.ID) ([]discord.Channel, error) {
	visit, err := h.Access.Enter(c, guild)
	if err != nil {
		return nil, err
	}
	var may []discord.Channel
	for _, channel := range visit.Guild.Channels {
		if webhooks.Hosts(channel.Type) && visit.In(&channel).Has(permissions.ViewChannel|permissions.ManageWebhooks) {
			may = append(may, channel)
		}
	}
	return may, nil
}
