package messages

import (
	"context"
	"encoding/json"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

// editBody is what a client sends to change a message; null empties a field.
// https://discord.com/developers/docs/resources/message#edit-message-jsonform-params
type editBody struct {
	Content         form.Field[*string]          `json:"content"`
	Embeds          form.Field[*[]embedBody]     `json:"embeds"`
	Components      form.Field[*json.RawMessage] `json:"components"`
	Flags           form.Field[*form.Int]        `json:"flags"`
	AllowedMentions *allowedMentions             `json:"allowed_mentions"`
	refused
}

// says reports whether the body changes what the message says: its author's right alone.
func (b *editBody) says() bool {
	return b.Content.Set || b.Embeds.Set || b.Components.Set || b.AllowedMentions != nil || b.Attachments != nil
}

// edit changes a message.
// https://discord.com/developers/docs/resources/message#edit-message
func (h *Handlers) edit(c *call.Call) error {
	room, id, err := h.place(c)
	if err != nil {
		return err
	}
	var body editBody
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	body.refuse(&p, c)
	body.AllowedMentions.check(&p)
	if err := p.Err(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.store.Change(ctx, func(tx *store.Tx) error {
		was, err := tx.HoldMessage(ctx, room.Channel.ID, id)
		if err != nil {
			return unknownMessage(err)
		}
		if err := mayEdit(c.Caller, room, was, &body); err != nil {
			return err
		}
		return h.rewrite(ctx, tx, room, was, &body)
	})
	if err != nil {
		return err
	}
	m, err := h.store.Message(ctx, room.Channel.ID, id, c.Caller.UserID)
	return answer(c, room, m, unknownMessage(err))
}

// mayEdit: the author may change everything, who may manage messages only the flags.
func mayEdit(caller call.Caller, room *access.Room, m discord.Message, b *editBody) error {
	if m.Author.ID != caller.UserID {
		if b.says() {
			return discord.ErrNotAuthor
		}
		return room.Need(permissions.ManageMessages)
	}
	if !m.Type.Written() {
		return discord.ErrSystemMessage
	}
	return nil
}

// rewrite applies the body to a held message and emits MESSAGE_UPDATE.
func (h *Handlers) rewrite(ctx context.Context, tx *store.Tx, room *access.Room, was discord.Message, b *editBody) error {
	m := was
	if err := b.apply(&m, room); err != nil {
		return err
	}
	users := idsOf(m.Mentions)
	if b.says() {
		now := discord.At(time.Now())
		found := mentionsOf(room, m.Content, b.AllowedMentions)
		users = withAnswered(&m, m.Author.ID, found.users, b.AllowedMentions.pings())
		m.EditedTimestamp, m.MentionRoles, m.MentionEveryone = &now, found.roles, found.everyone
	}
	people, err := tx.People(ctx, guildOf(room), withAuthor(m.Author.ID, users))
	if err != nil {
		return err
	}
	m.Mentions = mentionsFrom(people, users)
	if err := tx.UpdateMessage(ctx, was, m); err != nil {
		return err
	}
	m.TTS = false // the event never asks to speak
	head, event := dispatch(room, discord.EventMessageUpdate, m, people)
	return room.Emit(tx, head, event)
}

// apply writes the fields that were sent into the message.
func (b *editBody) apply(m *discord.Message, room *access.Room) error {
	var p form.Problems
	if b.Flags.Set {
		m.Flags &^= discord.MessageFlagSuppressEmbeds
		if b.Flags.Value != nil {
			m.Flags |= int(*b.Flags.Value) & (discord.MessageFlagSuppressEmbeds | discord.MessageFlagComponentsV2)
		}
	}
	if b.Content.Set {
		m.Content = content(&p, b.Content.Value)
	}
	if b.Embeds.Set {
		var list []embedBody
		if b.Embeds.Value != nil {
			list = *b.Embeds.Value
		}
		m.Embeds = embeds(&p, list)
		if !room.Here.Has(permissions.EmbedLinks) {
			m.Embeds = []discord.Embed{}
		}
	}
	if b.Components.Set {
		var raw json.RawMessage
		if b.Components.Value != nil {
			raw = *b.Components.Value
		}
		m.Components = components(&p, raw, m.Flags)
	}
	legacyFields(&p, m.Flags, m.Content, m.Embeds)
	if err := p.Err(); err != nil {
		return err
	}
	if m.Content == "" && len(m.Embeds) == 0 && string(m.Components) == "[]" && len(m.MessageSnapshots) == 0 {
		return discord.ErrEmptyMessage
	}
	return nil
}
