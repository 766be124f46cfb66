package reactions_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
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
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hall is a guild, a channel, a message of the member.
type hall struct {
	*apitest.World
	t                       *testing.T
	guild, channel, message snowflake.ID
	owner, member           *apitest.Client
}

type object = map[string]any

func newHall(t *testing.T) *hall {
	t.Helper()
	w := apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(
			reactions.New(w.Store, w.Access).Routes(),
			messages.New(w.Store, w.Access, w.Poster, w.Redis).Routes(),
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			channels.New(w.Store, w.Access, w.Poster, w.Publisher).Routes(),
			direct.New(w.Store, w.Access, w.Keys).Routes(),
		)
	})
	h := &hall{World: w, t: t, owner: w.User(t), member: w.User(t)}
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &g)
	var c discord.Channel
	h.owner.Must(t, http.MethodPost, "/guilds/"+g.ID.String()+"/channels", object{"name": "text", "type": 0}, &c)
	h.guild, h.channel = g.ID, c.ID
	w.Join(t, h.guild, h.member)
	h.message = h.post(h.member, h.channel)
	return h
}

func (h *hall) post(c *apitest.Client, channel snowflake.ID) snowflake.ID {
	h.t.Helper()
	var m discord.Message
	c.Must(h.t, http.MethodPost, "/channels/"+channel.String()+"/messages", object{"content": "x"}, &m)
	return m.ID
}

func (h *hall) deny(set permissions.Set) {
	h.t.Helper()
	h.owner.Must(h.t, http.MethodPatch, "/channels/"+h.channel.String(), object{
		"permission_overwrites": []object{{"id": h.guild, "type": 0, "allow": "0", "deny": set.String()}},
	}, nil)
}

// at is the path of the message's reactions, with segments escaped.
func (h *hall) at(segments ...string) string { return at(h.channel, h.message, segments...) }

func at(channel, message snowflake.ID, segments ...string) string {
	parts := []string{fmt.Sprintf("/channels/%s/messages/%s/reactions", channel, message)}
	for _, s := range segments {
		parts = append(parts, url.PathEscape(s))
	}
	return strings.Join(parts, "/")
}

func (h *hall) reactions(c *apitest.Client) []discord.Reaction {
	h.t.Helper()
	var m discord.Message
	c.Must(h.t, http.MethodGet, fmt.Sprintf("/channels/%s/messages/%s", h.channel, h.message), nil, &m)
	return m.Reactions
}

// since returns the events of a log after a seq.
func (h *hall) since(log snowflake.ID, seq int64) (kinds []string, data []json.RawMessage) {
	h.t.Helper()
	for _, e := range h.Events(h.t, log, seq) {
		kinds, data = append(kinds, e.Head.Type), append(data, e.Data)
	}
	return kinds, data
}

