package fanout

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestMalformedEventEndsTheView(t *testing.T) {
	t.Parallel()
	g := newView(t, 1, 1)
	e := event(t, events.Header{Type: discord.EventGuildRoleUpdate}, "not a role")
	if err := g.handle(newDispatch(e)); err == nil {
		t.Error("applied")
	}
}

// created is what GUILD_CREATE says to a session of the profile.
func created(t *testing.T, g *Guild, p Profile) (c struct {
	Large     bool                     `json:"large"`
	Count     int                      `json:"member_count"`
	Joined    discord.Timestamp        `json:"joined_at"`
	Members   []discord.Member         `json:"members"`
	Presences []json.RawMessage        `json:"presences"`
	Channels  []discord.Channel        `json:"channels"`
	Threads   []discord.Channel        `json:"threads"`
	Scheduled []discord.ScheduledEvent `json:"guild_scheduled_events"`
	Roles     []discord.Role           `json:"roles"`
	Emojis    []json.RawMessage        `json:"emojis"`
}, raw string) {
	t.Helper()
	own, shared, err := g.create(&seat{place: g.place(p), guild: g})
	if err != nil {
		t.Fatal(err)
	}
	data := shared.JSON(own)
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return c, string(data)
}

func TestRoleGoneFromMembersAndOverwrites(t *testing.T) {
	t.Parallel()
	g := newView(t, 1, 1)
	s := sit(t, g, botProfile(0, discord.IntentsAll))
	apply(t, g, events.Header{Type: discord.EventGuildRoleCreate}, discord.RoleEvent{Role: discord.Role{ID: testRole}})
	apply(t, g, events.Header{Type: discord.EventGuildMemberUpdate}, discord.MemberEvent{Member: someMember(0, []snowflake.ID{testRole})})
	apply(t, g, events.Header{Type: discord.EventChannelUpdate},
		textChannel(0, []discord.Overwrite{{ID: testRole, Deny: permissions.ViewChannel}}))
	if _, raw := created(t, g, s.profile); !strings.Contains(raw, testRole.String()) {
		t.Fatal("the role is not in GUILD_CREATE")
	}
	apply(t, g, events.Header{Type: discord.EventGuildRoleDelete}, discord.RoleDeleteEvent{RoleID: testRole})
	if _, raw := created(t, g, s.profile); strings.Contains(raw, testRole.String()) {
		t.Errorf("the role is still in GUILD_CREATE: %s", raw)
	}
}

