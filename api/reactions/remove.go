package reactions

import (
	"context"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// removeOwn takes the caller's reaction back.
// https://discord.com/developers/docs/resources/message#delete-own-reaction
func (h *Handlers) removeOwn(c *call.Call) error { return h.remove(c, c.Caller.UserID) }

// removeOf takes back the reaction of the user whom a segment of the path names.
// https://discord.com/developers/docs/resources/message#delete-user-reaction
func (h *Handlers) removeOf(param string) call.Handler {
	return func(c *call.Call) error {
		user, err := c.ID(param, discord.ErrUnknownUser)
		if err != nil {
			return err
		}
		return h.remove(c, user)
	}
}

func (h *Handlers) remove(c *call.Call, user snowflake.ID) error {
	t, err := h.target(c)
	if err != nil {
		return err
	}
	if user != c.Caller.UserID {
		if err := t.room.Need(permissions.ManageMessages); err != nil {
			return err
		}
	}
	event := discord.ReactionEvent{
		UserID: user, ChannelID: t.room.Channel.ID, MessageID: t.message, GuildID: t.room.GuildID(), Emoji: t.emoji.Partial(),
	}
	head := events.Header{Type: discord.EventMessageReactionRemove, User: user}
	return h.change(c, t, head, event, func(ctx context.Context, tx *store.Tx) (bool, error) {
		return tx.RemoveReaction(ctx, t.message, user, t.emoji)
	})
}

// removeAll takes all reactions from a message.
// https://discord.com/developers/docs/resources/message#delete-all-reactions
func (h *Handlers) removeAll(c *call.Call) error {
	t, err := h.target(c)
	if err != nil {
		return err
	}
	if err := t.room.Need(permissions.ManageMessages); err != nil {
		return err
	}
	event := discord.ReactionClearEvent{ChannelID: t.room.Channel.ID, MessageID: t.message, GuildID: t.room.GuildID()}
	head := events.Header{Type: discord.EventMessageReactionRemoveAll}
	return h.change(c, t, head, event, func(ctx context.Context, tx *store.Tx) (bool, error) {
		return tx.RemoveReactions(ctx, t.message)
	})
}

// removeEmoji takes all reactions with one emoji from a message.
// https://discord.com/developers/docs/resources/message#delete-all-reactions-for-emoji
func (h *Handlers) removeEmoji(c *call.Call) error {
	t, err := h.target(c)
	if err != nil {
		return err
	}
	if err := t.room.Need(permissions.ManageMessages); err != nil {
		return err
	}
	emoji := t.emoji.Partial()
	event := discord.ReactionClearEvent{
		ChannelID: t.room.Channel.ID, MessageID: t.message, GuildID: t.room.GuildID(), Emoji: &emoji,
	}
	head := events.Header{Type: discord.EventMessageReactionRemoveEmo}
	return h.change(c, t, head, event, func(ctx context.Context, tx *store.Tx) (bool, error) {
		return tx.RemoveEmoji(ctx, t.message, t.emoji)
	})
}

// change removes reactions of a held message and emits the event if there were any.
func (h *Handlers) change(c *call.Call, t target, head events.Header, event any, remove func(context.Context, *store.Tx) (bool, error)) error {
	ctx := c.Request.Context()
	err := h.store.Change(ctx, func(tx *store.Tx) error {
		if _, err := tx.HoldReactions(ctx, t.room.Channel.ID, t.message); err != nil {
			return unknownMessage(err)
		}
		removed, err := remove(ctx, tx)
		if err != nil || !removed {
			return err
		}
		return t.room.Emit(tx, head, event)
	})
	if err != nil {
		return err
	}
	return c.Done()
}
