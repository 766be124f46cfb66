package images

import (
	"errors"
	"regexp"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// emojiFile is an emoji's id and the format that the client would like.
var emojiFile = regexp.MustCompile(`^([0-9]{1,20})\.(?:png|jpe?g|gif|webp)$`)

// emoji serves the picture of an emoji, which never changes. Who knows the id may see it, as texts of messages name it.
func (h *Handlers) emoji(c *call.Call) error {
	match := emojiFile.FindStringSubmatch(c.Param("file"))
	if match == nil {
		return discord.ErrNotFound
	}
	id, err := snowflake.Parse(match[1])
	if err != nil {
		return discord.ErrNotFound
	}
	hash, err := h.store.EmojiImage(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrNotFound
	}
	if err != nil {
		return err
	}
	return h.serve(c, hash)
}
