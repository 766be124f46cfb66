package reactions

import (
	"context"
	"errors"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

// custom checks that the caller may be the first to react with a custom emoji: as a member of the emoji's guild who has
// its roles, elsewhere with USE_EXTERNAL_EMOJIS; or as the application that owns it. Others learn nothing of the emoji.
// https://discord.com/developers/docs/resources/emoji#emoji-object
func (t *target) custom(ctx context.Context, tx *store.Tx, caller call.Caller) error {
	use, err := tx.EmojiUse(ctx, t.emoji.ID, caller.UserID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return discord.ErrUnknownEmoji
	case err != nil:
		return err
	case use.Owner.Application != 0 && caller.Bot && use.Owner.Application == caller.ApplicationID:
		return nil
	case !use.Member:
		return discord.ErrUnknownEmoji
	case !t.room.Direct() && t.room.Guild.Guild.ID == use.Owner.Guild:
		return nil
	}
	return t.room.Need(permissions.UseExternalEmojis)
}
