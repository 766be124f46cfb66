package fanout

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/sharding"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sink is a session that keeps the names of what it gets.
type sink struct {
	profile Profile
	got     []string
	invalid bool
}

func (s *sink) Profile() Profile           { return s.profile }
func (s *sink) Deliver(d *codec.Shared)    { s.got = append(s.got, d.Name()) }
func (s *sink) DeliverOwn(d *codec.Shared) { s.got = append(s.got, d.Name()) }
func (s *sink) CheckCredentials()          {}
func (s *sink) Invalidate()                { s.invalid = true }

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

// newView returns a view that no feed drives.
func newView(tb testing.TB, users, channels int) *Guild {
	tb.Helper()
	snap := &store.GuildSnapshot{Guild: discord.Guild{ID: testGuild, OwnerID: owner}}
	snap.Guild.Roles = []discord.Role{{ID: testGuild, Permissions: permissions.ViewChannel | permissions.Connect}}
	for i := range channels {
		snap.Channels = append(snap.Channels, textChannel(i, nil))
	}
	for i := range users {
		snap.Members = append(snap.Members, someMember(i, nil))
	}
	g, err := newGuild(&Hub{log: slog.New(slog.DiscardHandler), presences: nobodyOnline{}}, snap)
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

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
	return discord.Member{User: &discord.User{ID: id, Username: "User" + id.String()}, Roles: roles}
}

// sit attaches a session of a user and forgets its GUILD_CREATE.
func sit(tb testing.TB, g *Guild, user int, intents discord.Intents) *sink {
	tb.Helper()
	s := &sink{profile: Profile{
		User: testUser + snowflake.ID(user), Bot: true, Intents: intents, Shard: sharding.Whole, LargeThreshold: 50,
	}}
	p := &Place{hub: g.hub, sub: s, profile: s.profile, guilds: map[snowflake.ID]*Guild{g.id: g}}
	if _, _, err := g.attach(p, false); err != nil {
		tb.Fatal(err)
	}
	s.got = nil
	return s
}

func event(tb testing.TB, head events.Header, data any) events.Event {
	tb.Helper()
	head.Guild = testGuild
	e, err := events.New(testGuild, head, data)
	if err != nil {
		tb.Fatal(err)
	}
	e.Seq = 1
	return e
}

