package posting

import (
	"context"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// maxStickers is how many a message has at most.
// https://discord.com/developers/docs/resources/message#create-message-jsonform-params
const maxStickers = 3

// checkStickers notes what is wrong with the stickers of a new message.
func checkStickers(p *form.Problems, ids []snowflake.ID, flags int) {
	p.Max("sticker_ids", len(ids), maxStickers)
	if len(ids) > 0 && flags&discord.MessageFlagComponentsV2 != 0 {
		p.Add("sticker_ids", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
			"The 'sticker_ids' field cannot be used when using MessageFlags.IS_COMPONENTS_V2")
	}
}

// stickers returns what a message shows of the stickers that the sender wants in it: of the guild that it is sent in, and
// where strange ones are allowed, of the sender's other guilds.
func (p *Poster) stickers(ctx context.Context, room *access.Room, sender snowflake.ID, ids []snowflake.ID) ([]discord.StickerItem, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	here := guildOf(room)
	found, err := p.store.UsableStickers(ctx, ids, sender, here)
	if err != nil {
		return nil, err
	}
	usable := make(map[snowflake.ID]discord.Sticker, len(found))
	for _, s := range found {
		usable[s.ID] = s
	}
	items := make([]discord.StickerItem, len(ids))
	for i, id := range ids {
		s, known := usable[id]
		switch {
		case !known:
			return nil, discord.ErrInvalidSticker
		case s.GuildID != here && !room.Direct() && !room.Here.Has(permissions.UseExternalStickers):
			return nil, discord.ErrMissingPermissions
		}
		items[i] = discord.StickerItem{ID: id, Name: s.Name, FormatType: s.FormatType}
	}
	return items, nil
}
