package messages

import (
	"context"
	"errors"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

// create posts a message.
// https://discord.com/developers/docs/resources/message#create-message
func (h *Handlers) create(c *call.Call) error {
	room, err := h.room(c)
	if err != nil {
		return err
	}
	if err := room.Need(permissions.ToSend(int(room.Channel.Type))); err != nil {
		return err
	}
	var body createBody
	d, err := body.read(c)
	if err != nil {
		return err
	}
	if err := d.permit(room); err != nil {
		return err
	}
	enforced := d.nonce != nil && body.EnforceNonce != nil && bool(*body.EnforceNonce)
	if enforced {
		earlier, err := h.store.MessageByNonce(c.Request.Context(), room.Channel.ID, c.Caller.UserID, d.nonce)
		if !errors.Is(err, store.ErrNotFound) {
			return answer(c, room, earlier, err)
		}
	}
	m, people, err := h.compose(c, room, d)
	if err != nil {
		return err
	}
	wait, release := h.slow(c, room)
	if wait > 0 {
		return refuseSlowed(c, wait)
	}
	sent, err := h.send(c.Request.Context(), room, m, people, enforced)
	if err != nil {
		release()
	}
	return answer(c, room, sent, err)
}

// permit applies what the sender may put into a message. Embeds are left out without EMBED_LINKS; that this leaves
// nothing is the missing permission's fault.
func (d *draft) permit(room *access.Room) error {
	if d.tts && !room.Here.Has(permissions.SendTTSMessages) {
		return discord.ErrMissingPermissions
	}
	if d.empty() {
		return discord.ErrEmptyMessage
	}
	if !room.Here.Has(permissions.EmbedLinks) {
		d.embeds = []discord.Embed{}
	}
	if d.empty() {
		return discord.ErrMissingPermissions
	}
	return nil
}

// compose makes the message of a draft and returns it with its people. A reply mentions the author whom it answers, if
// the sender has nothing against it.
func (h *Handlers) compose(c *call.Call, room *access.Room, d *draft) (discord.Message, persons, error) {
	id := h.store.NewID()
	m := discord.Message{
		ID: id, ChannelID: room.Channel.ID, Type: discord.MessageDefault, Timestamp: discord.At(id.Time()),
		Content: d.content, Embeds: d.embeds, Components: d.components, Attachments: discord.EmptyList,
		Nonce: d.nonce, Flags: d.flags, TTS: d.tts,
	}
	if err := h.resolve(c, room, d.reference, &m); err != nil {
		return m, nil, err
	}
	found := mentionsOf(room, d.content, d.allowed)
	m.MentionRoles, m.MentionEveryone = found.roles, found.everyone
	users := withAnswered(&m, c.Caller.UserID, found.users, d.allowed.pings())
	people, err := h.store.People(c.Request.Context(), guildOf(room), withAuthor(c.Caller.UserID, users))
	if err != nil {
		return m, nil, err
	}
	author, known := people[c.Caller.UserID]
	if !known {
		return m, nil, discord.ErrUnknownUser
	}
	m.Author, m.Mentions = author.User, mentionsFrom(people, users)
	return m, people, nil
}

// send commits the message with its MESSAGE_CREATE and returns it, or the earlier one that an enforced nonce stands for.
func (h *Handlers) send(ctx context.Context, room *access.Room, m discord.Message, people persons, enforced bool) (discord.Message, error) {
	head, event := dispatch(room, discord.EventMessageCreate, m, people)
	if !room.Direct() && !enforced {
		return m, h.store.CreateGuildMessage(ctx, head.Guild, m, head, event)
	}
	sent := m
	err := h.store.Change(ctx, func(tx *store.Tx) error {
		sent = m
		if enforced {
			earlier, err := tx.MessageByNonce(ctx, m.ChannelID, m.Author.ID, m.Nonce)
			if !errors.Is(err, store.ErrNotFound) {
				sent = earlier
				return err
			}
		}
		if err := tx.InsertMessage(ctx, room.GuildID(), m); err != nil {
			return err
		}
		if room.Direct() {
			if err := tx.ReopenDirect(ctx, m.ChannelID); err != nil {
				return err
			}
		}
		return room.Emit(tx, head, event)
	})
	return sent, err
}
