package main

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/gateway/session"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/redistest"
	"guildhall.chat/guildhall/internal/snowflake"
)

// resumeAt continues c's session on another pod from what c has seen.
func (w *world) resumeAt(p *pod, c *client, a account) *client {
	w.t.Helper()
	next := w.dialPod(p, "/?v=10&encoding=json", nil)
	next.read() // HELLO
	next.seq, next.id = c.seq, c.id
	next.send(discord.OpResume, map[string]any{"token": a.token, "session_id": c.id, "seq": c.seq})
	return next
}

// missed reads the messages that are sent again until RESUMED.
func (c *client) missed() (ids []snowflake.ID) {
	c.t.Helper()
	for {
		f := c.read()
		switch {
		case f.Op == discord.OpInvalidSession:
			c.t.Fatalf("invalid session, d %s", f.D)
		case f.Op != discord.OpDispatch:
		case *f.T == discord.EventResumed:
			return ids
		case *f.T == discord.EventMessageCreate:
			id, _ := c.messageOf(f.D)
			ids = append(ids, id)
		}
	}
}

// refused reads the answer to a RESUME that can't be served: op 9 with d.
func (c *client) refused(d string) {
	c.t.Helper()
	for {
		f := c.read()
		if f.Op == discord.OpDispatch {
			c.t.Errorf("got %s %s", *f.T, f.D)
		}
		if f.Op == discord.OpInvalidSession {
			if string(f.D) != d {
				c.t.Errorf("op 9 with d %s, want %s", f.D, d)
			}
			return
		}
	}
}

func (c *client) mustGet(want ...snowflake.ID) {
	c.t.Helper()
	for _, id := range want {
		if got, _ := c.messageOf(c.until(discord.EventMessageCreate)); got != id {
			c.t.Errorf("message %s, want %s", got, id)
		}
	}
}

func same(t *testing.T, got []snowflake.ID, want ...snowflake.ID) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("sent again %v, want %v", got, want)
	}
}

// A session outlives its pods, one after the other, with all that was sent while nobody served it.
func TestSessionOutlivesItsPods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, withMessages)
	c.dispatch(discord.EventGuildCreate)
	c.mustGet(w.message(g, owner, "received"))

	p := w.pod
	for round := range 3 {
		seq := c.seq
		sent := []snowflake.ID{w.message(g, owner, "sent, and lost with the pod"), w.message(g, owner, "the same")}
		c.mustGet(sent...)
		c.seq = seq
		c.cut()
		p.kill()
		sent = append(sent, w.message(g, owner, "while nobody serves"))
		p = w.start(named(fmt.Sprintf("gateway-0-%d", round+1)))
		sent = append(sent, w.message(g, owner, "before the resume"))
		c = w.resumeAt(p, c, bot)
		same(t, c.missed(), sent...)
		c.mustGet(w.message(g, owner, "on the new pod"))
		c.beat()
	}
	// There it can be resumed, too, as if it had always been there.
	seq := c.seq
	again := w.message(g, owner, "again")
	c.mustGet(again)
	c.seq = seq
	c = w.resumeAt(p, c, bot)
	same(t, c.missed(), again)
}

// While its pod is alive but out of the client's reach, a session moves all the same, and its old pod gives it up.
func TestSessionMovesFromALivingPod(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.start(named("gateway-0-1"))
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, withMessages)
	c.dispatch(discord.EventGuildCreate)
	for _, p := range []*pod{other, w.pod, other, w.pod} {
		seq := c.seq
		first := w.message(g, owner, "sent")
		c.mustGet(first)
		c.seq = seq
		next := w.resumeAt(p, c, bot)
		same(t, next.missed(), first)
		next.mustGet(w.message(g, owner, "here"))
		c = next
	}
	// The sessions that were left behind are found out when they are asked for, and when they change.
	if n := w.pod.sessions.Len(); n != 1 {
		t.Errorf("%d sessions on the pod", n)
	}
}

func TestDrainedPodsSessionsGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, withMessages)
	c.dispatch(discord.EventGuildCreate)
	c.mustGet(w.message(g, owner, "before"))
	other := w.start(named("gateway-0-1"))
	stopped := make(chan struct{})
	go func() {
		w.pod.stop()
		close(stopped)
	}()
	c.untilOp(discord.OpReconnect)
	c.closed(discord.CloseUnknownError)
	missed := w.message(g, owner, "missed")
	next := w.resumeAt(other, c, bot)
	same(t, next.missed(), missed)
	<-stopped
	next.mustGet(w.message(g, owner, "after"))

	// So they do when the pod is long gone.
	seq := next.seq
	another := w.message(g, owner, "another")
	next.mustGet(another)
	next.seq = seq
	third := w.start(named("gateway-0-2"))
	next.cut()
	other.stop()
	last := w.resumeAt(third, next, bot)
	same(t, last.missed(), another)
}

// What a session may no longer see it is not sent, and what it could see then can't be told: it starts anew.
func TestRevokedAccessEndsASessionThatMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, withMessages)
	c.dispatch(discord.EventGuildCreate)
	c.cut()
	w.pod.kill()
	w.message(g, owner, "seen, had it been there")
	w.denyView(g, true)
	w.message(g, owner, "hidden")
	other := w.start(named("gateway-0-1"))
	w.resumeAt(other, c, bot).refused("false")
}

func TestRemovedMembersSessionStartsAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, withMessages)
	c.dispatch(discord.EventGuildCreate)
	c.cut()
	w.pod.kill()
	w.leave(g, bot)
	w.message(g, owner, "hidden")
	other := w.start(named("gateway-0-1"))
	w.resumeAt(other, c, bot).refused("false")
}

// Of two pods that a session is resumed on at once, one gets it. The other's client is not told that it is gone.
func TestOneClaimWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pods := []*pod{w.start(named("gateway-0-1")), w.start(named("gateway-0-2"))}
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, withMessages)
	c.dispatch(discord.EventGuildCreate)
	c.mustGet(w.message(g, owner, "first"))
	c.cut()
	w.pod.kill()
	missed := w.message(g, owner, "missed")

	clients := make([]*client, len(pods))
	var all sync.WaitGroup
	for i, p := range pods {
		clients[i] = w.dialPod(p, "/?v=10&encoding=json", nil)
		clients[i].read()
		clients[i].seq, clients[i].id = c.seq, c.id
	}
	frames := make([]frame, len(pods))
	for i := range pods {
		all.Go(func() {
			clients[i].send(discord.OpResume, map[string]any{"token": bot.token, "session_id": c.id, "seq": c.seq})
			frames[i], _ = clients[i].tryRead()
		})
	}
	all.Wait()
	winners := 0
	for i, f := range frames {
		if f.Op == discord.OpDispatch {
			winners++
			if id, _ := clients[i].messageOf(f.D); id != missed {
				t.Errorf("sent again %s, want %s", f.D, missed)
			}
			clients[i].dispatch(discord.EventResumed)
			clients[i].mustGet(w.message(g, owner, "after"))
		} else if f.Op != discord.OpInvalidSession {
			t.Errorf("op %d %s", f.Op, f.D)
		}
	}
	if winners != 1 {
		t.Errorf("%d pods have the session", winners)
	}
}

// A guild that a client was not told of yet comes where it would have come, and what happened in it after that follows.
func TestGuildThatWasNotReceivedComesAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, withMessages)
	atReady := c.seq
	c.dispatch(discord.EventGuildCreate)
	sent := []snowflake.ID{w.message(g, owner, "first")}
	c.mustGet(sent...)
	late := w.guild(owner)
	w.join(late, bot)
	c.until(discord.EventGuildCreate)
	sent = append(sent, w.message(late, owner, "second"))
	c.mustGet(sent[1])
	c.cut()
	w.pod.kill()
	sent = append(sent, w.message(late, owner, "third"))
	afterwards := w.guild(owner)
	w.join(afterwards, bot)
	other := w.start(named("gateway-0-1"))

	c.seq = atReady
	next := w.resumeAt(other, c, bot)
	var got []string
	for len(got) == 0 || got[len(got)-1] != discord.EventResumed {
		f := next.read()
		what := *f.T
		switch what {
		case discord.EventGuildCreate:
			var created discord.UnavailableGuild
			next.decode(f.D, &created)
			what += " " + created.ID.String()
		case discord.EventMessageCreate:
			id, _ := next.messageOf(f.D)
			what += " " + id.String()
		}
		got = append(got, what)
	}
	want := []string{
		"GUILD_CREATE " + g.id.String(), "MESSAGE_CREATE " + sent[0].String(),
		"GUILD_CREATE " + late.id.String(), "MESSAGE_CREATE " + sent[1].String(), "MESSAGE_CREATE " + sent[2].String(),
		"RESUMED",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	var created discord.UnavailableGuild
	next.decode(next.dispatch(discord.EventGuildCreate), &created)
	if created.ID != afterwards.id {
		t.Errorf("guild %s, want %s, which was joined while nobody served", created.ID, afterwards.id)
	}
	next.mustGet(w.message(afterwards, owner, "there"))
}

