package fanout

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// The design case: a guild of 100,000 members, 10,000 of them with sessions here, and 500 channels.
const (
	manyMembers  = 100_000
	manySessions = 10_000
	manyChannels = 500
)

// quiet returns a seatless session that keeps nothing it gets.
func quiet(g *Guild, p Profile) *Place {
	place := g.place(p)
	place.sub.(*sink).silent = true
	return place
}

func seatMany(b *testing.B, g *Guild, n int, intents discord.Intents) []*Place {
	b.Helper()
	places := make([]*Place, n)
	for i := range places {
		places[i] = quiet(g, botProfile(i, intents))
		if _, _, _, err := places[i].sit(g, withNothing); err != nil {
			b.Fatal(err)
		}
	}
	return places
}

// askAll has the sets of all channels made.
func askAll(g *Guild) {
	for id := range g.channels {
		g.receivers(scope{class: class{question: g.toRead(id), intents: discord.IntentGuildMessages}})
	}
}

// What one message costs the view, without the line: the same whatever the number of sessions.
func BenchmarkReceivers(b *testing.B) {
	for _, sessions := range []int{100, manySessions} {
		g := newView(b, sessions, manyChannels)
		seatMany(b, g, sessions, discord.IntentsAll)
		message := event(b, events.Header{Type: discord.EventMessageCreate, Channel: testText}, json.RawMessage(`{"id":"1"}`))
		d := newDispatch(message)
		b.Run(fmt.Sprintf("kept/%d", sessions), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if parts, err := g.divide(d, g.scope(&d.event)); err != nil || parts[0].To.Len() != sessions {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("after a role has changed/%d", sessions), func(b *testing.B) {
			for b.Loop() {
				g.rulesChanged()
				g.receivers(g.scope(&d.event))
			}
		})
		b.Run(fmt.Sprintf("after somebody has come or gone/%d", sessions), func(b *testing.B) {
			s := g.seats.table[sessions/2]
			for i := 0; b.Loop(); i++ {
				g.include(g.who(g.toRead(testText)), s, i%2 == 0)
				g.receivers(g.scope(&d.event))
			}
		})
	}
}

// One message to many sessions, through the line.
func BenchmarkFanOut(b *testing.B) {
	message := event(b, events.Header{Type: discord.EventMessageCreate, Channel: testText, User: owner},
		discord.MessageEvent{Message: discord.Message{ID: 1, ChannelID: testText, Content: strings.Repeat("word ", 100)}})
	message.Seq = 1
	for name, intents := range map[string]discord.Intents{
		"whole":   discord.IntentGuildMessages | discord.IntentMessageContent,
		"emptied": discord.IntentGuildMessages,
	} {
		b.Run(name, func(b *testing.B) {
			g := newView(b, 1000, 1)
			seatMany(b, g, 1000, intents)
			b.ReportAllocs()
			for b.Loop() {
				g.Event(message)
			}
			settle(b, g.hub.line)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/session")
		})
	}
}

// 10,000 sessions take their seats while all channels are in use.
func BenchmarkAttach(b *testing.B) {
	for _, channels := range []int{1, manyChannels} {
		b.Run(fmt.Sprintf("%d channels in use", channels), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				g := newView(b, manySessions, channels)
				seatMany(b, g, 1, discord.IntentsAll)
				askAll(g)
				b.StartTimer()
				seatMany(b, g, manySessions, discord.IntentsAll)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/manySessions, "ns/session")
		})
	}
}

// 10,000 bots enter a guild with GUILD_CREATE.
func BenchmarkStorm(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		g := newView(b, manySessions, 100)
		b.StartTimer()
		for i := range manySessions {
			if _, _, _, err := quiet(g, botProfile(i, discord.IntentsAll)).sit(g, withCreate); err != nil {
				b.Fatal(err)
			}
		}
		settle(b, g.hub.line)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/manySessions, "ns/session")
}

// Changes in the design case.
func BenchmarkChange(b *testing.B) {
	g := newView(b, manyMembers, manyChannels)
	for i := range manyMembers {
		m := someMember(i, []snowflake.ID{testRole + snowflake.ID(i%20)})
		_ = g.members.Put(&m)
	}
	seatMany(b, g, manySessions, discord.IntentsAll)
	askAll(g)
	run := func(name string, head events.Header, data func(i int) any) {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				e := event(b, head, data(i))
				e.Seq = g.seq.seq + 1
				b.StartTimer()
				g.Event(e)
			}
		})
	}
	run("a role's permissions", events.Header{Type: discord.EventGuildRoleUpdate}, func(i int) any {
		return discord.RoleEvent{Role: discord.Role{ID: testRole, Permissions: permissions.Set(i%2) * permissions.KickMembers}}
	})
	askAll(g)
	run("a member with a session", events.Header{Type: discord.EventGuildMemberUpdate}, func(i int) any {
		return discord.MemberEvent{Member: someMember(1, []snowflake.ID{testRole + snowflake.ID(i%2)})}
	})
	run("a member without", events.Header{Type: discord.EventGuildMemberUpdate}, func(i int) any {
		return discord.MemberEvent{Member: someMember(manyMembers-1, []snowflake.ID{testRole + snowflake.ID(i%2)})}
	})
	b.Run("a role of all is deleted", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			g := newView(b, 0, manyChannels)
			for i := range manyMembers {
				m := someMember(i, []snowflake.ID{testRole, testRole + 1 + snowflake.ID(i%20)})
				_ = g.members.Put(&m)
			}
			seatMany(b, g, manySessions, discord.IntentsAll)
			b.StartTimer()
			apply(b, g, events.Header{Type: discord.EventGuildRoleDelete}, discord.RoleDeleteEvent{RoleID: testRole})
		}
	})
}

