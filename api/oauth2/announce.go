package oauth2

import (
	"context"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Webhook events about authorizations.
// https://discord.com/developers/docs/events/webhook-events#event-types
const (
	eventAuthorized   = "APPLICATION_AUTHORIZED"
	eventDeauthorized = "APPLICATION_DEAUTHORIZED"
)

// announce lets the application know, by its event webhook, that it was authorized.
func (h *Handlers) announce(ctx context.Context, tx *store.Tx, by snowflake.ID, r request, d decision) error {
	user, err := tx.User(ctx, by)
	if err != nil {
		return err
	}
	told := struct {
		IntegrationType *int           `json:"integration_type,omitempty"`
		User            discord.User   `json:"user"`
		Scopes          []string       `json:"scopes"`
		Guild           *discord.Guild `json:"guild,omitempty"`
	}{User: user, Scopes: r.Scopes}
	if d.Guild != 0 || r.IntegrationType == userInstall {
		told.IntegrationType = &r.IntegrationType
	}
	if d.Guild != 0 {
		held, err := tx.HoldGuild(ctx, d.Guild)
		if err != nil {
			return err
		}
		told.Guild = &held.Guild
	}
	return tx.QueueEvent(ctx, r.app.ID, eventAuthorized, told)
}

// renounce lets it know that what a user had agreed to has ended.
func renounce(ctx context.Context, tx *store.Tx, ended store.Revoked) error {
	user, err := tx.User(ctx, ended.User)
	if err != nil {
		return err
	}
	return tx.QueueEvent(ctx, ended.Application, eventDeauthorized, struct {
		User discord.User `json:"user"`
	}{user})
}
