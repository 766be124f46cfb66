package messages_test

import (
	"net/http"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
)

func TestPreload(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	stranger := h.User(t)
	var sent discord.Message
	h.owner.Must(t, http.MethodPost, "/channels/"+h.channel.String()+"/messages", object{"content": "one"}, nil)
	h.owner.Must(t, http.MethodPost, "/channels/"+h.channel.String()+"/messages", object{"content": "two"}, &sent)
	body := object{"channels": []any{h.channel, "5"}}
	var got []discord.Message
	h.member.Must(t, http.MethodPost, "/channels/preload-messages", body, &got)
	if len(got) != 1 || got[0].ID != sent.ID {
		t.Errorf("%+v", got)
	}
	stranger.Must(t, http.MethodPost, "/channels/preload-messages", body, &got)
	if len(got) != 0 {
		t.Errorf("a stranger reads %+v", got)
	}
	h.member.Fails(t, http.MethodPost, "/channels/preload-messages", object{"channels": make([]int, 11)}, discord.ErrInvalidForm)
}
