package threads_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/messages"
	"guildhall.chat/guildhall/api/reactions"
	"guildhall.chat/guildhall/api/threads"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hall is a guild with a text channel and a forum, its owner, two members and somebody who is none.
type hall struct {
	*apitest.World
	t                           *testing.T
	guild, text, forum          snowflake.ID
	owner, alice, bob, stranger *apitest.Client
}

type object = map[string]any

func newHall(t *testing.T) *hall {
	t.Helper()
	w := apitest.New(t, func(w *apitest.World) []call.Route {
		poster := w.Poster
		return slices.Concat(
			threads.New(w.Store, w.Access, poster, w.Redis).Routes(),
			messages.New(w.Store, w.Access, poster, w.Redis).Routes(),
			reactions.New(w.Store, w.Access).Routes(),
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			channels.New(w.Store, w.Access, w.Poster, w.Publisher).Routes(),
		)
	})
	h := &hall{World: w, t: t, owner: w.User(t), alice: w.User(t), bob: w.User(t), stranger: w.User(t)}
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &g)
	h.guild = g.ID
	h.text = h.channel(object{"name": "text", "type": 0})
	h.forum = h.channel(object{"name": "forum", "type": 15, "available_tags": []object{{"name": "one"}, {"name": "two", "moderated": true}}})
	w.Join(t, h.guild, h.alice, h.bob)
	return h
}

func (h *hall) channel(body object) snowflake.ID {
	h.t.Helper()
	var c discord.Channel
	h.owner.Must(h.t, http.MethodPost, "/guilds/"+h.guild.String()+"/channels", body, &c)
	return c.ID
}

// deny takes permissions in a channel from everybody but the owner.
func (h *hall) deny(channel snowflake.ID, set permissions.Set) {
	h.t.Helper()
	h.owner.Must(h.t, http.MethodPatch, at(channel), object{
		"permission_overwrites": []object{{"id": h.guild, "type": 0, "allow": "0", "deny": set.String()}},
	}, nil)
}

// at is the path of a channel or thread, with more behind it.
func at(channel snowflake.ID, more ...string) string {
	return strings.Join(append([]string{"/channels", channel.String()}, more...), "/")
}

func (h *hall) thread(as *apitest.Client, in snowflake.ID, body object) discord.Channel {
	h.t.Helper()
	var c discord.Channel
	as.Must(h.t, http.MethodPost, at(in, "threads"), body, &c)
	return c
}

func (h *hall) say(as *apitest.Client, channel snowflake.ID, content string) discord.Message {
	h.t.Helper()
	var m discord.Message
	as.Must(h.t, http.MethodPost, at(channel, "messages"), object{"content": content}, &m)
	return m
}

func (h *hall) get(as *apitest.Client, channel snowflake.ID) discord.Channel {
	h.t.Helper()
	var c discord.Channel
	as.Must(h.t, http.MethodGet, at(channel), nil, &c)
	return c
}

// events are the types of what the guild's log has got since a seq.
func (h *hall) events(after int64) (types []string) {
	for _, e := range h.Events(h.t, h.guild, after) {
		types = append(types, e.Head.Type)
	}
	return types
}

// last is the last event of a type in the guild's log.
func (h *hall) last(kind string, into any) events.Event {
	h.t.Helper()
	all := h.Events(h.t, h.guild, 0)
	for _, e := range slices.Backward(all) {
		if e.Head.Type == kind {
			if err := json.Unmarshal(e.Data, into); err != nil {
				h.t.Fatal(err)
			}
			return e
		}
	}
	h.t.Fatalf("no %s", kind)
	return events.Event{}
}
