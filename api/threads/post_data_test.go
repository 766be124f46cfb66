package threads_test

import (
	"net/http"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestPostData(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	begin := func(text string) discord.Channel {
		return h.thread(h.alice, h.forum, object{"name": text, "message": object{"content": text}})
	}
	one, gone := begin("one"), begin("gone")
	h.alice.Must(t, http.MethodDelete, at(gone.ID, "messages", gone.ID.String()), nil, nil)
	elsewhere := h.thread(h.alice, h.text, object{"name": "elsewhere", "type": 11})
	var got struct {
		Threads map[snowflake.ID]struct {
			Owner        *discord.Member  `json:"owner"`
			FirstMessage *discord.Message `json:"first_message"`
		} `json:"threads"`
	}
	body := object{"thread_ids": []snowflake.ID{one.ID, gone.ID, elsewhere.ID, 1}}
	h.bob.Must(t, http.MethodPost, at(h.forum, "post-data"), body, &got)
	if len(got.Threads) != 2 {
		t.Fatalf("%+v", got)
	}
	if post := got.Threads[one.ID]; post.Owner == nil || post.Owner.User.ID != h.alice.ID || post.FirstMessage == nil || post.FirstMessage.Content != "one" {
		t.Errorf("%+v", post)
	}
	if post := got.Threads[gone.ID]; post.Owner == nil || post.FirstMessage != nil {
		t.Errorf("%+v", post)
	}
	h.bob.Must(t, http.MethodPost, at(h.forum, "post-data"), object{}, nil)
	h.bob.Fails(t, http.MethodPost, at(h.forum, "post-data"), object{"thread_ids": make([]int, 51)}, discord.ErrInvalidForm)
	h.bob.Fails(t, http.MethodPost, at(h.text, "post-data"), body, discord.ErrWrongChannelType)
	h.deny(h.forum, permissions.ReadMessageHistory)
	h.bob.Fails(t, http.MethodPost, at(h.forum, "post-data"), body, discord.ErrMissingPermissions)
}
