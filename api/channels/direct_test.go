package channels_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestDirectMessageIsClosedForOne(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	dm := snowflake.ID(99)
	h.Exec(t, `insert into channels (id, type) values (99, 1)`)
	h.Exec(t, `insert into channel_recipients (channel_id, user_id) values (99, $1), (99, $2)`, h.friend.ID, h.builder.ID)
	one := fmt.Sprintf("/channels/%s", dm)
	h.owner.Fails(t, http.MethodDelete, one, nil, discord.ErrMissingAccess)
	h.friend.Fails(t, http.MethodPatch, one, map[string]any{"name": "x"}, discord.ErrOnDM)
	h.friend.Fails(t, http.MethodPut, one+"/permissions/1", map[string]any{}, discord.ErrOnDM)
	seq := h.Seq(t, h.builder.ID)
	var closed discord.Channel
	for range 2 {
		h.friend.Must(t, http.MethodDelete, one, nil, &closed)
	}
	if closed.ID != dm || len(closed.Recipients) != 1 || closed.Recipients[0].ID != h.builder.ID {
		t.Errorf("channel %+v", closed)
	}
	evs := h.Events(t, h.friend.ID, 0)
	if n := len(evs); n == 0 || evs[n-1].Head.Type != discord.EventChannelDelete || types(evs)[n-2] == discord.EventChannelDelete {
		t.Errorf("events %v", types(evs))
	}
	if h.Seq(t, h.builder.ID) != seq {
		t.Error("the other was told of it")
	}
}

func TestTypingReachesThoseWhoAreThere(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	c := h.create(t, map[string]any{"name": "c"})
	h.Exec(t, `insert into channels (id, type) values (99, 1)`)
	h.Exec(t, `insert into channel_recipients (channel_id, user_id) values (99, $1), (99, $2)`, h.friend.ID, h.builder.ID)
	for _, test := range []struct {
		path string
		log  snowflake.ID
		in   snowflake.ID // the header's channel
	}{{path(c), h.id, c.ID}, {"/channels/99", h.builder.ID, 0}} {
		sub := h.Redis.SSubscribe(t.Context(), "log:{"+test.log.String()+"}")
		if _, err := sub.Receive(t.Context()); err != nil {
			t.Fatal(err)
		}
		if answer := h.friend.Do(t, http.MethodPost, test.path+"/typing", nil); answer.Status != http.StatusNoContent {
			t.Fatalf("typing: %d %s", answer.Status, answer.Body)
		}
		var e events.Event
		for e.Head.Type != discord.EventTypingStart { // the channel's own creation may be published only now
			message, err := sub.ReceiveMessage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, body, _ := strings.Cut(message.Payload, " ")
			if e, err = events.Decode(test.log, 0, []byte(body)); err != nil {
				t.Fatal(err)
			}
		}
		var typing discord.TypingEvent
		if err := json.Unmarshal(e.Data, &typing); err != nil {
			t.Fatal(err)
		}
		inGuild := test.in != 0
		if e.Head.Channel != test.in || typing.UserID != h.friend.ID ||
			(typing.Member != nil) != inGuild || (typing.GuildID != nil) != inGuild {
			t.Errorf("event %+v %s", e.Head, e.Data)
		}
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
	}
	category := h.create(t, map[string]any{"name": "c", "type": 4})
	h.friend.Fails(t, http.MethodPost, path(category)+"/typing", nil, discord.ErrNotText)
}
