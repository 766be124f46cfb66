package images

import (
	"errors"
	"strings"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// stickerFormats are the names under which clients ask for the forms of stickers.
// https://discord.com/developers/docs/reference#image-formatting-cdn-endpoints
var stickerFormats = map[discord.StickerFormat]string{
	discord.StickerPNG: "png", discord.StickerAPNG: "png", discord.StickerGIF: "gif", discord.StickerLottie: "json",
}

// sticker serves the file of a sticker by the sticker's id: it never changes, and has no size but its own.
func (h *Handlers) sticker(c *call.Call) error {
	text, asked, _ := strings.Cut(c.Param("file"), ".")
	id, err := snowflake.Parse(text)
	if err != nil {
		return discord.ErrNotFound
	}
	format, hash, err := h.store.StickerFile(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) || err == nil && asked != stickerFormats[format] {
		return discord.ErrNotFound
	}
	if err != nil {
		return err
	}
	return h.serve(c, hash)
}