// Members that were asked for are told again unless the client has them all.
func TestMemberRequestGoesWithTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot := w.bot(allPrivileged)
	g := w.guild(w.user(), bot)
	w.crowd(g, 1500)
	c := w.connect(bot, discord.IntentGuilds|discord.IntentGuildMembers)
	c.dispatch(discord.EventGuildCreate)
	ask := func(nonce string) {
		c.send(discord.OpRequestGuildMembers, map[string]any{"guild_id": g.id, "query": "crowd", "limit": 7, "nonce": nonce})
	}
	ask("received")
	if got := c.chunk(); *got.Nonce != "received" || len(got.Members) != 7 {
		t.Fatalf("chunk %+v", got)
	}
	seq := c.seq
	c.send(discord.OpRequestGuildMembers, map[string]any{"guild_id": g.id, "query": "", "limit": 0, "nonce": "all"})
	for range 2 {
		c.chunk()
	}
	c.seq = seq
	c.cut()
	w.pod.kill()
	next := w.resumeAt(w.start(named("gateway-0-1")), c, bot)
	next.dispatch(discord.EventResumed)
	for i := range 2 {
		if got := next.chunk(); *got.Nonce != "all" || got.Index != i {
			t.Errorf("chunk %d: nonce %s, index %d", i, *got.Nonce, got.Index)
		}
	}
	next.beat()
}

// A person's client has its guilds in READY, and DMs.
func TestUsersSessionMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, friend := w.user(), w.user()
	g := w.guild(friend, user)
	dm := func(content string) snowflake.ID {
		id := w.store.NewID()
		w.emit(user.id, events.Header{Type: discord.EventMessageCreate}, discord.MessageEvent{Message: discord.Message{
			ID: id, ChannelID: 7, Author: discord.User{ID: friend.id}, Content: content,
			Attachments: []discord.Attachment{}, Components: discord.EmptyList,
		}, ChannelType: discord.ChannelDM})
		return id
	}
	c := w.greeted("")
	c.identify(user, map[string]any{"presence": map[string]any{"status": "dnd"}})
	c.ready()
	first := dm("first")
	c.mustGet(first)
	seq := c.seq
	lost := []snowflake.ID{w.message(g, friend, "lost"), dm("lost")}
	got := map[snowflake.ID]bool{}
	for range lost {
		id, _ := c.messageOf(c.until(discord.EventMessageCreate))
		got[id] = true
	}
	c.seq = seq
	c.cut()
	w.pod.kill()
	lost = append(lost, dm("later"), w.message(g, friend, "later"))
	other := w.start(named("gateway-0-1"))
	next := w.resumeAt(other, c, user)
	again := map[snowflake.ID]bool{}
	for _, id := range next.missed() {
		again[id] = true
	}
	for _, id := range lost {
		if !again[id] {
			t.Errorf("%s was not sent again", id)
		}
	}
	if len(again) != len(lost) {
		t.Errorf("%d sent again, want %d", len(again), len(lost))
	}
	next.mustGet(dm("on the new pod")) // one after the other: a guild's events and a user's have no order among them
	next.mustGet(w.message(g, friend, "on the new pod"))
	// The record, and so the next pod, knows what the session says of itself.
	next.send(discord.OpPresenceUpdate, map[string]any{"since": nil, "activities": []any{}, "status": "idle", "afk": false})
	records := journal.NewSessions(w.rdb)
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		record, err := records.Get(t.Context(), c.id)
		w.must(err)
		if record.Owner == other.process && string(record.Presence) != "" && containsStatus(record.Presence, "idle") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the record says %s", record.Presence)
		}
	}
}

