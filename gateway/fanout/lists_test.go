package fanout

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/gateway/memberlist"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func personProfile(user int) Profile {
	p := botProfile(user, discord.IntentsAll)
	p.Bot = false
	return p
}

// stay attaches a session of a user, and returns its place.
func stay(t *testing.T, g *Guild, p Profile) (*Place, *sink) {
	t.Helper()
	place := g.place(p)
	if _, _, _, err := place.sit(g, withCreate); err != nil {
		t.Fatal(err)
	}
	s := place.sub.(*sink)
	s.take(t)
	return place, s
}

func asking(channels ...snowflake.ID) memberlist.Subscription {
	s := memberlist.Subscription{Channels: map[snowflake.ID]memberlist.Blocks{}}
	for _, id := range channels {
		s.Channels[id] = memberlist.Blocks{0}
	}
	return s
}

func appear(t *testing.T, g *Guild, user int, status string) {
	t.Helper()
	id := testUser + snowflake.ID(user)
	apply(t, g, events.Header{Type: discord.EventPresenceUpdate, User: id},
		json.RawMessage(`{"user":{"id":"`+id.String()+`"},"status":"`+status+`","activities":[],"client_status":{}}`))
}

// updates returns what a session was told of member lists, in short: the list's id and the operations.
func updates(t *testing.T, s *sink) []string {
	t.Helper()
	list := []string{}
	for _, d := range s.takeAll(t) {
		if d.Name() != discord.EventGuildMemberListUpdate {
			continue
		}
		update := data(t, d)
		words := []string{fmt.Sprint(update["id"])}
		for _, op := range update["ops"].([]any) {
			words = append(words, op.(map[string]any)["op"].(string))
		}
		list = append(list, strings.Join(words, " "))
	}
	return list
}

func expectUpdates(t *testing.T, s *sink, want ...string) {
	t.Helper()
	if got := updates(t, s); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func last(t *testing.T, s *sink) *codec.Shared {
	t.Helper()
	all := s.takeAll(t)
	if len(all) == 0 {
		t.Fatal("nothing has come")
	}
	return all[len(all)-1]
}

func hiddenFrom(channel int, allow ...snowflake.ID) discord.Channel {
	overwrites := []discord.Overwrite{{ID: testGuild, Deny: permissions.ViewChannel}}
	for _, id := range allow {
		overwrites = append(overwrites, discord.Overwrite{ID: id, Type: 1, Allow: permissions.ViewChannel})
	}
	return textChannel(channel, overwrites)
}

// listID is the id of a channel's list.
func listID(g *Guild, c discord.Channel) string {
	v := memberlist.VisibilityOf(&g.perms, &channelOf(c).perms, false)
	return v.ListID()
}

func TestSessionsWatchLists(t *testing.T) {
	t.Parallel()
	g := newView(t, 4, 2)
	alice, toAlice := stay(t, g, personProfile(1))
	bob, toBob := stay(t, g, personProfile(2))
	_, toCarol := stay(t, g, personProfile(3))
	if !alice.Subscribe(testGuild, asking(testText)) || !bob.Subscribe(testGuild, asking(testText, testText+1)) {
		t.Fatal("not in the guild")
	}
	if alice.Subscribe(testGuild+1, asking(testText)) {
		t.Error("in another guild")
	}
	if a, b := last(t, toAlice), last(t, toBob); a != b { // both channels have the same list
		t.Error("who begins to watch the same is not told by the same dispatch")
	}
	appear(t, g, 3, "online")
	g.flushLists()
	a, b := last(t, toAlice), last(t, toBob)
	if a.Name() != discord.EventGuildMemberListUpdate || a != b {
		t.Errorf("%s, %s; what is the same for both is not shared", a.Name(), b.Name())
	}
	expectUpdates(t, toCarol)

	alice.Subscribe(testGuild, asking(testText)) // once more, for it asks for what it has
	again := data(t, last(t, toAlice))
	if first := again["ops"].([]any)[0].(map[string]any); again["online_count"] != 1.0 || first["op"] != "SYNC" || len(first["items"].([]any)) != 6 {
		t.Errorf("got %v", again)
	}
	alice.Subscribe(testGuild, memberlist.Subscription{Channels: map[snowflake.ID]memberlist.Blocks{testText: {1}}})
	expectUpdates(t, toAlice, "everyone INVALIDATE SYNC")
	alice.Subscribe(testGuild, asking())
	expectUpdates(t, toAlice, "everyone INVALIDATE")
	g.detach(bob.seatIn(testGuild))
	if g.watched.members != nil || g.watched.timer != nil {
		t.Error("the lists are kept for nobody")
	}
}

// Who loses a channel hears no more of its list, not even how many are left in it; who keeps it gets the list that it now has.
func TestRevocationEndsWatching(t *testing.T) {
	t.Parallel()
	g := newView(t, 4, 2)
	alice, toAlice := stay(t, g, personProfile(1))
	bob, toBob := stay(t, g, personProfile(2))
	alice.Subscribe(testGuild, asking(testText, testText+1))
	bob.Subscribe(testGuild, asking(testText))
	updates(t, toAlice)
	updates(t, toBob)

	secret := hiddenFrom(0, testUser+1)
	apply(t, g, events.Header{Type: discord.EventChannelUpdate, Channel: testText}, secret)
	appear(t, g, 3, "online")
	appear(t, g, 1, "online")
	g.flushLists()
	id := listID(g, secret)
	heard := updates(t, toAlice)
	if len(heard) != 3 || heard[0] != id+" SYNC" || !slices.ContainsFunc(heard[1:], func(u string) bool { return strings.HasPrefix(u, id+" ") }) {
		t.Errorf("who is let in got %q", heard)
	}
	expectUpdates(t, toBob)

	bob.Subscribe(testGuild, asking(testText)) // in vain
	apply(t, g, events.Header{Type: discord.EventChannelUpdate, Channel: testText}, textChannel(0, nil))
	expectUpdates(t, toBob, "everyone SYNC") // it had asked for that

	apply(t, g, events.Header{Type: discord.EventGuildMemberRemove, User: testUser + 2}, discord.MemberRemoveEvent{User: discord.User{ID: testUser + 2}})
	toBob.take(t)
	g.flushLists()
	expectUpdates(t, toBob)
	updates(t, toAlice)
	apply(t, g, events.Header{Type: discord.EventGuildRoleUpdate}, discord.RoleEvent{Role: discord.Role{ID: testGuild}})
	appear(t, g, 3, "idle")
	g.flushLists()
	expectUpdates(t, toAlice)
}

// TestListsKeepUp changes a guild in all ways at random. The lists must be as if they were made anew, and be watched by
// those who may view their channel.
func TestListsKeepUp(t *testing.T) {
	t.Parallel()
	const users, channels = 30, 4
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0))
		g := newView(t, users, channels)
		places := make([]*Place, 8)
		for i := range places {
			places[i], _ = stay(t, g, personProfile(1+i))
			wanted := memberlist.Subscription{Channels: map[snowflake.ID]memberlist.Blocks{}}
			for range 3 {
				wanted.Channels[testText+snowflake.ID(random.IntN(channels))] = memberlist.Blocks{0}
			}
			places[i].Subscribe(testGuild, wanted)
		}
		for range 60 {
			changeAtRandom(t, g, random, users, channels)
			if random.IntN(2) == 0 {
				g.flushLists()
				for _, p := range places {
					checkWatch(t, g, p.seatIn(testGuild))
				}
			}
		}
	}
}

