package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/gateway/session"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// resume continues c's session on a new connection from what c has seen.
func (w *world) resume(c *client, a account) *client {
	w.t.Helper()
	next := w.greeted("")
	next.seq, next.id = c.seq, c.id
	next.send(discord.OpResume, map[string]any{"token": a.token, "session_id": c.id, "seq": c.seq})
	return next
}

func TestResumeReplaysEachOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, withMessages)
	c.dispatch(discord.EventGuildCreate)

	var sent, got []snowflake.ID
	read := func(c *client) {
		id, _ := c.messageOf(c.dispatch(discord.EventMessageCreate))
		got = append(got, id)
	}
	post := func(n int) {
		for range n {
			sent = append(sent, w.message(g, owner, "m"))
		}
	}
	for round := range 4 {
		post(3)
		read(c)
		if round%2 == 0 {
			c.cut()
		} // else the new connection takes over from the old, which is still there
		post(2)
		next := w.resume(c, bot)
		for range 4 {
			read(next)
		}
		var resumed map[string]any
		next.decode(next.dispatch(discord.EventResumed), &resumed)
		if _, ok := resumed["_trace"]; !ok {
			t.Errorf("RESUMED %v has no _trace", resumed)
		}
		post(1)
		read(next)
		if round%2 == 1 {
			c.closed(discord.CloseUnknownError)
		}
		c = next
	}
	if fmt.Sprint(got) != fmt.Sprint(sent) {
		t.Errorf("got  %v\nsent %v", got, sent)
	}
}

// A RESUMED that the client did not see is not replayed: it would end the replay too early.
func TestResumeAfterLostResumed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, withMessages)
	c.dispatch(discord.EventGuildCreate)
	second := w.resume(c, bot)
	second.dispatch(discord.EventResumed)
	w.message(g, owner, "m")
	second.dispatch(discord.EventMessageCreate)

	third := w.resume(c, bot) // from before RESUMED
	third.dispatch(discord.EventMessageCreate)
	third.dispatch(discord.EventResumed)
}

func TestResumeRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, other := w.bot(0), w.bot(0)
	c := w.connect(bot, 0)

	refused := func(name string, d map[string]any) {
		t.Helper()
		x := w.greeted("")
		x.send(discord.OpResume, d)
		if f := x.read(); f.Op != discord.OpInvalidSession || string(f.D) != "false" {
			t.Errorf("%s: op %d %s", name, f.Op, f.D)
		}
		// The connection is good for an IDENTIFY, which discordgo sends at once.
		x.identify(w.bot(0), map[string]any{"intents": 0})
		x.ready()
	}
	refused("made-up id", map[string]any{"token": bot.token, "session_id": "gateway-0-0.x.y", "seq": 1})
	refused("session of nobody", map[string]any{"token": bot.token, "session_id": w.keys.NewSessionID(testPod), "seq": 1})
	refused("session of another", map[string]any{"token": other.token, "session_id": c.id, "seq": 1})

	x := w.greeted("")
	x.send(discord.OpResume, map[string]any{"token": "nonsense", "session_id": c.id, "seq": 1})
	x.closed(discord.CloseAuthenticationFailed)
	for _, seq := range []any{1000, -1, nil} {
		x = w.greeted("")
		x.send(discord.OpResume, map[string]any{"token": bot.token, "session_id": c.id, "seq": seq})
		x.closed(discord.CloseInvalidSeq)
	}
	// None of that has touched the session.
	c.beat()
}

// A heartbeat with a seq says that the client has everything until then; what was made for it alone is let go, so a resume
// from before it is refused, honestly.
func TestResumeFromBeforeWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, withMessages)
	c.dispatch(discord.EventGuildCreate)
	c.beat()
	w.message(g, owner, "m")
	c.dispatch(discord.EventMessageCreate)
	next := w.resume(c, bot)
	next.dispatch(discord.EventResumed)

	next.seq = 0
	late := w.resume(next, bot)
	if f := late.read(); f.Op != discord.OpInvalidSession {
		t.Errorf("op %d %s", f.Op, f.D)
	}
}

func TestClosingForGoodEndsTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot := w.bot(0)
	for _, code := range []int{1000, 1001} {
		c := w.connect(bot, 0)
		w.must(c.ws.WriteControl(8, []byte{byte(code >> 8), byte(code)}, time.Now().Add(patience)))
		c.closed(discord.CloseCode(code)) // the reply
		next := w.resume(c, bot)
		if f := next.read(); f.Op != discord.OpInvalidSession {
			t.Errorf("after %d: op %d %s", code, f.Op, f.D)
		}
	}
}

func TestResumeWindowEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *session.Config) { c.ResumeWindow = 50 * time.Millisecond })
	bot := w.bot(0)
	c := w.connect(bot, 0)
	c.cut()
	deadline := time.Now().Add(patience)
	for w.pod.sessions.Len() > 0 {
		if time.Now().After(deadline) {
			t.Fatal("the session is still there")
		}
		time.Sleep(5 * time.Millisecond)
	}
	next := w.resume(c, bot)
	if f := next.read(); f.Op != discord.OpInvalidSession {
		t.Errorf("op %d %s", f.Op, f.D)
	}
}

// When events are gone that a session has not had, it is told so, and not left with a hole.
func TestLostEventsInvalidate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, withMessages)
	c.dispatch(discord.EventGuildCreate)
	_, err := w.exec(`update logs set seq = seq + 5 where id = $1`, g.id)
	w.must(err)
	w.message(g, owner, "behind the hole")
	if f := c.untilOp(discord.OpInvalidSession); string(f.D) != "false" {
		t.Errorf("op 9 %s", f.D)
	}
	c.seq = 0
	c.identify(bot, map[string]any{"intents": withMessages})
	c.ready()
	c.dispatch(discord.EventGuildCreate)
	id := w.message(g, owner, "after")
	if got, _ := c.messageOf(c.dispatch(discord.EventMessageCreate)); got != id {
		t.Errorf("message %s, want %s", got, id)
	}
}

// memberBot makes a bot that is in the guild.
func (w *world) memberBot(g *guild) account {
	w.t.Helper()
	bot := w.bot(allPrivileged)
	w.join(g, bot)
	return bot
}

// A client that does not read is closed before it costs much, and can go on where it was.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, withMessages)
	c.dispatch(discord.EventGuildCreate)

	const n = 58 // within what a session keeps for a replay, and with what the network holds more than may wait
	content := strings.Repeat("x", 250<<10)
	var sent []snowflake.ID
	for range n {
		sent = append(sent, w.message(g, owner, content))
	}
	// All are in the view when a session that comes later has the last.
	witness := w.connect(w.memberBot(g), withMessages)
	witness.dispatch(discord.EventGuildCreate)
	end := w.message(g, owner, "end")
	for {
		if id, _ := witness.messageOf(witness.until(discord.EventMessageCreate)); id == end {
			break
		}
	}
	sent = append(sent, end)

	var got []snowflake.ID
	read := func(c *client) bool {
		f, err := c.tryRead()
		if err != nil {
			return false
		}
		if f.Op == discord.OpDispatch && *f.T == discord.EventMessageCreate {
			id, _ := c.messageOf(f.D)
			got = append(got, id)
		}
		return true
	}
	for read(c) {
	}
	if len(got) == len(sent) {
		t.Fatal("the client was not closed")
	}
	next := w.resume(c, bot)
	for len(got) < len(sent) && read(next) {
	}
	if fmt.Sprint(got) != fmt.Sprint(sent) {
		t.Errorf("%d of %d messages, or out of order", len(got), len(sent))
	}
}
