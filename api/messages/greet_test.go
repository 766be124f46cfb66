package messages_test

import (
	"net/http"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
)

func TestGreeting(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	wave := []string{h.sticker(h.guild)}
	said := h.send(h.owner, object{"content": "hello"})
	h.Exec(t, `insert into messages (id, channel_id, guild_id, author_id, type) values ($1, $2, $3, $4, 7)`,
		h.Store.NewID(), h.channel, h.guild, h.owner.ID)
	var news string
	if err := h.Query(t, `select id::text from messages where channel_id = $1 and type = 7`, h.channel).Scan(&news); err != nil {
		t.Fatal(err)
	}
	path := "/channels/" + h.channel.String() + "/greet"
	var m discord.Message
	h.member.Must(t, http.MethodPost, path, object{
		"sticker_ids": wave, "message_reference": object{"message_id": news, "channel_id": h.channel}, "content": "is left out",
	}, &m)
	if m.Content != "" || len(m.StickerItems) != 1 || m.Type != discord.MessageReply || m.MessageReference.MessageID.String() != news {
		t.Errorf("%+v", m)
	}
	for name, body := range map[string]object{
		"no sticker":   {"message_reference": object{"message_id": news}},
		"nobody":       {"sticker_ids": wave},
		"what is said": {"sticker_ids": wave, "message_reference": object{"message_id": said.ID}},
		"nothing":      {"sticker_ids": wave, "message_reference": object{"message_id": "1", "fail_if_not_exists": false}},
		"no message":   {"sticker_ids": wave, "message_reference": object{}},
		"a forward":    {"sticker_ids": wave, "message_reference": object{"type": 1, "message_id": said.ID, "channel_id": h.channel}},
	} {
		if answer := h.member.Do(t, http.MethodPost, path, body); answer.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
	good := object{"sticker_ids": wave, "message_reference": object{"message_id": news}}
	h.deny(permissions.SendMessages)
	h.member.Fails(t, http.MethodPost, path, good, discord.ErrMissingPermissions)
	h.User(t).Fails(t, http.MethodPost, path, good, discord.ErrMissingAccess)
}
