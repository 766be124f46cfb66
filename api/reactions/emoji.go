package reactions

import (
	"strings"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// maxCustom bounds how a path names a custom emoji, in bytes: name, id and what stands before them.
const maxCustom = 64

// parseEmoji reads the emoji of a path: a Unicode one as itself, a custom one as name:id, of which only the id counts.
// Libraries put what a message's text has before the name, too: a:name:id. What is no emoji is unknown.
func parseEmoji(text string) (store.Emoji, error) {
	if i := strings.LastIndexByte(text, ':'); i > 0 && len(text) <= maxCustom {
		id, err := snowflake.Parse(text[i+1:])
		if err != nil || id == 0 {
			return store.Emoji{}, discord.ErrUnknownEmoji
		}
		return store.Emoji{ID: id}, nil
	}
	if !form.IsEmoji(text) {
		return store.Emoji{}, discord.ErrUnknownEmoji
	}
	return store.Emoji{Name: text}, nil
}