func changeAtRandom(t *testing.T, g *Guild, random *rand.Rand, users, channels int) {
	t.Helper()
	user, role := random.IntN(users), testRole+snowflake.ID(random.IntN(4))
	var sets permissions.Set
	if random.IntN(2) == 0 {
		sets = permissions.ViewChannel
	}
	switch random.IntN(9) {
	case 0, 1:
		appear(t, g, user, []string{"online", "idle", "offline"}[random.IntN(3)])
	case 2, 3:
		nick := string(rune('a' + random.IntN(26)))
		m := someMember(user, []snowflake.ID{role})
		m.Nick = &nick
		kind := discord.EventGuildMemberUpdate
		if !g.members.Has(m.User.ID) {
			kind = discord.EventGuildMemberAdd
		}
		apply(t, g, events.Header{Type: kind, User: m.User.ID, Membership: true}, discord.MemberEvent{Member: m})
	case 4:
		if id := testUser + snowflake.ID(user); user > 10 && g.members.Has(id) {
			apply(t, g, events.Header{Type: discord.EventGuildMemberRemove, User: id, Membership: true},
				discord.MemberRemoveEvent{User: discord.User{ID: id}})
		}
	case 5:
		apply(t, g, events.Header{Type: discord.EventGuildRoleUpdate, Access: true}, discord.RoleEvent{Role: discord.Role{
			ID: role, Hoist: random.IntN(2) == 0, Position: random.IntN(5), Permissions: sets,
		}})
	case 6:
		apply(t, g, events.Header{Type: discord.EventGuildRoleDelete, Access: true}, discord.RoleDeleteEvent{RoleID: role})
	case 7:
		id := testText + snowflake.ID(random.IntN(channels))
		overwrites := []discord.Overwrite{{ID: role, Allow: permissions.ViewChannel}, {ID: testGuild, Deny: permissions.ViewChannel &^ sets}}
		apply(t, g, events.Header{Type: discord.EventChannelUpdate, Channel: id, Access: true}, textChannel(int(id-testText), overwrites))
	case 8:
		apply(t, g, events.Header{Type: discord.EventGuildUpdate}, discord.Guild{ID: testGuild, OwnerID: testUser + snowflake.ID(user)})
	}
}

