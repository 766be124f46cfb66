package fanout

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/pgtest"
	"guildhall.chat/guildhall/internal/redistest"
	"guildhall.chat/guildhall/internal/sharding"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// world is a hub over real stores.
type world struct {
	t     testing.TB
	store *store.Store
	hub   *Hub
	line  *delivery.Line
	diary *diary
	feeds *events.Feeds
}

var worlds atomic.Int64

func newWorld(t testing.TB) *world {
	t.Helper()
	rdb := redistest.Client(t)
	w := &world{t: t}
	dsn := pgtest.New(t, store.Migrate)
	var err error
	// The worlds share one Redis: their ids must differ.
	for range worlds.Add(1) {
		if w.store != nil {
			w.store.Close()
		}
		if w.store, err = store.Open(t.Context(), dsn); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(w.store.Close)
	log := slog.New(slog.DiscardHandler)
	w.store.PublishTo(events.NewPublisher(rdb, w.store, time.Minute, log))
	w.line, w.diary = newLine(t)
	w.feeds = events.NewFeeds(rdb, w.store, log)
	t.Cleanup(w.feeds.Close)
	w.hub = NewHub(w.line, w.feeds, w.store, nobodyOnline{}, log)
	t.Cleanup(w.hub.Close)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) change(fn func(ctx context.Context, tx *store.Tx) error) {
	w.t.Helper()
	w.must(w.store.Change(context.Background(), func(tx *store.Tx) error { return fn(context.Background(), tx) }))
}

func (w *world) user() snowflake.ID {
	w.t.Helper()
	id := w.store.NewID()
	w.change(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.NewLog(ctx, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into users (id, username, bot) values ($1, $2, true)`, id, "user"+id.String())
		return err
	})
	return id
}

// guild makes a guild with one text channel, whose id is the guild's and one.
func (w *world) guild(members ...snowflake.ID) snowflake.ID {
	w.t.Helper()
	id := w.store.NewID()
	w.change(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.NewLog(ctx, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into guilds (id, owner_id, name) values ($1, $2, 'guild')`, id, members[0]); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into roles (id, guild_id, name, permissions, position) values ($1, $1, '@everyone', 1024, 0)`, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into channels (id, guild_id, type, name) values ($1, $2, 0, 'general')`, id+1, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into members (guild_id, user_id) select $1, unnest($2::bigint[])`, id, members)
		return err
	})
	return id
}

// emit puts events with rising ids into a log.
func (w *world) emit(log snowflake.ID, head events.Header, n int) {
	w.t.Helper()
	w.change(func(_ context.Context, tx *store.Tx) error {
		for i := range n {
			if err := tx.Emit(log, head, map[string]any{"n": i}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) session(user snowflake.ID) *sink {
	return newSink(w.line, Profile{User: user, Bot: true, Intents: discord.IntentsAll, Shard: sharding.Whole, LargeThreshold: 50})
}

// until waits for a number of dispatches.
func (w *world) until(s *sink, n int) []string {
	w.t.Helper()
	var got []string
	for deadline := time.Now().Add(20 * time.Second); len(got) < n; time.Sleep(time.Millisecond) {
		got = append(got, s.take(w.t)...)
		if time.Now().After(deadline) {
			w.t.Fatalf("got %v, want %d", got, n)
		}
	}
	return got
}

// Sessions of one user that come while events are flying get each event that is not in their READY once, and in order.
func TestJoiningWhileEventsFly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user()
	const total, sessions = 60, 6
	var emitting sync.WaitGroup
	emitting.Go(func() {
		for range total {
			w.emit(user, events.Header{Type: discord.EventUserUpdate}, 1)
		}
	})
	sinks, after := make([]*sink, sessions), make([]int64, sessions)
	places := make([]*Place, sessions)
	for i := range sinks {
		sinks[i] = w.session(user)
		place, snap, err := w.hub.Join(t.Context(), sinks[i])
		w.must(err)
		places[i], after[i] = place, snap.Seq
	}
	emitting.Wait()
	for i, s := range sinks {
		want := total - int(after[i])
		if got := w.until(s, want); len(got) != want {
			t.Errorf("session %d got %d events, want %d", i, len(got), want)
		}
	}
	for _, p := range places {
		p.Leave()
	}
	settle(t, w.line)
	kinds := w.diary.kinds(user)
	if kinds[0] != journal.Opened || kinds[len(kinds)-1] != journal.Closed || len(kinds) != total-int(after[0])+2 {
		t.Errorf("%d entries, %v to %v", len(kinds), kinds[0], kinds[len(kinds)-1])
	}
}

// A session that moves here is given its seats without a greeting, and what it missed, judged by the state here.
func TestRejoin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, other := w.user(), w.user()
	guild := w.guild(other, user)
	message := events.Header{Type: discord.EventMessageCreate, Guild: guild, Channel: guild + 1}
	hidden := events.Header{Type: discord.EventMessageCreate, Guild: guild, Channel: 1}
	w.emit(guild, message, 3)
	w.emit(guild, hidden, 1)
	w.emit(user, events.Header{Type: discord.EventUserUpdate}, 2)
	w.emit(user, events.Header{Type: events.CredentialsChanged}, 1)

	s := w.session(user)
	place, state, err := w.hub.Rejoin(t.Context(), s, 2)
	w.must(err)
	defer place.Leave()
	if state.Seq != 3 || !slices.Equal(state.Guilds, []snowflake.ID{guild}) {
		t.Fatalf("state %+v", state)
	}
	seq, member, err := place.Rejoin(t.Context(), guild, 2)
	w.must(err)
	if seq != 4 || !member {
		t.Fatalf("at %d, member %v", seq, member)
	}
	past, err := w.hub.Past(t.Context(), guild, 0, seq)
	w.must(err)
	dispatches, exact := place.Judge(guild, past, seq)
	if !exact || len(dispatches) != 4 || dispatches[2] == nil || dispatches[3] != nil {
		t.Errorf("exact %v: %v", exact, dispatches)
	}
	again, err := w.hub.Past(t.Context(), guild, 2, seq)
	w.must(err)
	if shared, _ := place.Judge(guild, again, seq); shared[0] != dispatches[2] {
		t.Error("a past event was encoded twice")
	}
	own, err := w.hub.Past(t.Context(), user, 0, state.Seq)
	w.must(err)
	if dispatches, exact := place.JudgeUser(own); !exact || dispatches[1] == nil || dispatches[2] != nil {
		t.Errorf("user's log: exact %v: %v", exact, dispatches)
	}
	if d, ok := place.GuildCreate(guild); !ok || data(t, d)["id"] != guild.String() {
		t.Errorf("GUILD_CREATE again: %v, %v", d, ok)
	}
	if got := s.take(t); len(got) != 0 {
		t.Errorf("delivered %v before anything happened", got)
	}
	w.emit(guild, message, 1)
	w.until(s, 1)

	// Only what the view has come to counts.
	late, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, _, err := place.Rejoin(late, guild, 100); err == nil {
		t.Error("seated before the view was there")
	}
	stranger := w.session(w.user())
	elsewhere, _, err := w.hub.Rejoin(t.Context(), stranger, 0)
	w.must(err)
	defer elsewhere.Leave()
	if _, member, err := elsewhere.Rejoin(t.Context(), guild, 0); err != nil || member {
		t.Errorf("stranger: member %v, %v", member, err)
	}
	if _, _, err := w.hub.Rejoin(t.Context(), w.session(user), 100); err == nil {
		t.Error("seated at a log that is behind")
	}
}

func TestPastIsReadOnceForAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guild := w.guild(w.user())
	w.emit(guild, events.Header{Type: discord.EventMessageCreate, Guild: guild}, 700)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			after, upTo := int64(i*10), int64(700-i)
			past, err := w.hub.Past(t.Context(), guild, after, upTo)
			if err != nil || int64(len(past)) != upTo-after || past[0].Seq != after+1 {
				t.Errorf("%d to %d: %d events, %v", after, upTo, len(past), err)
			}
		})
	}
	all.Wait()
	w.hub.past.sweep(time.Now().Add(-time.Minute))
	if w.hub.past.kept.Len() != 700 {
		t.Errorf("%d events are kept while sessions ask", w.hub.past.kept.Len())
	}
	w.hub.past.sweep(time.Now().Add(time.Minute))
	if w.hub.past.kept.Len() != 0 {
		t.Errorf("%d events are kept afterwards", w.hub.past.kept.Len())
	}
	if _, err := w.hub.Past(t.Context(), guild, 0, maxPast+1); !errors.Is(err, ErrPast) {
		t.Errorf("too far back: %v", err)
	}
	if none, err := w.hub.Past(t.Context(), guild, 700, 700); err != nil || len(none) != 0 {
		t.Errorf("nothing: %v, %v", none, err)
	}
}

// Whether a session can be judged by the state now, after what has happened.
func TestJudgingIsExactOnlyWithoutChangesOfAccess(t *testing.T) {
	t.Parallel()
	me, other := testUser+1, testUser+2
	message := events.Header{Type: discord.EventMessageCreate, Channel: testText}
	empty := map[string]any{}
	for name, test := range map[string]struct {
		head  events.Header
		data  any
		exact bool
	}{
		"a message":         {message, empty, true},
		"a role is renamed": {events.Header{Type: discord.EventGuildRoleUpdate, Structure: true}, discord.RoleEvent{Role: discord.Role{ID: testRole}}, true},
		"a role changes":    {events.Header{Type: discord.EventGuildRoleUpdate, Structure: true, Access: true}, discord.RoleEvent{Role: discord.Role{ID: testRole}}, false},
		"a role is deleted": {events.Header{Type: discord.EventGuildRoleDelete, Membership: true}, discord.RoleDeleteEvent{RoleID: testRole}, false},
		"a channel is gone": {events.Header{Type: discord.EventChannelDelete}, textChannel(1, nil), false},
		"a thread is gone":  {events.Header{Type: discord.EventThreadDelete}, map[string]any{"id": firstThread}, false},
		"my roles":          {events.Header{Type: discord.EventGuildMemberUpdate, User: me, Membership: true}, discord.MemberEvent{Member: someMember(1, nil)}, false},
		"my name":           {events.Header{Type: discord.EventGuildMemberUpdate, User: me}, discord.MemberEvent{Member: someMember(1, nil)}, true},
		"another's roles":   {events.Header{Type: discord.EventGuildMemberUpdate, User: other, Membership: true}, discord.MemberEvent{Member: someMember(2, nil)}, true},
		"I joined a thread": {events.Header{Type: discord.EventThreadMembersUpdate}, map[string]any{"id": firstThread, "added_members": []any{map[string]any{"user_id": me}}}, false},
		"another left one":  {events.Header{Type: discord.EventThreadMembersUpdate}, map[string]any{"id": firstThread, "removed_member_ids": []any{other}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newView(t, 3, 2)
			place := g.place(botProfile(1, discord.IntentsAll))
			if _, _, _, err := place.sit(g, withNothing); err != nil {
				t.Fatal(err)
			}
			before := apply(t, g, message, empty)
			past := apply(t, g, test.head, test.data)
			after := apply(t, g, message, empty)
			if _, exact := place.Judge(testGuild, []events.Event{before, past, after}, after.Seq); exact != test.exact {
				t.Errorf("among the events: exact %v", exact)
			}
			if dispatches, exact := place.Judge(testGuild, []events.Event{before}, before.Seq); exact != test.exact || exact && dispatches[0] == nil {
				t.Errorf("after the events: exact %v, %v", exact, dispatches)
			}
			if dispatches, exact := place.Judge(testGuild, []events.Event{after}, after.Seq); !exact || dispatches[0] == nil {
				t.Errorf("before the events: exact %v, %v", exact, dispatches)
			}
		})
	}
}

// What a view has not seen itself it can't vouch for.
func TestJudgingNeedsTheViewFromBefore(t *testing.T) {
	t.Parallel()
	g := newView(t, 2, 1)
	g.past.begin = 10
	place := g.place(botProfile(1, discord.IntentsAll))
	if _, _, _, err := place.sit(g, withNothing); err != nil {
		t.Fatal(err)
	}
	if _, exact := place.Judge(testGuild, nil, 9); exact {
		t.Error("exact before the view's beginning")
	}
	if _, exact := place.Judge(testGuild, nil, 10); !exact {
		t.Error("not exact from the view's beginning on")
	}
	var c changes
	now := time.Now()
	for seq := range int64(2 * maxChanges) {
		c.add([]snowflake.ID{1}, seq+1, now)
	}
	if len(c.recent) > maxChanges || !c.since(maxChanges-1, 2) || c.since(maxChanges+1, 2) {
		t.Errorf("%d changes are remembered, from %d on", len(c.recent), c.begin)
	}
	c.add([]snowflake.ID{1}, 3*maxChanges, now.Add(2*changesKept))
	if len(c.recent) != 1 {
		t.Errorf("%d changes are remembered after a while", len(c.recent))
	}
}
