package interactions

import (
	"context"
	"encoding/json"
	"errors"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/commands"
	"guildhall.chat/guildhall/api/components"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// callbackBody is the first answer to an interaction.
// https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object
type callbackBody struct {
	Type discord.CallbackType `json:"type"`
	Data json.RawMessage      `json:"data"`
}

// callback takes the first answer of an application.
// https://discord.com/developers/docs/interactions/receiving-and-responding#create-interaction-response
func (h *Handlers) callback(c *call.Call) error {
	id, err := c.ID("interaction_id", discord.ErrUnknownInteraction)
	if err != nil {
		return err
	}
	named, hash, ok := splitToken(c.Param("interaction_token"))
	if !ok || named != id {
		return discord.ErrUnknownInteraction
	}
	result, err := h.respond(c, id, hash)
	if err != nil {
		return err
	}
	if c.QueryBool("with_response") {
		return c.OK(result)
	}
	return c.Done()
}

// respond reads the first answer from the call, carries it out and tells the user's session.
func (h *Handlers) respond(c *call.Call, id snowflake.ID, hash []byte) (*discord.CallbackResult, error) {
	ctx := c.Request.Context()
	i, err := h.store.Interaction(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !auth.SameHash(hash, i.TokenHash) {
		return nil, discord.ErrUnknownInteraction
	}
	if err != nil {
		return nil, err
	}
	var body callbackBody
	if err := c.Bind(&body); err != nil {
		return nil, err
	}
	var p form.Problems
	form.OneOf(&p, "type", body.Type, allowed(i)...)
	if err := p.Err(); err != nil {
		return nil, err
	}
	switch {
	case i.State == store.InteractionAnswered:
		return nil, discord.ErrAlreadyAnswered
	case i.State == store.InteractionFailed || expired(i):
		return nil, discord.ErrUnknownInteraction
	}
	switch body.Type {
	case discord.CallbackAutocomplete:
		return h.complete(c, i, body)
	case discord.CallbackModal:
		return h.openModal(c, i, body)
	case discord.CallbackDeferredEdit, discord.CallbackUpdate:
		return h.change(c, i, body)
	}
	return h.say(c, i, body)
}

// allowed are the kinds of answers to an interaction.
// https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type
func allowed(i store.Interaction) []discord.CallbackType {
	if i.Type == discord.InteractionAutocomplete {
		return []discord.CallbackType{discord.CallbackAutocomplete}
	}
	kinds := []discord.CallbackType{discord.CallbackMessage, discord.CallbackDeferred}
	if i.Details.MessageID != nil {
		kinds = append(kinds, discord.CallbackDeferredEdit, discord.CallbackUpdate)
	}
	if i.Type != discord.InteractionModal {
		kinds = append(kinds, discord.CallbackModal)
	}
	return kinds
}

// first runs fn in a change in which the interaction gets its first answer, and nobody else's.
func (h *Handlers) first(ctx context.Context, i store.Interaction, fn func(tx *store.Tx, i *store.Interaction) error) error {
	return h.store.Change(ctx, func(tx *store.Tx) error {
		held, err := tx.HoldInteraction(ctx, i.ID)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return discord.ErrUnknownInteraction
		case err != nil:
			return err
		case held.State == store.InteractionAnswered:
			return discord.ErrAlreadyAnswered
		case held.State == store.InteractionFailed:
			return discord.ErrUnknownInteraction
		}
		held.State = store.InteractionAnswered
		if err := fn(tx, &held); err != nil {
			return err
		}
		return tx.SaveInteraction(ctx, held)
	})
}

func resultOf(i store.Interaction) *discord.CallbackResult {
	return &discord.CallbackResult{Interaction: discord.CallbackInteraction{
		ID: i.ID, Type: i.Type, ChannelID: &i.ChannelID, GuildID: i.GuildID,
	}}
}

// complete offers choices for what the user types.
func (h *Handlers) complete(c *call.Call, i store.Interaction, body callbackBody) (*discord.CallbackResult, error) {
	var p form.Problems
	var data struct {
		Choices []discord.CommandChoice `json:"choices"`
	}
	if len(body.Data) > 0 && !p.Part("data", body.Data, &data) {
		return nil, p.Err()
	}
	choices := commands.CheckChoices(&p, "data.choices", i.Details.Completed, data.Choices)
	if err := p.Err(); err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	if err := h.first(ctx, i, func(*store.Tx, *store.Interaction) error { return nil }); err != nil {
		return nil, err
	}
	commands.LocalizeChoices(choices, i.Details.Locale)
	h.notify(ctx, c.Logger, i, discord.EventAutocompleteResponse, discord.AutocompleteResponse{Choices: choices, Nonce: i.Nonce})
	return resultOf(i), nil
}

// Limits of modals.
const (
	maxModalID    = 100
	maxModalTitle = 45
)

// openModal asks the user.
func (h *Handlers) openModal(c *call.Call, i store.Interaction, body callbackBody) (*discord.CallbackResult, error) {
	var p form.Problems
	var data struct {
		CustomID   string          `json:"custom_id"`
		Title      string          `json:"title"`
		Components json.RawMessage `json:"components"`
	}
	if len(body.Data) == 0 {
		p.Required("data")
		return nil, p.Err()
	}
	if !p.Part("data", body.Data, &data) {
		return nil, p.Err()
	}
	p.Length("custom_id", data.CustomID, 1, maxModalID)
	p.Length("title", data.Title, 1, maxModalTitle)
	modal := &store.Modal{CustomID: data.CustomID, Components: components.CheckModal(&p, data.Components)}
	if err := form.Within("data", p.Err()); err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	app, err := h.store.Application(ctx, i.ApplicationID)
	if err != nil {
		return nil, err
	}
	err = h.first(ctx, i, func(_ *store.Tx, held *store.Interaction) error {
		held.Modal = modal
		return nil
	})
	if err != nil {
		return nil, err
	}
	h.notify(ctx, c.Logger, i, discord.EventInteractionModalCreate, discord.ModalCreate{
		ID: i.ID, ChannelID: i.ChannelID, CustomID: modal.CustomID, Title: data.Title, Components: modal.Components, Nonce: i.Nonce,
		Application: discord.ApplicationSummary{ID: app.ID, Name: app.Name, Description: app.Description, Icon: app.Icon, Bot: app.Bot},
	})
	return resultOf(i), nil
}

// room is where an interaction was, as its application sees it.
func (h *Handlers) room(ctx context.Context, i store.Interaction) (*access.Room, error) {
	if i.GuildID != nil {
		// An answer needs no permission of its own: the user asked for it.
		granted := i.Details.AppPermissions | permissions.ViewChannel | permissions.SendMessages | permissions.EmbedLinks |
			permissions.AttachFiles | permissions.ReadMessageHistory
		return h.access.Unattended(ctx, *i.GuildID, i.ChannelID, granted)
	}
	ch, recipients, err := h.store.DirectChannel(ctx, i.ChannelID, i.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, discord.ErrUnknownChannel
	}
	if err != nil {
		return nil, err
	}
	return &access.Room{Channel: &ch, Recipients: recipients, Here: permissions.InDM}, nil
}
