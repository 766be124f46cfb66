package reactions

import (
	"context"
	"errors"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// add reacts to a message. The first reaction with an emoji needs ADD_REACTIONS, joining in does not.
// https://discord.com/developers/docs/resources/message#create-reaction
func (h *Handlers) add(c *call.Call) error {
	t, err := h.target(c)
	if err != nil {
		return err
	}
	if err := t.room.Need(permissions.ReadMessageHistory); err != nil {
		return err
	}
	if err := t.room.NeedActive(); err != nil {
		return err
	}
	ctx, user := c.Request.Context(), c.Caller.UserID
	err = h.store.Change(ctx, func(tx *store.Tx) error {
		author, err := tx.HoldReactions(ctx, t.room.Channel.ID, t.message)
		if err != nil {
			return unknownMessage(err)
		}
		if err := h.mayBegin(ctx, tx, &t, c.Caller); err != nil {
			return err
		}
		added, err := tx.AddReaction(ctx, t.message, user, t.emoji)
		if errors.Is(err, store.ErrTooManyReactions) {
			return discord.ErrTooManyReactions
		}
		if err != nil || !added {
			return err
		}
		member, err := memberOf(ctx, tx, t.room, user)
		if err != nil {
			return err
		}
		return t.room.Emit(tx, events.Header{Type: discord.EventMessageReactionAdd, User: user}, discord.ReactionEvent{
			UserID: user, ChannelID: t.room.Channel.ID, MessageID: t.message, GuildID: t.room.GuildID(), Member: member,
			Emoji: t.emoji.Partial(), MessageAuthorID: &author,
		})
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// mayBegin checks what the first reaction with an emoji takes; anybody may join in.
func (h *Handlers) mayBegin(ctx context.Context, tx *store.Tx, t *target, caller call.Caller) error {
	may := t.room.Here.Has(permissions.AddReactions)
	if may && t.emoji.ID == 0 {
		return nil
	}
	there, err := tx.HasReaction(ctx, t.message, t.emoji)
	switch {
	case err != nil || there:
		return err
	case !may:
		return discord.ErrMissingPermissions
	}
	return t.custom(ctx, tx, caller)
}

// memberOf is the member that a reaction's event shows in a guild; nil in a DM.
func memberOf(ctx context.Context, tx *store.Tx, room *access.Room, user snowflake.ID) (*discord.Member, error) {
	if room.Direct() {
		return nil, nil
	}
	m, err := tx.Member(ctx, room.Guild.Guild.ID, user)
	if errors.Is(err, store.ErrNotFound) {
		return nil, discord.ErrMissingAccess // has just left
	}
	return &m, err
}