func containsStatus(presence []byte, status string) bool {
	var p struct{ Status string }
	return json.Unmarshal(presence, &p) == nil && p.Status == status
}

// A client that does not even have what it had when its session moved must start anew.
func TestResumeFromBeforeAMove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, withMessages)
	c.dispatch(discord.EventGuildCreate)
	before := c.seq
	c.cut()
	w.pod.kill()
	second := w.start(named("gateway-0-1"))
	missed := w.message(g, owner, "missed")
	c = w.resumeAt(second, c, bot)
	same(t, c.missed(), missed)
	// Where it moved to, that is still known.
	c.seq = before
	c = w.resumeAt(second, c, bot)
	same(t, c.missed(), missed)
	c.cut()
	second.kill()
	third := w.start(named("gateway-0-2"))
	c.seq = before
	w.resumeAt(third, c, bot).refused("false")
}

// What nobody has a record of, or what belongs to somebody else, is refused everywhere.
func TestResumeElsewhereRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.start(named("gateway-0-1"))
	bot, stranger := w.bot(allPrivileged), w.bot(0)
	c := w.connect(bot, 0)
	w.resumeAt(other, c, stranger).refused("false")
	c.beat()

	ended := w.connect(w.bot(0), 0)
	w.must(ended.ws.WriteControl(8, []byte{1000 >> 8, 1000 & 0xff}, time.Now().Add(patience)))
	ended.closed(discord.CloseCode(1000))
	gone := &client{t: t, seq: ended.seq, id: ended.id}
	w.eventually("the record is removed", func() bool {
		_, err := journal.NewSessions(w.rdb).Get(t.Context(), ended.id)
		return err != nil
	})
	w.resumeAt(other, gone, bot).refused("false")
}

// While a session's old pod sends more than its history keeps, the journal still knows.
func TestShortHistoryFallsBackToTheJournal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, withMessages)
	c.dispatch(discord.EventGuildCreate)
	seq := c.seq
	c.beat() // what was made for it alone is let go
	first := w.message(g, owner, "first")
	c.mustGet(first)
	c.seq = seq - 1 // from before what it has acknowledged: GUILD_CREATE is made again
	next := w.resumeAt(w.pod, c, bot)
	next.dispatch(discord.EventGuildCreate)
	same(t, next.missed(), first)
}

func (w *world) eventually(what string, ok func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("not in time: %s", what)
		}
	}
}

