package main

import (
	"encoding/json"
	"slices"
	"testing"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// sidebar is a client's member list, whose rows are kept as known clients keep them.
type sidebar struct {
	c    *client
	id   string
	rows []sidebarRow
}

type sidebarRow struct {
	Group *struct {
		ID    string `json:"id"`
		Count int    `json:"count"`
	} `json:"group"`
	Member *struct {
		User     discord.User
		Presence struct{ Status string }
	} `json:"member"`
}

// String is a group's id, or a member's id and status.
func (r sidebarRow) String() string {
	switch {
	case r.Group != nil:
		return r.Group.ID
	case r.Member != nil:
		return r.Member.User.ID.String() + " " + r.Member.Presence.Status
	}
	return "?"
}

// take applies one GUILD_MEMBER_LIST_UPDATE, and returns its operations.
func (s *sidebar) take(data json.RawMessage) (ops []string) {
	s.c.t.Helper()
	var update struct {
		ID  string
		Ops []struct {
			Op    string
			Range [2]int
			Index int
			Items []sidebarRow
			Item  sidebarRow
		}
	}
	s.c.decode(data, &update)
	if update.ID != s.id {
		s.id, s.rows = update.ID, nil
	}
	for _, op := range update.Ops {
		ops = append(ops, op.Op)
		switch op.Op {
		case "SYNC":
			s.rows = slices.Concat(s.rows[:op.Range[0]], op.Items)
		case "INSERT":
			s.rows = slices.Insert(s.rows, op.Index, op.Item)
		case "UPDATE":
			s.rows[op.Index] = op.Item
		case "DELETE":
			s.rows = slices.Delete(s.rows, op.Index, op.Index+1)
		case "INVALIDATE":
			s.rows = nil
		}
	}
	return ops
}

// until reads on until the list is as wanted.
func (s *sidebar) until(want ...string) {
	s.c.t.Helper()
	for {
		var got []string
		for _, r := range s.rows {
			got = append(got, r.String())
		}
		if slices.Equal(got, want) {
			return
		}
		f, err := s.c.tryRead()
		if err != nil {
			s.c.t.Fatalf("list is %q, want %q: %v", got, want, err)
		}
		if f.Op == discord.OpDispatch && *f.T == discord.EventGuildMemberListUpdate {
			s.take(f.D)
		}
	}
}

// person connects a person's client; it returns after READY.
func (w *world) person(a account, more map[string]any) *client {
	w.t.Helper()
	c := w.greeted("")
	c.identify(a, more)
	c.ready()
	return c
}

func (c *client) watch(g *guild, ranges ...[2]int) *sidebar {
	c.t.Helper()
	c.send(discord.OpGuildSubscriptionsBulk, map[string]any{"subscriptions": map[string]any{
		g.id.String(): map[string]any{"typing": true, "channels": map[string]any{g.channel.String(): ranges}},
	}})
	return &sidebar{c: c}
}

var firstRows = [2]int{0, 99}

func is(a account, status string) string { return a.id.String() + " " + status }

func TestMemberListKeepsUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alice, bob, carol := w.user(), w.user(), w.user()
	g := w.guild(alice, bob)
	c := w.person(alice, nil)
	list := c.watch(g, firstRows)
	list.until("online", is(alice, "online"), "offline", is(bob, "offline"))
	if list.id != "everyone" {
		t.Errorf("list %q", list.id)
	}
	other := w.person(bob, map[string]any{"presence": map[string]any{"status": "dnd", "activities": []any{}}})
	list.until("online", is(alice, "online"), is(bob, "dnd"))
	w.join(g, carol)
	list.until("online", is(alice, "online"), is(bob, "dnd"), "offline", is(carol, "offline"))

	// Op 14 is the older form of the same.
	other.send(discord.OpGuildSubscriptions, map[string]any{
		"guild_id": g.id, "channels": map[string]any{g.channel.String(): [][2]int{firstRows}},
	})
	theirs := &sidebar{c: other}
	theirs.until("online", is(alice, "online"), is(bob, "dnd"), "offline", is(carol, "offline"))

	w.leave(g, carol)
	list.until("online", is(alice, "online"), is(bob, "dnd"))
	theirs.until("online", is(alice, "online"), is(bob, "dnd"))
	w.must(c.ws.Close()) // without a word: alice may come back
	other.send(discord.OpGuildSubscriptions, map[string]any{"guild_id": g.id, "channels": map[string]any{}})
	theirs.until()
}

func TestMemberListOfHiddenChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, guest, third := w.user(), w.user(), w.user()
	g := w.guild(owner, guest, third)
	inside, outside := w.person(owner, nil), w.person(guest, nil)
	lists := [2]*sidebar{inside.watch(g, firstRows), outside.watch(g, firstRows)}
	for _, list := range lists {
		list.until("online", is(owner, "online"), is(guest, "online"), "offline", is(third, "offline"))
	}
	w.denyView(g, true)
	lists[0].until("online", is(owner, "online")) // of another list
	if lists[0].id == "everyone" {
		t.Errorf("list %q of a hidden channel", lists[0].id)
	}
	w.person(third, nil)
	w.denyView(g, false)
	for {
		f := outside.read()
		if f.Op != discord.OpDispatch || *f.T != discord.EventGuildMemberListUpdate {
			continue
		}
		// Nothing is told while the channel is hidden; then the list as it is.
		if ops := lists[1].take(f.D); !slices.Equal(ops, []string{"SYNC"}) {
			t.Errorf("got %v", ops)
		}
		break
	}
	lists[1].until("online", is(owner, "online"), is(guest, "online"), is(third, "online"))
}

func TestMemberListOutlivesConnectionAndPod(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alice, bob := w.user(), w.user()
	g := w.guild(alice, bob)
	c := w.person(alice, nil)
	list := c.watch(g, firstRows)
	list.until("online", is(alice, "online"), "offline", is(bob, "offline"))
	c.beat()
	c.cut()
	bobs := w.person(bob, nil)
	c = w.resume(c, alice)
	list.c = c
	list.until("online", is(alice, "online"), is(bob, "online")) // what was missed is told, and no more

	c.beat()
	w.eventually("the record has the subscription", func() bool { return w.subscribed(c.id) })
	c.cut()
	w.pod.kill()
	p := w.start(named("gateway-0-1"))
	c = w.resumeAt(p, c, alice)
	c.until(discord.EventResumed)
	if ops := list.take(c.until(discord.EventGuildMemberListUpdate)); !slices.Equal(ops, []string{"SYNC"}) {
		t.Errorf("on another pod got %v", ops)
	}
	list.c = c
	list.until("online", is(alice, "online"), is(bob, "online"))
	bobs = w.resumeAt(p, bobs, bob)
	bobs.until(discord.EventResumed)
	bobs.send(discord.OpPresenceUpdate, map[string]any{"status": "idle", "activities": []any{}, "since": nil, "afk": false})
	list.until("online", is(alice, "online"), is(bob, "idle"))
}

// subscribed reports whether a session's record has subscriptions.
func (w *world) subscribed(session string) bool {
	w.t.Helper()
	record, err := journal.NewSessions(w.rdb).Get(w.t.Context(), session)
	w.must(err)
	return len(record.Subscriptions) > 0
}

func TestMalformedSubscriptionsCloseTheConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.user()
	g := w.guild(a)
	for _, d := range []string{`[]`, `{"subscriptions":{"1":{"channels":{"2":[[0,-1]]}}}}`, `null`} {
		c := w.person(a, nil)
		c.sendRaw(`{"op":37,"d":` + d + `}`)
		c.closed(discord.CloseDecodeError)
	}
	c := w.person(a, nil)
	// A guild that the user is not in, and a channel that there is not, are no mistake of the protocol.
	c.send(discord.OpGuildSubscriptionsBulk, map[string]any{"subscriptions": map[string]any{
		"1":           map[string]any{"channels": map[string]any{"2": [][2]int{firstRows}}},
		g.id.String(): map[string]any{"channels": map[string]any{"2": [][2]int{firstRows}}},
	}})
	c.beat()
}

func TestBotsHaveNoMemberLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, discord.IntentGuilds)
	c.dispatch(discord.EventGuildCreate)
	c.watch(g, firstRows)
	c.send(discord.OpGuildSync, []snowflake.ID{g.id})
	c.send(discord.OpHeartbeat, c.seq)
	if f := c.read(); f.Op != discord.OpHeartbeatACK {
		t.Errorf("got op %d %s", f.Op, deref(f.T))
	}
}
