package images

import (
	"errors"
	"strings"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// emoji serves the picture of an emoji, which never changes. Who knows the id may see it, as texts of messages name it.
func (h *Handlers) emoji(c *call.Call) error {
	text, ending, _ := strings.Cut(c.Param("file"), ".")
	id, err := snowflake.Parse(text)
	if err != nil {
		return discord.ErrNotFound
	}
	hash, err := h.variants.store.EmojiImage(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrNotFound
	}
	if err != nil {
		return err
	}
	return h.serve(c, hash, ending)
}
