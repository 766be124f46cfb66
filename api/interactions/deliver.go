package interactions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/store"
)

// deliver sends an interaction to its application: by HTTP if it has an endpoint, else to its bot's sessions. That the
// application can't be reached is the user's client to show, not an error of the request.
func (h *Handlers) deliver(s *scene, i store.Interaction) error {
	ctx := s.Request.Context()
	switch {
	case s.app.InteractionsEndpointURL != nil:
		h.post(s, i)
		return nil
	case s.app.Bot == nil:
		h.fail(ctx, s.Logger, i, discord.FailureUnknown)
		return nil
	}
	head := events.Header{Type: discord.EventInteractionCreate, User: i.UserID}
	if i.GuildID != nil {
		head.Guild = *i.GuildID
	}
	e, err := events.New(s.app.Bot.ID, head, s.payload)
	if err != nil {
		return err
	}
	return h.publisher.Ephemeral(ctx, e)
}

// post sends an interaction by HTTP and takes what is answered as the callback.
// https://discord.com/developers/docs/interactions/receiving-and-responding#receiving-an-interaction
func (h *Handlers) post(s *scene, i store.Interaction) {
	// The user's client may go away; the application is asked all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.Request.Context()), Patience)
	defer cancel()
	err := h.ask(ctx, s, i)
	if err == nil {
		return
	}
	s.Logger.Info("application did not answer an interaction", "application", s.app.ID, "error", err)
	reason := discord.FailureUnknown
	if errors.Is(err, context.DeadlineExceeded) {
		reason = discord.FailureTimeout
	}
	h.fail(context.WithoutCancel(ctx), s.Logger, i, reason)
}

func (h *Handlers) ask(ctx context.Context, s *scene, i store.Interaction) error {
	body, err := json.Marshal(s.payload)
	if err != nil {
		return err
	}
	answer, err := h.outgoing.Post(ctx, s.app.ID, *s.app.InteractionsEndpointURL, body)
	if err != nil {
		return err
	}
	switch {
	case answer.Status == http.StatusAccepted:
		return nil // it will make the callback itself
	case answer.Status != http.StatusOK:
		return fmt.Errorf("status %d", answer.Status)
	}
	// From here on it is as if the application had sent this to the callback.
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "/callback", bytes.NewReader(answer.Body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", answer.Header.Get("Content-Type"))
	inner := &call.Call{Context: s.Copy(), Logger: s.Logger}
	inner.Request = request
	_, err = h.respond(inner, i.ID, i.TokenHash)
	return err
}
