package images

import (
	"errors"
	"strings"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/picture"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// sticker serves the file of a sticker by the sticker's id. A vector animation is what it is; of an animated PNG a still picture
// is made only when another form or, with passthrough=false, a preview is asked for.
// https://discord.com/developers/docs/reference#image-formatting-cdn-endpoints
func (h *Handlers) sticker(c *call.Call) error {
	text, ending, _ := strings.Cut(c.Param("file"), ".")
	id, err := snowflake.Parse(text)
	if err != nil {
		return discord.ErrNotFound
	}
	format, hash, err := h.variants.store.StickerFile(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) || err == nil && (ending == "json") != (format == discord.StickerLottie) {
		return discord.ErrNotFound
	}
	if err != nil {
		return err
	}
	moving := format == discord.StickerAPNG && ending == "png" && c.Query("passthrough") != "false"
	if format == discord.StickerLottie || moving {
		return h.serveStored(c, hash)
	}
	return h.serve(c, hash, ending)
}

// serveStored answers with a file as it was uploaded.
func (h *Handlers) serveStored(c *call.Call, hash string) error {
	tag := `"` + hash + `"`
	if c.GetHeader("If-None-Match") == tag {
		unchanged(c, tag)
		return nil
	}
	file, err := h.variants.store.Image(c.Request.Context(), hash)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrNotFound
	}
	if err != nil {
		return err
	}
	send(c, tag, picture.Picture{Type: file.Type, Bytes: file.Bytes})
	return nil
}