// Whatever changes, the kept audiences are those that the rules give for the state at hand.
func TestAudiencesFollowEveryChange(t *testing.T) {
	t.Parallel()
	const users, channels, roles = 6, 4, 3
	rapid.Check(t, func(rt *rapid.T) {
		g := newView(t, users, channels)
		for i := range users {
			sit(t, g, i, discord.IntentsAll)
		}
		apply := func(head events.Header, data any) { g.Event(event(t, head, data)) }
		drawRoles := func(rt *rapid.T) (ids []snowflake.ID) {
			ids = []snowflake.ID{}
			for i := range roles {
				if rapid.Bool().Draw(rt, fmt.Sprint("role", i)) {
					ids = append(ids, testRole+snowflake.ID(i))
				}
			}
			return ids
		}
		drawSet := func(rt *rapid.T) permissions.Set {
			return rapid.SampledFrom([]permissions.Set{
				0, permissions.ViewChannel, permissions.Connect, permissions.ViewChannel | permissions.Connect, permissions.Administrator,
			}).Draw(rt, "set")
		}
		drawRole := func(rt *rapid.T) snowflake.ID {
			return rapid.SampledFrom([]snowflake.ID{testGuild, testRole, testRole + 1, testRole + 2}).Draw(rt, "role")
		}
		drawUser := func(rt *rapid.T) int { return rapid.IntRange(1, users-1).Draw(rt, "user") }
		rt.Repeat(map[string]func(*rapid.T){
			"role": func(rt *rapid.T) {
				apply(events.Header{Type: discord.EventGuildRoleUpdate}, discord.RoleEvent{Role: discord.Role{ID: drawRole(rt), Permissions: drawSet(rt)}})
			},
			"role deleted": func(rt *rapid.T) {
				if id := drawRole(rt); id != testGuild {
					apply(events.Header{Type: discord.EventGuildRoleDelete}, discord.RoleDeleteEvent{RoleID: id})
				}
			},
			"channel": func(rt *rapid.T) {
				overwrites := []discord.Overwrite{
					{ID: drawRole(rt), Type: 0, Allow: drawSet(rt) &^ permissions.Administrator},
					{ID: testUser + snowflake.ID(drawUser(rt)), Type: 1, Deny: drawSet(rt) &^ permissions.Administrator},
				}
				i := rapid.IntRange(0, channels-1).Draw(rt, "channel")
				apply(events.Header{Type: discord.EventChannelUpdate}, textChannel(i, overwrites))
			},
			"channel deleted": func(rt *rapid.T) {
				i := rapid.IntRange(0, channels-1).Draw(rt, "channel")
				apply(events.Header{Type: discord.EventChannelDelete}, textChannel(i, nil))
			},
			"member": func(rt *rapid.T) {
				m := someMember(drawUser(rt), drawRoles(rt))
				if rapid.Bool().Draw(rt, "timed out") {
					until := discord.At(time.Now().Add(time.Hour))
					m.CommunicationDisabledUntil = &until
				}
				apply(events.Header{Type: discord.EventGuildMemberUpdate}, discord.MemberEvent{Member: m})
			},
			"member gone": func(rt *rapid.T) {
				apply(events.Header{Type: discord.EventGuildMemberRemove}, discord.MemberRemoveEvent{User: discord.User{ID: testUser + snowflake.ID(drawUser(rt))}})
			},
			"member back": func(rt *rapid.T) {
				apply(events.Header{Type: discord.EventGuildMemberAdd}, discord.MemberEvent{Member: someMember(drawUser(rt), nil)})
			},
			"owner": func(rt *rapid.T) {
				apply(events.Header{Type: discord.EventGuildUpdate}, discord.Guild{ID: testGuild, OwnerID: testUser + snowflake.ID(drawUser(rt))})
			},
			"": func(rt *rapid.T) {
				for i := range channels {
					id := testText + snowflake.ID(i)
					var want, got []snowflake.ID
					for _, s := range g.seats {
						c := g.channels[id]
						if m, member := g.members[s.user]; member && c != nil &&
							g.perms.In(m.permissions(s.user), &c.perms, time.Now()).Has(permissions.ToRead(c.perms.Type)) {
							want = append(want, s.user)
						}
					}
					for _, s := range g.readers(id) {
						got = append(got, s.user)
					}
					slices.Sort(want)
					slices.Sort(got)
					if !slices.Equal(got, want) {
						rt.Fatalf("channel %d: audience %v, want %v", i, got, want)
					}
				}
			},
		})
	})
}

// A time-out takes Connect, and so the text of voice channels, until it ends by itself.
func TestTimeOutEndsWithoutAnEvent(t *testing.T) {
	t.Parallel()
	g := newView(t, 2, 4)
	sit(t, g, 1, discord.IntentsAll)
	voice := testText + 3
	m := someMember(1, nil)
	until := discord.At(time.Now().Add(50 * time.Millisecond))
	m.CommunicationDisabledUntil = &until
	g.Event(event(t, events.Header{Type: discord.EventGuildMemberUpdate}, discord.MemberEvent{Member: m}))
	if n := len(g.readers(voice)); n != 0 && time.Now().Before(until.Time) {
		t.Errorf("%d readers during the time-out", n)
	}
	for deadline := time.Now().Add(10 * time.Second); len(g.readers(voice)) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody reads after the time-out")
		}
	}
}

func TestMalformedEventEndsTheView(t *testing.T) {
	t.Parallel()
	g := newView(t, 1, 1)
	e := event(t, events.Header{Type: discord.EventGuildRoleUpdate}, "not a role")
	if err := g.handle(e); err == nil {
		t.Error("applied")
	}
}

func TestRoleGoneFromMembersAndOverwrites(t *testing.T) {
	t.Parallel()
	g := newView(t, 1, 1)
	g.Event(event(t, events.Header{Type: discord.EventGuildRoleCreate}, discord.RoleEvent{Role: discord.Role{ID: testRole}}))
	g.Event(event(t, events.Header{Type: discord.EventGuildMemberUpdate},
		discord.MemberEvent{Member: someMember(0, []snowflake.ID{testRole})}))
	g.Event(event(t, events.Header{Type: discord.EventChannelUpdate},
		textChannel(0, []discord.Overwrite{{ID: testRole, Deny: permissions.ViewChannel}})))
	g.Event(event(t, events.Header{Type: discord.EventGuildRoleDelete}, discord.RoleDeleteEvent{RoleID: testRole}))
	s := sit(t, g, 0, discord.IntentsAll)
	data, _, err := g.create(&seat{place: &Place{profile: s.profile}, user: s.profile.User, intents: discord.IntentsAll})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), testRole.String()) {
		t.Errorf("the role is still in GUILD_CREATE: %s", data)
	}
}

