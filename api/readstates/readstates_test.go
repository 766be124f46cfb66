package readstates_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/direct"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/messages"
	"guildhall.chat/guildhall/api/readstates"
	"guildhall.chat/guildhall/api/relationships"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/api/settings"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

type object = map[string]any

// hall is a guild with a text channel.
type hall struct {
	*apitest.World
	owner, member *apitest.Client
	guild, text   snowflake.ID
}

func newHall(t *testing.T) *hall {
	h := &hall{}
	h.World = apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(readstates.New(w.Store, w.Access).Routes(), direct.New(w.Store, w.Access, w.Keys).Routes(),
			guilds.New(w.Store, w.Access, w.Presences).Routes(), settings.New(w.Store, w.Access).Routes(),
			channels.New(w.Store, w.Access, w.Poster, w.Publisher).Routes(), roles.New(w.Access).Routes(),
			messages.New(w.Store, w.Access, w.Poster, w.Redis).Routes(),
			relationships.New(w.Store, w.Presences, w.Publisher).Routes())
	})
	h.owner, h.member = h.User(t), h.User(t)
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &g)
	h.guild = g.ID
	h.Join(t, g.ID, h.member)
	var ch discord.Channel
	h.owner.Must(t, http.MethodPost, "/guilds/"+g.ID.String()+"/channels", object{"name": "text"}, &ch)
	h.text = ch.ID
	return h
}

func (h *hall) say(t *testing.T, as *apitest.Client, channel snowflake.ID, content string) snowflake.ID {
	t.Helper()
	var m discord.Message
	as.Must(t, http.MethodPost, fmt.Sprintf("/channels/%s/messages", channel), object{"content": content}, &m)
	return m.ID
}

