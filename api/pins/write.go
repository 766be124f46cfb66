package pins

import (
	"context"
	"errors"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// create pins a message. One that is pinned stays so.
// https://discord.com/developers/docs/resources/message#pin-message
func (h *Handlers) create(c *call.Call) error {
	return h.change(c, discord.AuditMessagePin, func(ctx context.Context, tx *store.Tx, room *access.Room, m *discord.Message) (*time.Time, bool, error) {
		if !m.Type.Written() {
			return nil, false, discord.ErrSystemMessage
		}
		at, changed, err := tx.PinMessage(ctx, m.ChannelID, m.ID)
		if errors.Is(err, store.ErrTooManyPins) {
			return nil, false, discord.ErrTooManyPins
		}
		if err != nil || !changed {
			return nil, false, err
		}
		m.Pinned = true
		return &at, true, h.announce(ctx, tx, room, m.ID, c.Caller.UserID)
	})
}

// remove takes a pin back.
// https://discord.com/developers/docs/resources/message#unpin-message
func (h *Handlers) remove(c *call.Call) error {
	return h.change(c, discord.AuditMessageUnpin, func(ctx context.Context, tx *store.Tx, _ *access.Room, m *discord.Message) (*time.Time, bool, error) {
		m.Pinned = false
		return tx.UnpinMessage(ctx, m.ChannelID, m.ID)
	})
}

// change holds the message of the path and pins or unpins it; what has changed is told and recorded.
func (h *Handlers) change(c *call.Call, action discord.AuditAction,
	do func(ctx context.Context, tx *store.Tx, room *access.Room, m *discord.Message) (last *time.Time, changed bool, err error),
) error {
	room, id, err := h.place(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.store.Change(ctx, func(tx *store.Tx) error {
		m, err := tx.HoldMessage(ctx, room.Channel.ID, id)
		if err != nil {
			return posting.UnknownMessage(err)
		}
		last, changed, err := do(ctx, tx, room, &m)
		if err != nil || !changed {
			return err
		}
		if err := tell(ctx, tx, room, m, last); err != nil || room.Direct() {
			return err
		}
		entry, err := audit.Entry(c, action, m.Author.ID)
		if err != nil {
			return err
		}
		entry.Options = map[string]string{"channel_id": m.ChannelID.String(), "message_id": m.ID.String()}
		return tx.Audit(ctx, room.Guild.Guild.ID, entry)
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// tell sends the message as it is now, and when the channel was last pinned to.
func tell(ctx context.Context, tx *store.Tx, room *access.Room, m discord.Message, last *time.Time) error {
	ids := []snowflake.ID{m.Author.ID}
	for _, mention := range m.Mentions {
		ids = append(ids, mention.ID)
	}
	people, err := tx.People(ctx, guildOf(room), ids)
	if err != nil {
		return err
	}
	m.TTS = false // the event never asks to speak
	head, event := posting.Dispatch(room, discord.EventMessageUpdate, m, people)
	if err := room.Emit(tx, head, event); err != nil {
		return err
	}
	return room.Emit(tx, events.Header{Type: discord.EventChannelPinsUpdate}, discord.PinsUpdateEvent{
		GuildID: room.GuildID(), ChannelID: room.Channel.ID, LastPinTimestamp: discord.AtOrNil(last),
	})
}

// announce posts the message that tells the channel of a pin.
func (h *Handlers) announce(ctx context.Context, tx *store.Tx, room *access.Room, pinned, by snowflake.ID) error {
	people, err := tx.People(ctx, guildOf(room), []snowflake.ID{by})
	if err != nil {
		return err
	}
	id := tx.NewID()
	return posting.Insert(ctx, tx, room, &posting.Post{People: people, Message: discord.Message{
		ID: id, ChannelID: room.Channel.ID, Type: discord.MessagePinned, Author: people[by].User, Timestamp: discord.At(id.Time()),
		Mentions: []discord.Mention{}, MentionRoles: []snowflake.ID{}, Embeds: []discord.Embed{},
		Attachments: []discord.Attachment{}, Components: discord.EmptyList,
		MessageReference: &discord.MessageReference{MessageID: &pinned, ChannelID: room.Channel.ID, GuildID: room.GuildID()},
	}})
}

func guildOf(room *access.Room) snowflake.ID {
	if id := room.GuildID(); id != nil {
		return *id
	}
	return 0
}