func TestReactionComesAndGoes(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	before := h.Seq(t, h.guild)
	for range 2 {
		h.owner.Must(t, http.MethodPut, h.at("👍", "@me"), nil, nil)
	}
	h.member.Must(t, http.MethodPut, h.at("👍", "0", "@me"), nil, nil) // as user clients ask for it
	h.member.Must(t, http.MethodPut, h.at("❤️", "@me"), nil, nil)
	got := h.reactions(h.owner)
	if len(got) != 2 || *got[0].Emoji.Name != "👍" || got[0].Emoji.ID != nil || got[0].Count != 2 || !got[0].Me ||
		got[0].CountDetails.Normal != 2 || got[0].BurstColors == nil || got[1].Me || got[1].Count != 1 {
		t.Errorf("%+v", got)
	}
	kinds, data := h.since(h.guild, before)
	if !slices.Equal(kinds, slices.Repeat([]string{discord.EventMessageReactionAdd}, 3)) {
		t.Fatalf("events %v", kinds)
	}
	var event discord.ReactionEvent
	if err := json.Unmarshal(data[0], &event); err != nil {
		t.Fatal(err)
	}
	if event.UserID != h.owner.ID || event.ChannelID != h.channel || event.MessageID != h.message || *event.GuildID != h.guild ||
		event.Member == nil || event.Member.User.ID != h.owner.ID || *event.MessageAuthorID != h.member.ID ||
		event.Burst || event.Type != 0 || *event.Emoji.Name != "👍" {
		t.Errorf("%s", data[0])
	}

	before = h.Seq(t, h.guild)
	for range 2 {
		h.owner.Must(t, http.MethodDelete, h.at("👍", "@me"), nil, nil)
	}
	h.owner.Must(t, http.MethodDelete, h.at("👍", h.member.ID.String()), nil, nil)
	h.owner.Must(t, http.MethodDelete, h.at("❤️", "0", h.member.ID.String()), nil, nil)
	kinds, data = h.since(h.guild, before)
	if !slices.Equal(kinds, slices.Repeat([]string{discord.EventMessageReactionRemove}, 3)) {
		t.Fatalf("events %v", kinds)
	}
	event = discord.ReactionEvent{}
	if err := json.Unmarshal(data[1], &event); err != nil || event.UserID != h.member.ID || event.Member != nil || event.MessageAuthorID != nil {
		t.Errorf("%s %v", data[1], err)
	}
	if got := h.reactions(h.owner); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestClearing(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for _, emoji := range []string{"👍", "🎉"} {
		h.owner.Must(t, http.MethodPut, h.at(emoji, "@me"), nil, nil)
		h.member.Must(t, http.MethodPut, h.at(emoji, "@me"), nil, nil)
	}
	h.member.Fails(t, http.MethodDelete, h.at("👍"), nil, discord.ErrMissingPermissions)
	h.member.Fails(t, http.MethodDelete, h.at(), nil, discord.ErrMissingPermissions)
	h.member.Fails(t, http.MethodDelete, h.at("👍", h.owner.ID.String()), nil, discord.ErrMissingPermissions)
	before := h.Seq(t, h.guild)
	h.owner.Must(t, http.MethodDelete, h.at("👍"), nil, nil)
	if got := h.reactions(h.member); len(got) != 1 || *got[0].Emoji.Name != "🎉" {
		t.Errorf("%+v", got)
	}
	h.owner.Must(t, http.MethodDelete, h.at("👍"), nil, nil)
	for range 2 {
		h.owner.Must(t, http.MethodDelete, h.at(), nil, nil)
	}
	kinds, data := h.since(h.guild, before)
	if !slices.Equal(kinds, []string{discord.EventMessageReactionRemoveEmo, discord.EventMessageReactionRemoveAll}) {
		t.Fatalf("events %v", kinds)
	}
	var event discord.ReactionClearEvent
	if err := json.Unmarshal(data[0], &event); err != nil || *event.Emoji.Name != "👍" || *event.GuildID != h.guild {
		t.Errorf("%s %v", data[0], err)
	}
}

func TestWhoReacted(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	clients := []*apitest.Client{h.owner, h.member}
	for range 3 {
		c := h.User(t)
		h.Join(t, h.guild, c)
		clients = append(clients, c)
	}
	var want []snowflake.ID
	for _, c := range clients {
		c.Must(t, http.MethodPut, h.at("👍", "@me"), nil, nil)
		want = append(want, c.ID)
	}
	slices.Sort(want)
	list := func(query string) (ids []snowflake.ID) {
		var users []discord.User
		h.member.Must(t, http.MethodGet, h.at("👍")+query, nil, &users)
		if users == nil {
			t.Error("null instead of a list")
		}
		for _, u := range users {
			ids = append(ids, u.ID)
		}
		return ids
	}
	if got := list(""); !slices.Equal(got, want) {
		t.Errorf("%v, expected %v", got, want)
	}
	if got := list("?limit=2&after=" + want[1].String()); !slices.Equal(got, want[2:4]) {
		t.Errorf("%v, expected %v", got, want[2:4])
	}
	if got := list("?type=1"); len(got) != 0 {
		t.Errorf("%d burst reactions", len(got))
	}
	var none []discord.User
	h.member.Must(t, http.MethodGet, h.at("🎉"), nil, &none)
	if len(none) != 0 {
		t.Errorf("%v", none)
	}
	h.member.Fails(t, http.MethodGet, h.at("👍")+"?limit=101", nil, discord.ErrInvalidForm)
	h.member.Fails(t, http.MethodGet, at(h.channel, h.message+1, "👍"), nil, discord.ErrUnknownMessage)
}

func TestReactingNeedsPermissions(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for _, text := range []string{"thumbsup", "party:123456789012345678", ":+1:", "👍👍"} {
		h.owner.Fails(t, http.MethodPut, h.at(text, "@me"), nil, discord.ErrUnknownEmoji)
	}
	h.owner.Fails(t, http.MethodPut, at(h.channel, h.message+1, "👍", "@me"), nil, discord.ErrUnknownMessage)
	h.User(t).Fails(t, http.MethodPut, h.at("👍", "@me"), nil, discord.ErrMissingAccess)

	h.deny(permissions.AddReactions)
	h.member.Fails(t, http.MethodPut, h.at("👍", "@me"), nil, discord.ErrMissingPermissions)
	h.owner.Must(t, http.MethodPut, h.at("👍", "@me"), nil, nil)
	h.member.Must(t, http.MethodPut, h.at("👍", "@me"), nil, nil) // joining in needs no permission
	h.deny(permissions.ReadMessageHistory)
	h.member.Fails(t, http.MethodPut, h.at("👍", "@me"), nil, discord.ErrMissingPermissions)
	h.member.Fails(t, http.MethodGet, h.at("👍"), nil, discord.ErrMissingPermissions)

	h.owner.Must(t, http.MethodDelete, fmt.Sprintf("/channels/%s/messages/%s", h.channel, h.message), nil, nil)
	h.owner.Fails(t, http.MethodPut, h.at("🎉", "@me"), nil, discord.ErrUnknownMessage)
}

// However many react at once, there are at most 20 emojis, and each reaction is one event.
func TestLimitHoldsUnderARace(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	before := h.Seq(t, h.guild)
	var all sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for i := range 26 {
		for _, c := range []*apitest.Client{h.owner, h.member} {
			all.Go(func() {
				answer := c.Do(t, http.MethodPut, h.at(string(rune('😀'+i)), "@me"), nil)
				mu.Lock()
				defer mu.Unlock()
				statuses[answer.Status]++
			})
		}
	}
	all.Wait()
	total := 0
	got := h.reactions(h.owner)
	for _, r := range got {
		total += r.Count
	}
	kinds, _ := h.since(h.guild, before)
	if len(got) != 20 || statuses[http.StatusNoContent] != total || len(kinds) != total {
		t.Errorf("%d emojis, %d reactions, %d events, answers %v", len(got), total, len(kinds), statuses)
	}
	h.owner.Fails(t, http.MethodPut, h.at("🎉", "@me"), nil, discord.ErrTooManyReactions)
}

func TestReactionInDM(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	var dm discord.Channel
	h.owner.Must(t, http.MethodPost, "/users/@me/channels", object{"recipient_id": h.member.ID}, &dm)
	message := h.post(h.owner, dm.ID)
	before := h.Seq(t, h.member.ID)
	h.member.Must(t, http.MethodPut, at(dm.ID, message, "👍", "@me"), nil, nil)
	h.member.Must(t, http.MethodDelete, at(dm.ID, message, "👍", "@me"), nil, nil)
	h.owner.Fails(t, http.MethodDelete, at(dm.ID, message), nil, discord.ErrMissingPermissions)
	for _, log := range []snowflake.ID{h.owner.ID, h.member.ID} {
		kinds, data := h.since(log, h.Seq(t, log)-2)
		if !slices.Equal(kinds, []string{discord.EventMessageReactionAdd, discord.EventMessageReactionRemove}) {
			t.Fatalf("events %v", kinds)
		}
		var event discord.ReactionEvent
		if err := json.Unmarshal(data[0], &event); err != nil || event.GuildID != nil || event.Member != nil || *event.MessageAuthorID != h.owner.ID {
			t.Errorf("%s %v", data[0], err)
		}
	}
	if got := h.Seq(t, h.member.ID); got != before+2 {
		t.Errorf("%d events, expected 2", got-before)
	}
}
