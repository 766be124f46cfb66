package fanout

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/gateway/fanout/roster"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/sharding"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The servers of pgtest and redistest live as long as the test binary.
		goleak.IgnoreTopFunction("os/exec.(*Cmd).Wait"),
		goleak.IgnoreAnyFunction("os/exec.(*Cmd).watchCtx"),
		goleak.IgnoreAnyFunction("guildhall.chat/guildhall/hack/local/process.Spawn.func1"),
	)
}

// diary is a journal that keeps what it is given.
type diary struct {
	mu      sync.Mutex
	entries []journal.Entry
}

func (d *diary) Append(_ context.Context, entries []journal.Entry) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = append(d.entries, entries...)
	return nil
}

func (d *diary) kinds(log snowflake.ID) (kinds []journal.Kind) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.entries {
		if e.Log == log {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}

// sink is a session that keeps what it gets.
type sink struct {
	number  uint64
	line    *delivery.Line
	profile Profile
	invalid atomic.Bool
	checked atomic.Int64

	mu     sync.Mutex
	got    []*codec.Shared
	silent bool
}

var sinks atomic.Uint64

func newSink(line *delivery.Line, p Profile) *sink {
	return &sink{number: sinks.Add(1), line: line, profile: p}
}

func (s *sink) Number() uint64 { return s.number }
func (s *sink) Lane() int      { return 0 }
func (s *sink) Flush()         {}

func (s *sink) Accept(_ int64, d *codec.Shared) bool {
	if s.silent {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, d)
	return false
}

func (s *sink) AcceptOwn(position int64, d *delivery.Delivery) bool {
	if d.Own != nil {
		s.Accept(position, d.Own)
	}
	return false
}

func (s *sink) Profile() Profile  { return s.profile }
func (s *sink) CheckCredentials() { s.checked.Add(1) }
func (s *sink) Invalidate()       { s.invalid.Store(true) }
func (s *sink) DeliverOwn(e journal.Entry, d *codec.Shared) {
	e.Session = s.number
	s.line.Submit(&delivery.Delivery{Entry: e, Alone: s, Own: d})
}

// settle waits until everything that was submitted has arrived.
func settle(tb testing.TB, line *delivery.Line) {
	tb.Helper()
	m := &marker{done: make(chan struct{})}
	line.Submit(&delivery.Delivery{Alone: m})
	<-m.done
}

// marker is a receiver that tells when it is reached.
type marker struct{ done chan struct{} }

func (m *marker) Number() uint64                   { return 0 }
func (m *marker) Lane() int                        { return 0 }
func (m *marker) Flush()                           {}
func (m *marker) Accept(int64, *codec.Shared) bool { return false }
func (m *marker) AcceptOwn(int64, *delivery.Delivery) bool {
	close(m.done)
	return false
}

// take returns the names of what has come since the last call.
func (s *sink) take(tb testing.TB) []string {
	tb.Helper()
	names := []string{}
	for _, d := range s.takeAll(tb) {
		names = append(names, d.Name())
	}
	return names
}

func (s *sink) takeAll(tb testing.TB) []*codec.Shared {
	tb.Helper()
	settle(tb, s.line)
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got = nil
	return got
}

// data returns the d of a dispatch.
func data(tb testing.TB, s *codec.Shared) map[string]any {
	tb.Helper()
	frame, _ := codec.NewEncoder(codec.Params{}, false).AppendDispatch(nil, 1, s)
	var payload struct{ D map[string]any }
	if err := json.Unmarshal(frame, &payload); err != nil {
		tb.Fatalf("%v in %s", err, frame)
	}
	return payload.D
}

type nobodyOnline struct{}

func (nobodyOnline) Guild(context.Context, snowflake.ID, []snowflake.ID) (map[snowflake.ID]json.RawMessage, error) {
	return map[snowflake.ID]json.RawMessage{}, nil
}
func (nobodyOnline) Joined(_, _ snowflake.ID) {}
func (nobodyOnline) Left(_, _ snowflake.ID)   {}

const (
	testGuild = snowflake.ID(1000)
	testRole  = snowflake.ID(2000) // roles and channels count from here
	testText  = snowflake.ID(3000)
	testUser  = snowflake.ID(4000)
	owner     = testUser
)

// newLine returns a line, and what it journals.
func newLine(tb testing.TB) (*delivery.Line, *diary) {
	tb.Helper()
	entries := &diary{}
	line := delivery.NewLine(entries, delivery.Config{Lanes: 1, HistoryBytes: 1 << 20}, slog.New(slog.DiscardHandler))
	tb.Cleanup(func() { line.Close(context.Background()) })
	return line, entries
}

// newView returns a view that no feed drives. Each fourth channel is a voice channel.
func newView(tb testing.TB, users, channels int) *Guild {
	tb.Helper()
	line, _ := newLine(tb)
	return viewOf(tb, &Hub{line: line, log: slog.New(slog.DiscardHandler), presences: nobodyOnline{}, past: newPast(nil)}, users, channels)
}

func viewOf(tb testing.TB, h *Hub, users, channels int) *Guild {
	tb.Helper()
	snap := &store.GuildSnapshot{Guild: discord.Guild{ID: testGuild, OwnerID: owner, Emojis: discord.EmptyList, Stickers: discord.EmptyList}}
	snap.Guild.Roles = []discord.Role{{ID: testGuild, Permissions: permissions.ViewChannel | permissions.Connect}}
	for i := range channels {
		snap.Channels = append(snap.Channels, textChannel(i, nil))
	}
	members := roster.New()
	for i := range users {
		m := someMember(i, nil)
		if err := members.Put(&m); err != nil {
			tb.Fatal(err)
		}
	}
	g := newGuild(h, snap, members)
	g.feed = noFeed{}
	return g
}

type noFeed struct{}

func (noFeed) Close() {}

func textChannel(i int, overwrites []discord.Overwrite) discord.Channel {
	guild := testGuild
	kind := discord.ChannelText
	if i%4 == 3 {
		kind = discord.ChannelVoice
	}
	return discord.Channel{ID: testText + snowflake.ID(i), Type: kind, GuildID: &guild, PermissionOverwrites: &overwrites}
}

func someMember(i int, roles []snowflake.ID) discord.Member {
	id := testUser + snowflake.ID(i)
	return discord.Member{User: &discord.User{ID: id, Username: "User" + id.String(), Discriminator: "0"}, Roles: roles}
}

func botProfile(user int, intents discord.Intents) Profile {
	return Profile{User: testUser + snowflake.ID(user), Bot: true, Intents: intents, Shard: sharding.Whole, LargeThreshold: 50}
}

// place gives a session a place that belongs to no user's view.
func (g *Guild) place(p Profile) *Place {
	return &Place{hub: g.hub, sub: newSink(g.hub.line, p), profile: p}
}

// sit attaches a session of a user and forgets its GUILD_CREATE.
func sit(tb testing.TB, g *Guild, p Profile) *sink {
	tb.Helper()
	place := g.place(p)
	if _, _, _, err := place.sit(g, withCreate); err != nil {
		tb.Fatal(err)
	}
	s := place.sub.(*sink)
	s.take(tb)
	return s
}

func event(tb testing.TB, head events.Header, data any) events.Event {
	tb.Helper()
	head.Guild = testGuild
	e, err := events.New(testGuild, head, data)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// apply hands the view its next event.
func apply(tb testing.TB, g *Guild, head events.Header, data any) events.Event {
	tb.Helper()
	e := event(tb, head, data)
	e.Seq = g.seq.seq + 1
	g.Event(e)
	return e
}