// unread returns what READY will say of a channel: read as far as, and how much calls since.
func (h *hall) unread(t *testing.T, of *apitest.Client, channel snowflake.ID) (acked snowflake.ID, mentions int) {
	t.Helper()
	states, err := h.Store.ReadStates(t.Context(), of.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range states {
		if s.ID == channel && s.Type == discord.ReadChannel {
			return s.Acked, s.Mentions
		}
	}
	return 0, 0
}

func (h *hall) expect(t *testing.T, of *apitest.Client, channel snowflake.ID, acked snowflake.ID, mentions int) {
	t.Helper()
	if a, n := h.unread(t, of, channel); a != acked || n != mentions {
		t.Errorf("read as far as %s with %d mentions, expected %s with %d", a, n, acked, mentions)
	}
}

func (h *hall) ack(t *testing.T, as *apitest.Client, channel, message snowflake.ID, body object) {
	t.Helper()
	as.Must(t, http.MethodPost, fmt.Sprintf("/channels/%s/messages/%s/ack", channel, message), body, nil)
}

func told[T any](t *testing.T, h *hall, c *apitest.Client, event string) (all []T) {
	t.Helper()
	for _, e := range h.Events(t, c.ID, 0) {
		if e.Head.Type == event {
			var one T
			if err := json.Unmarshal(e.Data, &one); err != nil {
				t.Fatal(err)
			}
			all = append(all, one)
		}
	}
	return all
}

func TestMentionsAreCounted(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	me := "<@" + h.member.ID.String() + ">"
	h.say(t, h.owner, h.text, "to nobody")
	h.expect(t, h.member, h.text, 0, 0)
	first := h.say(t, h.owner, h.text, me+" and "+me)
	second := h.say(t, h.owner, h.text, "@everyone "+me)
	h.expect(t, h.member, h.text, 0, 2)
	h.expect(t, h.owner, h.text, second, 0)
	h.ack(t, h.member, h.text, first, object{"token": nil, "last_viewed": 4000, "flags": 1})
	h.expect(t, h.member, h.text, first, 1)
	h.ack(t, h.member, h.text, second, object{})
	h.ack(t, h.member, h.text, first, object{}) // nobody reads backwards
	h.expect(t, h.member, h.text, second, 0)
	h.ack(t, h.member, h.text, first, object{"manual": true, "mention_count": 1})
	h.expect(t, h.member, h.text, first, 1)
	days := 4000
	acks := told[discord.MessageAckEvent](t, h, h.member, discord.EventMessageAck)
	if len(acks) != 3 || acks[0].Mentions != 1 || acks[1].Mentions != 0 || !acks[2].Manual || acks[2].Mentions != 1 ||
		acks[2].LastViewed == nil || *acks[2].LastViewed != days || acks[2].Flags != 1 || acks[1].Version <= acks[0].Version {
		t.Errorf("%+v", acks)
	}
	third := h.say(t, h.member, h.text, "one's own message")
	h.expect(t, h.member, h.text, third, 0)
}

func TestWhatDoesNotCount(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	me := "<@" + h.member.ID.String() + ">"
	var role discord.Role
	h.owner.Must(t, http.MethodPost, "/guilds/"+h.guild.String()+"/roles", object{"name": "crew", "mentionable": true}, &role)
	h.Exec(t, `update members set roles = array[$2::bigint] where user_id = $1`, h.member.ID, role.ID)
	h.say(t, h.owner, h.text, "<@&"+role.ID.String()+">")
	h.say(t, h.owner, h.text, "@here")
	gone := h.say(t, h.owner, h.text, me)
	h.say(t, h.owner, h.text, me)
	h.expect(t, h.member, h.text, 0, 4)
	h.owner.Must(t, http.MethodDelete, fmt.Sprintf("/channels/%s/messages/%s", h.text, gone), nil, nil)
	h.expect(t, h.member, h.text, 0, 3)
	set := "/users/@me/guilds/" + h.guild.String() + "/settings"
	h.member.Must(t, http.MethodPatch, set, object{"suppress_everyone": true}, nil)
	h.expect(t, h.member, h.text, 0, 2)
	h.member.Must(t, http.MethodPatch, set, object{"suppress_roles": true}, nil)
	h.expect(t, h.member, h.text, 0, 1)
	late := h.User(t)
	h.Join(t, h.guild, late)
	h.expect(t, late, h.text, 0, 0) // what was said before
	h.member.Must(t, http.MethodPut, "/users/@me/relationships/"+h.owner.ID.String(), object{"type": 2}, nil)
	h.expect(t, h.member, h.text, 0, 0)
}

func TestEveryDirectMessageCounts(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	var dm discord.Channel
	h.owner.Must(t, http.MethodPost, "/users/@me/channels", object{"recipient_id": h.member.ID}, &dm)
	h.say(t, h.owner, dm.ID, "one")
	last := h.say(t, h.owner, dm.ID, "two")
	h.expect(t, h.member, dm.ID, 0, 2)
	h.expect(t, h.owner, dm.ID, last, 0)
	muted := func(config any) {
		h.member.Must(t, http.MethodPatch, "/users/@me/guilds/@me/settings", object{"channel_overrides": object{
			dm.ID.String(): object{"muted": true, "mute_config": config}}}, nil)
	}
	muted(object{"end_time": "2020-01-01T00:00:00Z", "selected_time_window": 900}) // over
	h.expect(t, h.member, dm.ID, 0, 2)
	muted(nil)
	h.expect(t, h.member, dm.ID, 0, 0)
	answer := h.say(t, h.member, dm.ID, "three")
	h.expect(t, h.member, dm.ID, answer, 0)
	h.expect(t, h.owner, dm.ID, last, 1)
}

func TestAckMany(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	stranger := h.User(t)
	last := h.say(t, h.owner, h.text, "<@"+h.member.ID.String()+">")
	body := object{"read_states": []object{
		{"channel_id": h.text, "message_id": last, "read_state_type": 0},
		{"channel_id": "5", "message_id": last, "read_state_type": 0}, // there is none
		{"channel_id": h.guild, "message_id": "77", "read_state_type": 1},
		{"channel_id": h.member.ID, "message_id": "78", "read_state_type": 2},
	}}
	h.member.Must(t, http.MethodPost, "/read-states/ack-bulk", body, nil)
	h.expect(t, h.member, h.text, last, 0)
	stranger.Must(t, http.MethodPost, "/read-states/ack-bulk", body, nil)
	if n := len(h.Events(t, stranger.ID, 0)); n != 0 {
		t.Errorf("a stranger has read %d things", n)
	}
	if f := told[discord.AckEvent](t, h, h.member, discord.EventGuildFeatureAck); len(f) != 1 || f[0].ResourceID != h.guild || f[0].EntityID != 77 {
		t.Errorf("%+v", f)
	}
	if f := told[discord.AckEvent](t, h, h.member, discord.EventUserNonChannelAck); len(f) != 1 || f[0].ResourceID != h.member.ID {
		t.Errorf("%+v", f)
	}
	h.member.Must(t, http.MethodPost, "/guilds/"+h.guild.String()+"/ack/4/9", object{}, nil)
	h.member.Must(t, http.MethodPost, "/users/@me/2/99/ack", object{}, nil)
	h.member.Fails(t, http.MethodPost, "/users/@me/1/99/ack", object{}, discord.ErrNotFound)
	stranger.Fails(t, http.MethodPost, "/guilds/"+h.guild.String()+"/ack/4/9", object{}, discord.ErrMissingAccess)
	h.member.Must(t, http.MethodPost, fmt.Sprintf("/channels/%s/pins/ack", h.text), nil, nil)
	if p := told[discord.PinsAckEvent](t, h, h.member, discord.EventChannelPinsAck); len(p) != 1 || p[0].ChannelID != h.text {
		t.Errorf("%+v", p)
	}
	h.member.Must(t, http.MethodDelete, fmt.Sprintf("/channels/%s/messages/ack", h.text), nil, nil)
	h.expect(t, h.member, h.text, 0, 1)
}

func TestAcksThatAreNone(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	stranger, bot := h.User(t), h.Bot(t, h.owner, 0)
	path := fmt.Sprintf("/channels/%s/messages/%s/ack", h.text, h.say(t, h.owner, h.text, "x"))
	stranger.Fails(t, http.MethodPost, path, object{}, discord.ErrMissingAccess)
	bot.Fails(t, http.MethodPost, path, object{}, discord.ErrBotsForbidden)
	h.member.Fails(t, http.MethodPost, path, object{"flags": -1, "last_viewed": -5}, discord.ErrInvalidForm)
	h.member.Fails(t, http.MethodPost, fmt.Sprintf("/channels/%s/messages/%s/ack", h.text, snowflake.Max), object{}, discord.ErrUnknownMessage)
	for _, one := range []object{{"read_state_type": 9, "channel_id": "1", "message_id": "1"}, {}, {"channel_id": "x"}} {
		h.member.Fails(t, http.MethodPost, "/read-states/ack-bulk", object{"read_states": []object{one}}, discord.ErrInvalidForm)
	}
	h.member.Fails(t, http.MethodPost, "/read-states/ack-bulk", object{"read_states": make([]object, 101)}, discord.ErrInvalidForm)
}

func TestInbox(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	me := "<@" + h.member.ID.String() + ">"
	personal := h.say(t, h.owner, h.text, me)
	everyone := h.say(t, h.owner, h.text, "@everyone")
	list := func(query string) (ids []snowflake.ID) {
		var all []discord.Message
		h.member.Must(t, http.MethodGet, "/users/@me/mentions"+query, nil, &all)
		for _, m := range all {
			ids = append(ids, m.ID)
		}
		return ids
	}
	same := func(query string, want ...snowflake.ID) {
		t.Helper()
		if got := list(query); !slices.Equal(got, want) {
			t.Errorf("%q: %v, expected %v", query, got, want)
		}
	}
	same("", everyone, personal)
	same("?limit=1", everyone)
	same("?before="+everyone.String(), personal)
	same("?everyone=false", personal)
	same("?guild_id=5")
	h.member.Must(t, http.MethodDelete, "/users/@me/mentions/"+everyone.String(), nil, nil)
	same("", personal)
	if n := len(told[object](t, h, h.member, discord.EventRecentMentionDelete)); n != 1 {
		t.Errorf("told %d times", n)
	}
	h.owner.Must(t, http.MethodPut, fmt.Sprintf("/channels/%s/permissions/%s", h.text, h.guild), object{"type": 0, "deny": "1024"}, nil)
	same("")
	h.member.Fails(t, http.MethodGet, "/users/@me/mentions?limit=0", nil, discord.ErrInvalidForm)
}