// When the Redis master of a pod's journal is away, the pod goes on without. A client that has got into that stretch can't
// move, until it is past it.
func TestJournalsMasterIsAway(t *testing.T) {
	t.Parallel()
	instance := redistest.New(t)
	w := newWorldOn(t, clientOf(t, instance))
	masterOf := func(key string) string {
		node, err := w.rdb.MasterForKey(t.Context(), key)
		w.must(err)
		return node.Options().Addr
	}
	journalAt := masterOf("journal:{" + string(w.pod.process) + "}")
	elsewhere := func(id snowflake.ID) bool { return masterOf("log:{"+id.String()+"}") != journalAt }
	owner := w.user()
	var bots []account
	for len(bots) < 8 {
		if bot := w.bot(allPrivileged); elsewhere(bot.id) {
			bots = append(bots, bot)
		}
	}
	g, guilds := w.guild(owner, bots...), 1
	for ; !elsewhere(g.id); guilds++ {
		g = w.guild(owner, bots...)
	}
	var bot account
	var c *client
	for _, bot = range bots {
		c = w.connect(bot, withMessages)
		for range guilds { // of one that has not come yet, nothing is told
			c.until(discord.EventGuildCreate)
		}
		if masterOf("session:{"+c.id+"}") != journalAt {
			break
		}
	}
	other := w.start(named("gateway-0-1"))
	c.mustGet(w.message(g, owner, "before"))
	before := c.seq

	down := -1
	for i, addr := range instance.Addrs() {
		if addr == journalAt {
			down = i
		}
	}
	instance.Kill(t, down)
	first := w.message(g, owner, "without the journal")
	c.mustGet(first)
	if c.seq < before+journal.Jump {
		t.Errorf("the number went from %d to %d: nobody can tell that there was no journal", before, c.seq)
	}
	// Here it can be resumed.
	at := c.seq
	again := w.message(g, owner, "again")
	c.mustGet(again)
	c.seq = at
	c.cut()
	c = w.resume(c, bot)
	same(t, c.missed(), again)
	instance.Restart(t, down)

	// Elsewhere it can't go on from there, whether the journal is back yet or not.
	w.resumeAt(other, &client{t: t, seq: at, id: c.id}, bot).refused("false")
	reader := journal.NewReader(w.rdb)
	w.eventually("a message is journaled", func() bool {
		seq := c.seq
		c.mustGet(w.message(g, owner, "with the journal, perhaps"))
		record, err := journal.NewSessions(w.rdb).Get(t.Context(), c.id)
		w.must(err)
		_, err = reader.Read(t.Context(), w.pod.process, seq-record.Base)
		return err == nil
	})
	at = c.seq
	last := w.message(g, owner, "last")
	c.mustGet(last)
	c.seq = at
	c = w.resumeAt(other, c, bot)
	same(t, c.missed(), last)
}

// A pod whose records are out of reach says so: the client tries again.
func TestRecordsMasterIsAway(t *testing.T) {
	t.Parallel()
	instance := redistest.New(t)
	w := newWorldOn(t, clientOf(t, instance), func(c *session.Config) { c.OpenTimeout = 2 * time.Second })
	bot := w.bot(0)
	c := w.connect(bot, 0)
	node, err := w.rdb.MasterForKey(t.Context(), "session:{"+c.id+"}")
	w.must(err)
	down := 0
	for i, addr := range instance.Addrs() {
		if addr == node.Options().Addr {
			down = i
		}
	}
	c.cut()
	instance.Kill(t, down)
	next := w.resume(c, bot)
	next.refused("true")
	instance.Restart(t, down)
	w.eventually("the record is back", func() bool {
		_, err := journal.NewSessions(w.rdb).Get(t.Context(), c.id)
		return err == nil
	})
	next.send(discord.OpResume, map[string]any{"token": bot.token, "session_id": c.id, "seq": c.seq})
	next.dispatch(discord.EventResumed)
}

// All sessions of a pod move at once, while messages go on.
func TestStormOfMoves(t *testing.T) {
	t.Parallel()
	const users, each = 6, 25
	w := newWorld(t)
	people := make([]account, users)
	for i := range people {
		people[i] = w.user()
	}
	g := w.guild(people[0], people[1:]...)
	clients := make([]*client, 0, users*each)
	for _, a := range people {
		for range each {
			c := w.greeted("")
			c.identify(a, map[string]any{"intents": discord.IntentGuildMessages})
			c.ready()
			clients = append(clients, c)
		}
	}
	first := w.message(g, people[0], "first")
	for _, c := range clients {
		c.mustGet(first)
		c.cut()
	}
	w.pod.kill()
	other := w.start(named("gateway-0-1"))
	const n = 20
	var sent [n]snowflake.ID
	var all sync.WaitGroup
	all.Go(func() {
		for i := range sent {
			sent[i] = w.message(g, people[0], "m")
		}
	})
	got := make([][]snowflake.ID, len(clients))
	for i, c := range clients {
		all.Go(func() {
			next := w.dialPod(other, "/?v=10&encoding=json", nil)
			next.seq, next.id = c.seq, c.id
			if _, err := next.tryRead(); err != nil {
				t.Error(err)
				return
			}
			next.send(discord.OpResume, map[string]any{"token": people[i/each].token, "session_id": c.id, "seq": c.seq})
			for len(got[i]) < n {
				f, err := next.tryRead()
				if err != nil || f.Op == discord.OpInvalidSession {
					t.Errorf("op %d %s, %v", f.Op, f.D, err)
					return
				}
				if f.Op == discord.OpDispatch && *f.T == discord.EventMessageCreate {
					id, _ := next.messageOf(f.D)
					got[i] = append(got[i], id)
				}
			}
		})
	}
	all.Wait()
	for i := range got {
		if fmt.Sprint(got[i]) != fmt.Sprint(sent) {
			t.Errorf("session %d got %v, want %v", i, got[i], sent)
		}
	}
}