func TestGuildCreateKeepsUp(t *testing.T) {
	t.Parallel()
	g := newView(t, 60, 2)
	null := (*snowflake.ID)(nil)
	for _, c := range g.channels {
		c.wire.LastMessageID = &null
	}
	bot := botProfile(0, discord.IntentsAll)
	online := testUser + 5
	c, _ := created(t, g, bot)
	if !c.Large || c.Count != 60 || len(c.Members) != 1 || c.Members[0].User.ID != owner {
		t.Errorf("large %v, %d members of %d", c.Large, len(c.Members), c.Count)
	}
	apply(t, g, events.Header{Type: discord.EventPresenceUpdate, User: online},
		json.RawMessage(`{"user":{"id":"`+online.String()+`"},"status":"idle","activities":[],"client_status":{"web":"idle"}}`))
	apply(t, g, events.Header{Type: discord.EventMessageCreate, Channel: testText}, json.RawMessage(`{"id":"77"}`))
	apply(t, g, events.Header{Type: discord.EventMessageCreate, Channel: testText + 1}, json.RawMessage(`{"content":"","id":"78"}`))
	apply(t, g, events.Header{Type: discord.EventGuildEmojisUpdate}, json.RawMessage(`{"emojis":[{"id":"9"}]}`))
	c, _ = created(t, g, bot)
	if len(c.Members) != 2 || len(c.Presences) != 1 || len(c.Emojis) != 1 {
		t.Errorf("%d members, %d presences, %d emojis", len(c.Members), len(c.Presences), len(c.Emojis))
	}
	for i, want := range []snowflake.ID{77, 78} {
		if last := c.Channels[i].LastMessageID; last == nil || *last == nil || **last != want {
			t.Errorf("last message of channel %d is not %d", i, want)
		}
	}
	if self, _ := created(t, g, Profile{User: online, Bot: true, Intents: discord.IntentsAll, LargeThreshold: 50}); len(self.Members) != 1 {
		t.Errorf("who is online is listed %d times to itself", len(self.Members))
	}
	if without, _ := created(t, g, botProfile(1, discord.IntentGuilds)); len(without.Members) != 1 || len(without.Presences) != 0 {
		t.Errorf("without the intent %d members, %d presences", len(without.Members), len(without.Presences))
	}
	if person, _ := created(t, g, Profile{User: owner, Intents: discord.IntentsAll, LargeThreshold: 50}); len(person.Members) != 60 || len(person.Presences) != 1 {
		t.Errorf("a person sees %d members, %d presences of a small guild", len(person.Members), len(person.Presences))
	}
	apply(t, g, events.Header{Type: discord.EventPresenceUpdate, User: online},
		json.RawMessage(`{"user":{"id":"`+online.String()+`"},"status":"offline"}`))
	nick := "x"
	named := someMember(7, nil)
	named.Nick = &nick
	apply(t, g, events.Header{Type: discord.EventGuildMemberUpdate}, discord.MemberEvent{Member: named})
	apply(t, g, events.Header{Type: discord.EventGuildMemberRemove}, discord.MemberRemoveEvent{User: discord.User{ID: online}})
	c, _ = created(t, g, bot)
	if len(c.Members) != 2 || len(c.Presences) != 0 || c.Count != 59 {
		t.Errorf("%d members of %d, %d presences after the last has gone", len(c.Members), c.Count, len(c.Presences))
	}
}

// To people, a large guild does not list all its members: they subscribe to lists.
func TestLargeGuildsSparePeople(t *testing.T) {
	t.Parallel()
	g := newView(t, smallGuild+1, 1)
	person, bot := botProfile(1, discord.IntentsAll), botProfile(2, discord.IntentsAll)
	person.Bot = false
	human, machine := sit(t, g, person), sit(t, g, bot)
	if c, _ := created(t, g, person); len(c.Members) != 1 {
		t.Errorf("%d members are listed", len(c.Members))
	}
	apply(t, g, events.Header{Type: discord.EventPresenceUpdate}, json.RawMessage(`{"user":{"id":"4003"},"status":"idle"}`))
	if got := human.take(t); len(got) != 0 {
		t.Errorf("a person got %v", got)
	}
	if got := machine.take(t); len(got) != 1 {
		t.Errorf("a bot got %v", got)
	}
}

// A session that comes and goes with its membership is told each time, and the pod's journal as well.
func TestMembershipDecidesOnAttendance(t *testing.T) {
	t.Parallel()
	line, diary := newLine(t)
	g := newView(t, 2, 1)
	g.hub.line = line
	guest := sit(t, g, botProfile(9, discord.IntentGuilds|discord.IntentGuildMembers)) // no member yet
	other := sit(t, g, botProfile(1, discord.IntentsAll))
	join := func() {
		apply(t, g, events.Header{Type: discord.EventGuildMemberAdd, Membership: true, User: testUser + 9}, discord.MemberEvent{Member: someMember(9, nil)})
	}
	apply(t, g, events.Header{Type: discord.EventGuildUpdate}, discord.Guild{ID: testGuild, OwnerID: owner})
	join()
	join() // may repeat
	apply(t, g, events.Header{Type: discord.EventGuildMemberRemove, Membership: true, User: testUser + 9},
		discord.MemberRemoveEvent{User: discord.User{ID: testUser + 9}})
	apply(t, g, events.Header{Type: discord.EventGuildUpdate}, discord.Guild{ID: testGuild, OwnerID: owner})
	if got, want := guest.take(t), []string{discord.EventGuildCreate, discord.EventGuildDelete}; !slices.Equal(got, want) {
		t.Errorf("the guest got %v, want %v", got, want)
	}
	want := []string{discord.EventGuildUpdate, discord.EventGuildMemberAdd, discord.EventGuildMemberAdd, discord.EventGuildMemberRemove,
		discord.EventGuildUpdate}
	if got := other.take(t); !slices.Equal(got, want) {
		t.Errorf("another got %v, want %v", got, want)
	}
	kinds := []journal.Kind{
		journal.Entered, // the other
		journal.Event, journal.Event, journal.Entered, journal.Event, journal.Left, journal.Event, journal.Event,
	}
	if got := diary.kinds(testGuild); !slices.Equal(got, kinds) {
		t.Errorf("journal has %v, want %v", got, kinds)
	}
}

