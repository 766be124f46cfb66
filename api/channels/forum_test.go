package channels_test

import (
	"net/http"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

func TestEmojisOfForums(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	type object = map[string]any
	var elsewhere discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Elsewhere"}, &elsewhere)
	own, strange := h.Emoji(t, store.EmojiOwner{Guild: h.id}, h.owner), h.Emoji(t, store.EmojiOwner{Guild: elsewhere.ID}, h.owner)
	forum := func(tag, reaction object) object {
		tag["name"] = "tag"
		return object{"name": "forum", "type": discord.ChannelForum, "available_tags": []object{tag}, "default_reaction_emoji": reaction}
	}
	for _, test := range []struct {
		tag, reaction object
		want          *discord.Error
	}{
		{object{"emoji_name": "tea"}, nil, discord.ErrInvalidForm},
		{object{}, object{"emoji_name": "tea"}, discord.ErrInvalidForm},
		{object{"emoji_id": strange}, nil, discord.ErrUnknownEmoji},
		{object{}, object{"emoji_id": strange}, discord.ErrUnknownEmoji},
	} {
		h.owner.Fails(t, http.MethodPost, h.all, forum(test.tag, test.reaction), test.want)
	}
	var made discord.Channel
	h.owner.Must(t, http.MethodPost, h.all, forum(object{"emoji_id": own}, object{"emoji_name": "🍵"}), &made)
	one := "/channels/" + made.ID.String()
	h.owner.Fails(t, http.MethodPatch, one, object{"default_reaction_emoji": object{"emoji_id": strange}}, discord.ErrUnknownEmoji)
	// A tag whose emoji is gone stays as it is.
	err := h.Store.Change(t.Context(), func(tx *store.Tx) error { return tx.DeleteEmoji(t.Context(), store.EmojiOwner{Guild: h.id}, own) })
	if err != nil {
		t.Fatal(err)
	}
	h.owner.Must(t, http.MethodPatch, one, object{"available_tags": []object{
		{"id": made.AvailableTags[0].ID, "name": "renamed", "emoji_id": own}}}, nil)
	h.owner.Fails(t, http.MethodPost, h.all, forum(object{"emoji_id": own}, nil), discord.ErrUnknownEmoji)
	channel := forum(object{"emoji_id": own}, nil)
	h.owner.Fails(t, http.MethodPost, "/guilds", object{"name": "New", "channels": []object{channel}}, discord.ErrInvalidForm)
}