func TestGuildCreateKeepsUp(t *testing.T) {
	t.Parallel()
	g := newView(t, 60, 2)
	null := (*snowflake.ID)(nil)
	for _, c := range g.channels {
		c.wire.LastMessageID = &null
	}
	bot := &seat{place: &Place{profile: Profile{LargeThreshold: 50}}, user: owner, intents: discord.IntentsAll}
	online := testUser + 5
	g.Event(event(t, events.Header{Type: discord.EventPresenceUpdate, User: online},
		json.RawMessage(`{"user":{"id":"`+online.String()+`"},"status":"idle","activities":[],"client_status":{"web":"idle"}}`)))
	g.Event(event(t, events.Header{Type: discord.EventMessageCreate, Channel: testText}, json.RawMessage(`{"id":"77"}`)))
	g.Event(event(t, events.Header{Type: discord.EventMessageCreate, Channel: testText + 1}, json.RawMessage(`{"content":"","id":"78"}`)))
	var created struct {
		Large     bool              `json:"large"`
		Count     int               `json:"member_count"`
		Members   []discord.Member  `json:"members"`
		Presences []json.RawMessage `json:"presences"`
		Channels  []discord.Channel `json:"channels"`
	}
	read := func() {
		t.Helper()
		data, _, err := g.create(bot)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &created); err != nil {
			t.Fatal(err)
		}
	}
	read()
	if !created.Large || created.Count != 60 || len(created.Members) != 2 || len(created.Presences) != 1 {
		t.Errorf("large %v, %d members of %d, %d presences", created.Large, len(created.Members), created.Count, len(created.Presences))
	}
	for i, want := range []snowflake.ID{77, 78} {
		if last := created.Channels[i].LastMessageID; last == nil || *last == nil || **last != want {
			t.Errorf("last message of channel %d is not %d", i, want)
		}
	}
	g.Event(event(t, events.Header{Type: discord.EventPresenceUpdate, User: online},
		json.RawMessage(`{"user":{"id":"`+online.String()+`"},"status":"offline"}`)))
	read()
	if len(created.Members) != 1 || len(created.Presences) != 0 {
		t.Errorf("%d members, %d presences after the last has gone", len(created.Members), len(created.Presences))
	}
}

// One message to a thousand sessions in memory, and what deciding costs when nothing is kept.
func BenchmarkFanOut(b *testing.B) {
	const users = 1000
	message := event(b, events.Header{Type: discord.EventMessageCreate, Channel: testText, User: owner},
		discord.MessageEvent{Message: discord.Message{ID: 1, ChannelID: testText, Content: strings.Repeat("word ", 100)}})
	for name, intents := range map[string]discord.Intents{
		"whole":   discord.IntentGuildMessages | discord.IntentMessageContent,
		"emptied": discord.IntentGuildMessages,
	} {
		b.Run(name, func(b *testing.B) {
			g := newView(b, users, 1)
			sinks := make([]*sink, users)
			for i := range sinks {
				sinks[i] = sit(b, g, i, intents)
			}
			b.ReportAllocs()
			for b.Loop() {
				g.Event(message)
				for _, s := range sinks {
					s.got = s.got[:0]
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/users, "ns/session")
		})
	}
}

func BenchmarkAudience(b *testing.B) {
	const users = 1000
	g := newView(b, users, 1)
	for i := range users {
		sit(b, g, i, discord.IntentsAll)
	}
	b.Run("kept", func(b *testing.B) {
		for b.Loop() {
			g.readers(testText)
		}
	})
	b.Run("computed", func(b *testing.B) {
		for b.Loop() {
			g.accessChanged()
			g.readers(testText)
		}
	})
}

func BenchmarkGuildCreate(b *testing.B) {
	g := newView(b, 10_000, 100)
	s := &seat{place: &Place{profile: Profile{LargeThreshold: 250}}, user: owner, intents: discord.IntentsAll}
	for id, m := range g.members {
		m.nick = "x" // all are listed
		g.members[id] = m
	}
	for b.Loop() {
		if _, _, err := g.create(s); err != nil {
			b.Fatal(err)
		}
	}
}