// What nobody here receives moves the journal's head all the same; what can't be replayed is not in it.
func TestEveryDurableEventIsJournaled(t *testing.T) {
	t.Parallel()
	line, diary := newLine(t)
	g := newView(t, 2, 1)
	g.hub.line = line
	message := events.Header{Type: discord.EventMessageCreate, Channel: testText}
	apply(t, g, message, json.RawMessage(`{"id":"1"}`))
	sit(t, g, botProfile(1, discord.IntentsAll))
	apply(t, g, message, json.RawMessage(`{"id":"2"}`))
	g.Event(event(t, events.Header{Type: discord.EventTypingStart, Channel: testText}, json.RawMessage(`{}`)))
	apply(t, g, events.Header{Type: discord.EventGuildDelete}, discord.UnavailableGuild{ID: testGuild})
	settle(t, line)
	want := []journal.Kind{journal.Event, journal.Entered, journal.Event, journal.Event, journal.Closed}
	if got := diary.kinds(testGuild); !slices.Equal(got, want) {
		t.Errorf("journal has %v, want %v", got, want)
	}
	for i, e := range diary.entries {
		if e.Kind == journal.Event && e.Seq != []int64{1, 1, 2, 3}[i] {
			t.Errorf("entry %d is of event %d", i, e.Seq)
		}
	}
}

func TestMemberQueries(t *testing.T) {
	t.Parallel()
	g := newView(t, 150, 1)
	place := g.place(botProfile(1, discord.IntentGuilds))
	if _, _, _, err := place.sit(g, withNothing); err != nil {
		t.Fatal(err)
	}
	ask := func(q MemberQuery) (MemberResult, bool) {
		q.Guild = testGuild
		return place.Members(q)
	}
	if r, ok := ask(MemberQuery{Prefix: "USER40"}); !ok || len(r.Members) != 100 {
		t.Errorf("a prefix search found %d", len(r.Members))
	}
	if r, ok := ask(MemberQuery{Prefix: "user4007", Limit: 5}); !ok || len(r.Members) != 1 || !strings.Contains(string(r.Members[0]), `"id":"4007"`) {
		t.Errorf("search for one found %s", r.Members)
	}
	if r, ok := ask(MemberQuery{Users: []snowflake.ID{testUser, 1, testUser + 149}}); !ok || len(r.Members) != 2 || !slices.Equal(r.NotFound, []snowflake.ID{1}) {
		t.Errorf("by ids: %d found, not found %v", len(r.Members), r.NotFound)
	}
	if _, ok := ask(MemberQuery{}); ok {
		t.Error("the whole list without the intent")
	}
	place.profile.Intents = discord.IntentsAll
	if r, ok := ask(MemberQuery{Presences: true}); !ok || len(r.Members) != 150 || len(r.Presences) != 150 {
		t.Errorf("the whole list has %d", len(r.Members))
	}
	if r, ok := ask(MemberQuery{}); !ok || r.RetryAfter <= 0 || r.Members != nil {
		t.Errorf("the whole list again: %+v, %v", r, ok)
	}
}
