package interactions

import (
	"context"
	"log/slog"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/store"
)

// notify tells the user's session how an interaction goes on. It is told once: a client that misses it has given up by the
// time it is back.
func (h *Handlers) notify(ctx context.Context, logger *slog.Logger, i store.Interaction, event string, data any) {
	if err := Notify(ctx, h.publisher, i, event, data); err != nil {
		logger.Warn("user not told of an interaction", "interaction", i.ID, "error", err)
	}
}

// Notify publishes an event for the user of an interaction.
func Notify(ctx context.Context, p *events.Publisher, i store.Interaction, event string, data any) error {
	e, err := events.New(i.UserID, events.Header{Type: event, User: i.UserID, Session: i.SessionID}, data)
	if err != nil {
		return err
	}
	return p.Ephemeral(ctx, e)
}

// fail tells the user that the application did not answer as it should have, unless it has answered meanwhile.
func (h *Handlers) fail(ctx context.Context, logger *slog.Logger, i store.Interaction, reason int) {
	failed, err := h.store.FailInteraction(ctx, i.ID)
	if err != nil {
		logger.Warn("interaction not marked failed", "interaction", i.ID, "error", err)
		return
	}
	if failed {
		h.notify(ctx, logger, i, discord.EventInteractionFailure,
			discord.InteractionNotice{ID: i.ID, Nonce: i.Nonce, ReasonCode: reason})
	}
}
