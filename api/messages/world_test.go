package messages_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/direct"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/messages"
	"guildhall.chat/guildhall/api/reactions"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hall is a guild with a text channel, its owner and a member.
type hall struct {
	*apitest.World
	t             *testing.T
	guild         snowflake.ID
	channel       snowflake.ID
	owner, member *apitest.Client
}

type object = map[string]any

func newHall(t *testing.T) *hall {
	t.Helper()
	w := apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(
			messages.New(w.Store, w.Access, w.Poster, w.Redis).Routes(),
			reactions.New(w.Store, w.Access).Routes(),
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			channels.New(w.Store, w.Access, w.Poster, w.Publisher).Routes(),
			direct.New(w.Store, w.Access, w.Keys).Routes(),
		)
	})
	h := &hall{World: w, t: t, owner: w.User(t), member: w.User(t)}
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &g)
	h.guild = g.ID
	h.channel = h.newChannel(object{"name": "text", "type": 0})
	w.Join(t, h.guild, h.member)
	return h
}

func (h *hall) newChannel(body object) snowflake.ID {
	h.t.Helper()
	var c discord.Channel
	h.owner.Must(h.t, http.MethodPost, "/guilds/"+h.guild.String()+"/channels", body, &c)
	return c.ID
}

// deny takes permissions in the channel away from @everyone; the owner keeps all.
func (h *hall) deny(set permissions.Set) {
	h.t.Helper()
	h.owner.Must(h.t, http.MethodPatch, "/channels/"+h.channel.String(), object{
		"permission_overwrites": []object{{"id": h.guild, "type": 0, "allow": "0", "deny": set.String()}},
	}, nil)
}

// allow gives permissions in the channel to one member.
func (h *hall) allow(c *apitest.Client, set permissions.Set) {
	h.t.Helper()
	h.owner.Must(h.t, http.MethodPatch, "/channels/"+h.channel.String(), object{
		"permission_overwrites": []object{{"id": c.ID, "type": 1, "allow": set.String(), "deny": "0"}},
	}, nil)
}

func path(channel snowflake.ID, ids ...any) string {
	p := "/channels/" + channel.String() + "/messages"
	for _, id := range ids {
		switch v := id.(type) {
		case snowflake.ID:
			p += "/" + v.String()
		case string:
			p += v
		}
	}
	return p
}

func (h *hall) send(c *apitest.Client, body object) discord.Message {
	h.t.Helper()
	return sendTo(h.t, c, h.channel, body)
}

func sendTo(t *testing.T, c *apitest.Client, channel snowflake.ID, body object) discord.Message {
	t.Helper()
	var m discord.Message
	c.Must(t, http.MethodPost, path(channel), body, &m)
	return m
}

func (h *hall) get(c *apitest.Client, id snowflake.ID) discord.Message {
	h.t.Helper()
	var m discord.Message
	c.Must(h.t, http.MethodGet, path(h.channel, id), nil, &m)
	return m
}

// last returns the newest event of a log, which must be of a kind, and decodes its data.
func (h *hall) last(log snowflake.ID, kind string, into any) events.Event {
	h.t.Helper()
	evs := h.Events(h.t, log, h.Seq(h.t, log)-1)
	if len(evs) != 1 || evs[0].Head.Type != kind {
		h.t.Fatalf("the last event is %+v, expected %s", evs, kind)
	}
	if err := json.Unmarshal(evs[0].Data, into); err != nil {
		h.t.Fatal(err)
	}
	return evs[0]
}

// problem makes a request whose form is wrong and returns the codes at a path of the error tree.
func problem(t *testing.T, c *apitest.Client, method, at string, body any, keys ...string) []string {
	t.Helper()
	answer := c.Do(t, method, at, body)
	var got struct {
		Code   int            `json:"code"`
		Errors map[string]any `json:"errors"`
	}
	if err := json.Unmarshal(answer.Body, &got); err != nil || answer.Status != http.StatusBadRequest || got.Code != 50035 {
		t.Fatalf("%s %s: %d %s, expected a form error", method, at, answer.Status, answer.Body)
	}
	node := got.Errors
	for _, key := range keys {
		next, ok := node[key].(map[string]any)
		if !ok {
			t.Fatalf("no %q on the way to %v in %s", key, keys, answer.Body)
		}
		node = next
	}
	var codes []string
	list, _ := node["_errors"].([]any)
	for _, e := range list {
		codes = append(codes, e.(map[string]any)["code"].(string))
	}
	if len(codes) == 0 {
		t.Fatalf("nothing wrong at %v in %s", keys, answer.Body)
	}
	return codes
}