// One session's GUILD_CREATE, as the guild's state allows to share it.
func BenchmarkGuildCreate(b *testing.B) {
	wide := func(b *testing.B, members int) *Guild {
		g := newView(b, members, 100)
		name, topic := "general", "What this channel is about"
		t := &topic
		for _, c := range g.channels {
			c.wire.Name, c.wire.Topic = &name, &t
			null := (*snowflake.ID)(nil)
			c.wire.LastMessageID = &null
		}
		return g
	}
	for _, test := range []struct {
		name    string
		members int
		intents discord.Intents
		active  bool
	}{
		{"own member", 10_000, discord.IntentGuilds, false},
		{"own member, with messages in between", 10_000, discord.IntentGuilds, true},
		{"all 250 members", 250, discord.IntentsAll, false},
		{"10,000 members with nicks", 10_000, discord.IntentsAll, false},
	} {
		b.Run(test.name, func(b *testing.B) {
			g := wide(b, test.members)
			if test.intents == discord.IntentsAll {
				nick := "x"
				for i := range test.members {
					m := someMember(i, nil)
					m.Nick = &nick
					_ = g.members.Put(&m)
				}
			}
			p := botProfile(1, test.intents)
			p.LargeThreshold = 250
			s := &seat{place: g.place(p), guild: g}
			message := event(b, events.Header{Type: discord.EventMessageCreate, Channel: testText}, json.RawMessage(`{"id":"1"}`))
			size := 0
			b.ReportAllocs()
			for b.Loop() {
				if test.active {
					g.noteMessage(message)
				}
				d := g.dispatchCreate(s)
				size = d.Len()
			}
			b.SetBytes(int64(size))
		})
	}
}

// What a seat adds to a session, in bytes.
func BenchmarkSeatMemory(b *testing.B) {
	for b.Loop() {
		g := newView(b, manySessions, 1)
		places := make([]*Place, manySessions)
		for i := range places {
			places[i] = quiet(g, botProfile(i, discord.IntentsAll))
		}
		before := heap()
		for _, p := range places {
			if _, _, _, err := p.sit(g, withNothing); err != nil {
				b.Fatal(err)
			}
		}
		settle(b, g.hub.line)
		b.ReportMetric(float64(heap()-before)/manySessions, "B/seat")
		runtime.KeepAlive(places)
	}
}

// What the view of a small guild costs in which a message was sent, with one seat, in bytes.
func BenchmarkSmallGuildMemory(b *testing.B) {
	const guilds = 2000
	for b.Loop() {
		hub := newView(b, 0, 0).hub
		views := make([]*Guild, guilds)
		before := heap()
		for i := range views {
			views[i] = viewOf(b, hub, 2, 3)
			seatMany(b, views[i], 1, discord.IntentsAll)
			apply(b, views[i], events.Header{Type: discord.EventMessageCreate, Channel: testText}, json.RawMessage(`{"id":"1"}`))
		}
		settle(b, hub.line)
		b.ReportMetric(float64(heap()-before)/guilds, "B/guild")
		runtime.KeepAlive(views)
	}
}

// What an idle user's view costs, with its feed and its place, in bytes.
func BenchmarkUserMemory(b *testing.B) {
	const users = 3000
	w := newWorld(b)
	ids := make([]snowflake.ID, users)
	for i := range ids {
		ids[i] = w.store.NewID()
	}
	w.change(func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `insert into logs (id) select unnest($1::bigint[])`, ids); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into users (id, username) select id, 'user' || id from unnest($1::bigint[]) as id`, ids)
		return err
	})
	for b.Loop() {
		sinks := make([]*sink, users)
		for i := range sinks {
			sinks[i] = w.session(ids[i])
		}
		places := make([]*Place, users)
		before := heap()
		for i, s := range sinks {
			var err error
			if places[i], _, err = w.hub.Join(b.Context(), s); err != nil {
				b.Fatal(err)
			}
		}
		settle(b, w.line)
		b.ReportMetric(float64(heap()-before)/users, "B/user")
		for _, p := range places {
			p.Leave()
		}
	}
}

// The view of a guild of 100,000 members is loaded, and dropped.
func BenchmarkLoad(b *testing.B) {
	w := newWorld(b)
	user := w.user()
	guild := w.guild(user)
	w.change(func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `insert into users (id, username) select n, 'user' || n from generate_series(1, $1::bigint) as n`, manyMembers); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into members (guild_id, user_id) select $1, n from generate_series(1, $2::bigint) as n`, guild, manyMembers)
		return err
	})
	for b.Loop() {
		g, err := w.hub.open(b.Context(), guild)
		if err != nil || g.members.Len() != manyMembers+1 {
			b.Fatal(err)
		}
		w.hub.forget(g)
	}
}

func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
