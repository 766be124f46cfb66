package messages_test

import (
	"net/http"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// sticker gives a guild a sticker.
func (h *hall) sticker(guild snowflake.ID) string {
	h.t.Helper()
	id := h.Store.NewID()
	h.Exec(h.t, `insert into images (hash, type, bytes) values ('x', 'image/png', '') on conflict do nothing`)
	h.Exec(h.t, `insert into stickers (id, guild_id, name, tags, format, image) values ($1, $2, 'wave', 'wave', 1, 'x')`, id, guild)
	return id.String()
}

func TestStickersAreSent(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	own := h.sticker(h.guild)
	sent := h.send(h.member, object{"sticker_ids": []string{own}})
	for _, m := range []discord.Message{sent, h.get(h.owner, sent.ID)} {
		if len(m.StickerItems) != 1 || m.StickerItems[0].ID.String() != own || m.StickerItems[0].Name != "wave" || m.StickerItems[0].FormatType != 1 {
			t.Errorf("message %+v", m)
		}
	}
	var other discord.Guild
	h.member.Must(t, http.MethodPost, "/guilds", object{"name": "Other"}, &other)
	strange := object{"sticker_ids": []string{own, h.sticker(other.ID)}}
	h.send(h.member, strange)
	h.owner.Fails(t, http.MethodPost, path(h.channel), strange, discord.ErrInvalidSticker)
	h.owner.Fails(t, http.MethodPost, path(h.channel), object{"sticker_ids": []string{"1"}}, discord.ErrInvalidSticker)
	h.deny(permissions.UseExternalStickers)
	h.member.Fails(t, http.MethodPost, path(h.channel), strange, discord.ErrMissingPermissions)
	h.send(h.member, object{"sticker_ids": []string{own}})
}

// A message that has nothing but stickers is not empty when it is edited.
func TestMessageOfStickersIsEdited(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	m := h.send(h.member, object{"content": "look", "sticker_ids": []string{h.sticker(h.guild)}})
	one := path(h.channel) + "/" + m.ID.String()
	h.member.Must(t, http.MethodPatch, one, object{"content": ""}, nil)
	h.owner.Must(t, http.MethodPatch, one, object{"flags": discord.MessageFlagSuppressEmbeds}, nil)
	if m = h.get(h.owner, m.ID); m.Content != "" || len(m.StickerItems) != 1 || m.Flags != discord.MessageFlagSuppressEmbeds {
		t.Errorf("message %+v", m)
	}
}