// Sessions go from pod to pod while messages flow and all pods serve others, too: whatever a pod has told before a session
// came, and wherever between two events it came, each message comes once and in order.
func TestSessionsMoveUnderTraffic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pods := []*pod{w.pod, w.start(named("gateway-0-1")), w.start(named("gateway-0-2"))}
	owner := w.user()
	movers := []account{w.user(), w.user(), w.user(), w.user()}
	g := w.guild(owner, movers...)
	for _, p := range pods {
		resident := w.dialPod(p, "/?v=10&encoding=json", nil)
		resident.read()
		resident.identify(owner, map[string]any{"intents": 0})
		resident.ready()
	}
	clients := make([]*client, len(movers))
	for i, a := range movers {
		clients[i] = w.greeted("")
		clients[i].identify(a, map[string]any{"intents": withMessages | discord.IntentDirectMessages})
		clients[i].ready()
	}
	const n = 250
	var sent []snowflake.ID
	var all sync.WaitGroup
	all.Go(func() {
		for range n {
			sent = append(sent, w.message(g, owner, "m"))
		}
	})
	type result struct {
		guild, direct []snowflake.ID
		moves         int
	}
	results := make([]result, len(movers))
	direct := make([][]snowflake.ID, len(movers))
	for i, a := range movers {
		all.Go(func() {
			for range n / 5 {
				id := w.store.NewID()
				w.emit(a.id, events.Header{Type: discord.EventMessageCreate}, discord.MessageEvent{Message: discord.Message{
					ID: id, ChannelID: 7, Attachments: []discord.Attachment{}, Components: discord.EmptyList,
				}, ChannelType: discord.ChannelDM})
				direct[i] = append(direct[i], id)
			}
		})
		all.Go(func() {
			r := &results[i]
			c := clients[i]
			stay := 5 // dispatches after RESUMED until the next move
			for len(r.guild) < n || len(r.direct) < n/5 {
				f, err := c.tryRead()
				if err != nil || f.Op == discord.OpInvalidSession {
					t.Errorf("session %d after %d moves: op %d %s, %v", i, r.moves, f.Op, f.D, err)
					return
				}
				switch {
				case f.Op != discord.OpDispatch:
					continue
				case *f.T == discord.EventMessageCreate:
					var m struct {
						ID      snowflake.ID
						GuildID snowflake.ID `json:"guild_id"`
					}
					c.decode(f.D, &m)
					if m.GuildID != 0 {
						r.guild = append(r.guild, m.ID)
					} else {
						r.direct = append(r.direct, m.ID)
					}
				case *f.T == discord.EventResumed:
					r.moves++
					stay = 1 + (i+r.moves)%8
				}
				if stay--; stay != 0 {
					continue
				}
				next := w.dialPod(pods[(r.moves+i)%len(pods)], "/?v=10&encoding=json", nil)
				if _, err := next.tryRead(); err != nil {
					t.Error(err)
					return
				}
				next.seq, next.id = c.seq, c.id
				next.send(discord.OpResume, map[string]any{"token": a.token, "session_id": c.id, "seq": c.seq})
				_ = c.ws.Close()
				c = next
			}
		})
	}
	all.Wait()
	for i, r := range results {
		if fmt.Sprint(r.guild) != fmt.Sprint(sent) {
			t.Errorf("session %d got of the guild %v\nwant %v", i, r.guild, sent)
		}
		if fmt.Sprint(r.direct) != fmt.Sprint(direct[i]) {
			t.Errorf("session %d got of its own log %v\nwant %v", i, r.direct, direct[i])
		}
		t.Logf("session %d moved %d times", i, r.moves)
	}
}