func checkWatch(t *testing.T, g *Guild, s *seat) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	w := g.watched.watches[s]
	m, _ := g.member(s.user())
	gets := map[string]string{}
	for list, blocks := range w.lists {
		gets[list.ID()] = string(list.Sync(blocks, nil))
	}
	want := map[string]string{}
	for id, blocks := range w.channels {
		if !g.perms.In(m, &g.channels[id].perms, time.Now()).Has(permissions.ViewChannel) {
			continue
		}
		fresh := memberlist.NewGuild(&g.perms, g.object.Roles, membership{g})
		list, err := fresh.List(memberlist.VisibilityOf(&g.perms, &g.channels[id].perms, false))
		if err != nil {
			t.Fatal(err)
		}
		want[list.ID()] = string(list.Sync(blocks, nil))
	}
	if !maps.Equal(gets, want) {
		t.Errorf("user %s gets %v, want %v", s.user(), gets, want)
	}
}

// Of a large guild people are told the presences of the members whom they name.
func TestSessionsFollowMembers(t *testing.T) {
	t.Parallel()
	g := newView(t, smallGuild+1, 1)
	alice, toAlice := stay(t, g, personProfile(1))
	_, toBob := stay(t, g, personProfile(2))
	appear(t, g, 5, "online")
	alice.Subscribe(testGuild, memberlist.Subscription{Members: []snowflake.ID{testUser + 5, testUser + 6, testUser + 1, 1}})
	if d := last(t, toAlice); d.Name() != discord.EventPresenceUpdate {
		t.Errorf("first %s", d.Name())
	}
	appear(t, g, 6, "idle")
	appear(t, g, 7, "idle")
	appear(t, g, 1, "idle") // never of oneself
	if got := toAlice.takeAll(t); len(got) != 1 || data(t, got[0])["user"].(map[string]any)["id"] != "4006" {
		t.Errorf("%d presences", len(got))
	}
	alice.Subscribe(testGuild, memberlist.Subscription{Members: []snowflake.ID{testUser + 5}})
	appear(t, g, 6, "online")
	if got := toAlice.take(t); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if got := toBob.take(t); len(got) != 0 {
		t.Errorf("who follows nobody got %v", got)
	}
	g.detach(alice.seatIn(testGuild))
	if len(g.followed.seats)+len(g.followed.users) != 0 {
		t.Error("who has left still follows")
	}
}

func TestPeopleAreNotToldOfTheirOwnPresence(t *testing.T) {
	t.Parallel()
	g := newView(t, 3, 1)
	_, toAlice := stay(t, g, personProfile(1))
	_, toBob := stay(t, g, personProfile(2))
	appear(t, g, 1, "online")
	if a, b := toAlice.take(t), toBob.take(t); len(a) != 0 || len(b) != 1 {
		t.Errorf("the user got %v, another %v", a, b)
	}
}

func TestThreadsAreSyncedOnRequest(t *testing.T) {
	t.Parallel()
	g := newView(t, 3, 2)
	alice, toAlice := stay(t, g, personProfile(1))
	for i, parent := range []snowflake.ID{testText, testText + 1} {
		apply(t, g, events.Header{Type: discord.EventThreadCreate, Channel: parent}, map[string]any{
			"id": fmt.Sprint(5000 + i), "type": discord.ChannelPublicThread, "parent_id": parent,
		})
	}
	apply(t, g, events.Header{Type: discord.EventChannelUpdate, Channel: testText + 1}, hiddenFrom(1))
	yes, no := true, false
	alice.Subscribe(testGuild, memberlist.Subscription{Threads: &no})
	toAlice.take(t)
	alice.Subscribe(testGuild, memberlist.Subscription{Threads: &yes})
	d := last(t, toAlice)
	threads, _ := data(t, d)["threads"].([]any)
	if d.Name() != discord.EventThreadListSync || len(threads) != 1 || threads[0].(map[string]any)["id"] != "5000" {
		t.Errorf("%s with %v", d.Name(), threads)
	}
}

func TestGuildSync(t *testing.T) {
	t.Parallel()
	g := newView(t, 3, 1)
	alice, _ := stay(t, g, personProfile(1))
	appear(t, g, 2, "dnd")
	raw, ok := alice.Sync(testGuild)
	var got struct {
		ID        snowflake.ID
		Members   []discord.Member
		Presences []json.RawMessage
		Large     bool
	}
	if err := json.Unmarshal(raw, &got); err != nil || !ok || got.ID != testGuild || len(got.Members) != 3 || len(got.Presences) != 1 {
		t.Errorf("%s, %v", raw, err)
	}
	if _, ok := alice.Sync(testGuild + 1); ok {
		t.Error("synced a guild that the session is not in")
	}
}
