package webhooks

import (
	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// place is the webhook of the path, where it posts, and the message that the path names.
func (h *Handlers) place(c *call.Call) (w discord.Webhook, room *access.Room, message snowflake.ID, err error) {
	if w, err = h.find(c); err != nil {
		return w, nil, 0, err
	}
	if c.Param("message_id") == "@original" { // what only an interaction has
		return w, nil, 0, discord.ErrUnknownMessage
	}
	if message, err = c.ID("message_id", discord.ErrUnknownMessage); err != nil {
		return w, nil, 0, err
	}
	room, err = h.room(c, w)
	return w, room, message, err
}

// posted checks that a message came through the webhook.
func posted(w discord.Webhook, m discord.Message) error {
	if m.WebhookID == nil || *m.WebhookID != w.ID {
		return discord.ErrUnknownMessage
	}
	return nil
}

// getMessage returns a message that the webhook posted.
// https://discord.com/developers/docs/resources/webhook#get-webhook-message
func (h *Handlers) getMessage(c *call.Call) error {
	if h.interaction(c) {
		return h.followups.Get(c)
	}
	w, room, id, err := h.place(c)
	if err != nil {
		return err
	}
	return h.answer(c, w, room, id)
}

func (h *Handlers) answer(c *call.Call, w discord.Webhook, room *access.Room, id snowflake.ID) error {
	m, err := h.store.Message(c.Request.Context(), room.Channel.ID, id, w.ID)
	if err != nil {
		return posting.UnknownMessage(err)
	}
	if err := posted(w, m); err != nil {
		return err
	}
	return c.OK(m)
}

// editMessage changes a message that the webhook posted.
// https://discord.com/developers/docs/resources/webhook#edit-webhook-message
func (h *Handlers) editMessage(c *call.Call) error {
	if h.interaction(c) {
		return h.followups.Edit(c)
	}
	w, room, id, err := h.place(c)
	if err != nil {
		return err
	}
	var body posting.Edit
	if err := body.Read(c); err != nil {
		return err
	}
	if drops(c, w) {
		body.Components.Set = false
	}
	if raw := body.Components.Value; body.Components.Set && raw != nil && w.ApplicationID == nil {
		var p form.Problems
		checkStatic(&p, *raw)
		if err := p.Err(); err != nil {
			return err
		}
	}
	if body.Says() && body.AllowedMentions == nil {
		body.AllowedMentions = usersOnly()
	}
	ctx := c.Request.Context()
	if err := h.poster.Receive(ctx, room, posting.Sender{Author: Author(w)}, &body); err != nil {
		return err
	}
	err = h.poster.Edit(ctx, room, id, &body, func(was discord.Message) error { return posted(w, was) })
	if err != nil {
		return err
	}
	return h.answer(c, w, room, id)
}

// removeMessage deletes a message that the webhook posted.
// https://discord.com/developers/docs/resources/webhook#delete-webhook-message
func (h *Handlers) removeMessage(c *call.Call) error {
	if h.interaction(c) {
		return h.followups.Delete(c)
	}
	w, room, id, err := h.place(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.store.Change(ctx, func(tx *store.Tx) error {
		m, err := tx.HoldMessage(ctx, room.Channel.ID, id)
		if err != nil {
			return posting.UnknownMessage(err)
		}
		if err := posted(w, m); err != nil {
			return err
		}
		if _, err := tx.DeleteMessages(ctx, m.ChannelID, w.ID, m.ID); err != nil {
			return err
		}
		event := discord.MessageDeleteEvent{ID: m.ID, ChannelID: m.ChannelID, GuildID: room.GuildID()}
		return room.Emit(tx, events.Header{Type: discord.EventMessageDelete}, event)
	})
	if err != nil {
		return err
	}
	return c.Done()
}
