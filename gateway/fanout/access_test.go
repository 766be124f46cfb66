package fanout

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	firstThread = snowflake.ID(5000)
	threads     = 3
)

// Whatever changes, the kept sets and audiences are those that the rules give for the state at hand.
func TestSetsFollowEveryChange(t *testing.T) {
	t.Parallel()
	const users, channels, roles = 6, 4, 3
	rapid.Check(t, func(rt *rapid.T) {
		g := newView(t, users, channels)
		seated := []*Place{}
		enter := func(p Profile) {
			place := g.place(p)
			place.sub.(*sink).silent = true
			if _, _, _, err := place.sit(g, withNothing); err != nil {
				rt.Fatal(err)
			}
			seated = append(seated, place)
		}
		for i := range users {
			enter(botProfile(i, discord.IntentsAll))
		}
		apply := func(head events.Header, data any) {
			apply(t, g, head, data)
			if g.closed {
				rt.Fatalf("%s closed the view", head.Type)
			}
		}
		someSet := rapid.SampledFrom([]permissions.Set{
			0, permissions.ViewChannel, permissions.Connect, permissions.ViewChannel | permissions.Connect,
			permissions.ViewChannel | permissions.ManageThreads, permissions.KickMembers, permissions.Administrator,
		})
		someRole := rapid.SampledFrom([]snowflake.ID{testGuild, testRole, testRole + 1, testRole + 2})
		drawRoles := func(rt *rapid.T) (ids []snowflake.ID) {
			ids = []snowflake.ID{}
			for i := range roles {
				if rapid.Bool().Draw(rt, fmt.Sprint("role", i)) {
					ids = append(ids, testRole+snowflake.ID(i))
				}
			}
			return ids
		}
		drawUser := func(rt *rapid.T) int { return rapid.IntRange(1, users-1).Draw(rt, "user") }
		drawID := func(rt *rapid.T) snowflake.ID { return testUser + snowflake.ID(drawUser(rt)) }
		drawThread := func(rt *rapid.T) snowflake.ID {
			return firstThread + snowflake.ID(rapid.IntRange(0, threads-1).Draw(rt, "thread"))
		}
		drawScope := func(rt *rapid.T) scope {
			var sc scope
			ids := []snowflake.ID{0, testText, testText + 1, testText + 2, testText + 3, firstThread, firstThread + 1, firstThread + 2}
			channel := rapid.SampledFrom(ids).Draw(rt, "in")
			switch rapid.IntRange(0, 2).Draw(rt, "question") {
			case 0:
				if channel != 0 {
					sc.question = g.toRead(channel)
				}
			case 1:
				if channel != 0 {
					sc.question = toView(channel)
				}
			default:
				sc.question = question{channel: channel, any: permissions.ManageThreads | permissions.KickMembers}
			}
			sc.intents = rapid.SampledFrom([]discord.Intents{0, discord.IntentGuilds, discord.IntentGuildMembers}).Draw(rt, "intents")
			sc.whose = rapid.SampledFrom([]accounts{anybodys, ofBots, ofPeople}).Draw(rt, "whose")
			switch rapid.IntRange(0, 4).Draw(rt, "who") {
			case 0:
				sc.self = drawID(rt)
			case 1:
				sc.never = drawID(rt)
			case 2:
				sc.only = []snowflake.ID{drawID(rt), drawID(rt)}
			}
			return sc
		}
		rt.Repeat(map[string]func(*rapid.T){
			"role": func(rt *rapid.T) {
				role := discord.Role{ID: someRole.Draw(rt, "role"), Permissions: someSet.Draw(rt, "set")}
				apply(events.Header{Type: discord.EventGuildRoleUpdate}, discord.RoleEvent{Role: role})
			},
			"role deleted": func(rt *rapid.T) {
				if id := someRole.Draw(rt, "role"); id != testGuild {
					apply(events.Header{Type: discord.EventGuildRoleDelete}, discord.RoleDeleteEvent{RoleID: id})
				}
			},
			"channel": func(rt *rapid.T) {
				overwrites := []discord.Overwrite{
					{ID: someRole.Draw(rt, "role"), Type: 0, Allow: someSet.Draw(rt, "set") &^ permissions.Administrator},
					{ID: drawID(rt), Type: 1, Deny: someSet.Draw(rt, "set") &^ permissions.Administrator},
				}
				i := rapid.IntRange(0, channels-1).Draw(rt, "channel")
				apply(events.Header{Type: discord.EventChannelUpdate}, textChannel(i, overwrites))
			},
			"channel deleted": func(rt *rapid.T) {
				i := rapid.IntRange(0, channels-1).Draw(rt, "channel")
				apply(events.Header{Type: discord.EventChannelDelete}, textChannel(i, nil))
			},
			"thread": func(rt *rapid.T) {
				kind := rapid.SampledFrom([]discord.ChannelType{discord.ChannelPublicThread, discord.ChannelPrivateThread}).Draw(rt, "kind")
				object := map[string]any{
					"id": drawThread(rt), "type": kind, "parent_id": testText + snowflake.ID(rapid.IntRange(0, channels-1).Draw(rt, "parent")),
					"owner_id": drawID(rt), "newly_created": rapid.Bool().Draw(rt, "new"),
				}
				head := events.Header{Type: discord.EventThreadUpdate}
				if rapid.Bool().Draw(rt, "tells members") {
					head.Thread = &events.Thread{Members: []events.ThreadMember{{User: drawID(rt)}}}
				}
				apply(head, object)
			},
			"in an archived thread": func(rt *rapid.T) {
				apply(events.Header{
					Type: discord.EventMessageDelete, Channel: drawThread(rt), Thread: &events.Thread{
						Parent: testText + snowflake.ID(rapid.IntRange(0, channels-1).Draw(rt, "parent")), Private: rapid.Bool().Draw(rt, "private"),
						Members: []events.ThreadMember{{User: drawID(rt)}},
					},
				}, map[string]any{"id": "1"})
			},
			"thread members": func(rt *rapid.T) {
				apply(events.Header{Type: discord.EventThreadMembersUpdate}, map[string]any{
					"id": drawThread(rt), "added_members": []any{map[string]any{"user_id": drawID(rt)}}, "removed_member_ids": []any{drawID(rt)},
				})
			},
			"thread deleted": func(rt *rapid.T) {
				apply(events.Header{Type: discord.EventThreadDelete}, map[string]any{"id": drawThread(rt)})
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
				apply(events.Header{Type: discord.EventGuildMemberRemove}, discord.MemberRemoveEvent{User: discord.User{ID: drawID(rt)}})
			},
			"member back": func(rt *rapid.T) {
				apply(events.Header{Type: discord.EventGuildMemberAdd}, discord.MemberEvent{Member: someMember(drawUser(rt), drawRoles(rt))})
			},
			"owner": func(rt *rapid.T) {
				apply(events.Header{Type: discord.EventGuildUpdate}, discord.Guild{ID: testGuild, OwnerID: drawID(rt)})
			},
			"enter": func(rt *rapid.T) {
				p := botProfile(drawUser(rt), rapid.SampledFrom([]discord.Intents{0, discord.IntentGuilds, discord.IntentsAll}).Draw(rt, "intents"))
				p.Bot = rapid.Bool().Draw(rt, "bot")
				enter(p)
			},
			"leave": func(rt *rapid.T) {
				if len(seated) > 0 {
					i := rapid.IntRange(0, len(seated)-1).Draw(rt, "seat")
					g.detach(seated[i].seats[0])
					seated = slices.Delete(seated, i, i+1)
				}
			},
			"compact": func(*rapid.T) {
				g.seats.compact()
				g.forgetSets()
			},
			"sweep": func(*rapid.T) { g.sweep() },
			"":      func(rt *rapid.T) { checkReceivers(rt, g, seated, drawScope(rt)) },
		})
	})
}

// checkReceivers compares what is kept with what the rules say of each seat.
func checkReceivers(t *rapid.T, g *Guild, seated []*Place, sc scope) {
	audience := g.receivers(sc)
	var want, got []uint64
	for _, place := range seated {
		s := place.seats[0]
		if s.attached != g.members.Has(s.user()) {
			t.Fatalf("seat of %s is attached: %v", s.user(), s.attached)
		}
		m, is := g.member(s.user())
		if is && g.sees(s, m, sc, time.Now()) {
			want = append(want, place.sub.Number())
		}
		if audience.to.Has(place.sub) {
			got = append(got, place.sub.Number())
		}
	}
	if !slices.Equal(got, want) || audience.to.Len() != len(want) || audience.bits.count() != len(want) {
		t.Fatalf("%+v: receivers %v of %d, want %v", sc, got, audience.to.Len(), want)
	}
}

// A time-out takes Connect, and so the text of voice channels, until it ends by itself.
func TestTimeOutEndsWithoutAnEvent(t *testing.T) {
	t.Parallel()
	g := newView(t, 2, 4)
	sit(t, g, botProfile(1, discord.IntentsAll))
	readers := func() int {
		g.endTimeOuts()
		return g.receivers(scope{class: class{question: g.toRead(testText + 3)}}).to.Len()
	}
	if readers() != 1 {
		t.Fatal("nobody reads before the time-out")
	}
	m := someMember(1, nil)
	until := discord.At(time.Now().Add(50 * time.Millisecond))
	m.CommunicationDisabledUntil = &until
	apply(t, g, events.Header{Type: discord.EventGuildMemberUpdate}, discord.MemberEvent{Member: m})
	if n := readers(); n != 0 && time.Now().Before(until.Time) {
		t.Errorf("%d readers during the time-out", n)
	}
	for deadline := time.Now().Add(10 * time.Second); readers() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody reads after the time-out")
		}
	}
}

// Channels that the same sessions see share one audience, and nothing is made for a message while nothing changes.
func TestAudiencesAreShared(t *testing.T) {
	g := newView(t, 3, 3)
	for i := range 3 {
		sit(t, g, botProfile(i, discord.IntentsAll))
	}
	in := func(channel snowflake.ID) *audience {
		return g.receivers(scope{class: class{question: g.toRead(channel), intents: discord.IntentGuildMessages}})
	}
	first := in(testText)
	if in(testText+1) != first || in(testText) != first {
		t.Error("audiences of two channels that all see are not the same")
	}
	apply(t, g, events.Header{Type: discord.EventChannelUpdate, Channel: testText},
		textChannel(0, []discord.Overwrite{{ID: testUser + 1, Type: 1, Deny: permissions.ViewChannel}}))
	if a := in(testText); a.to.Len() != 2 || a == in(testText+1) {
		t.Errorf("after a denial %d see the channel", a.to.Len())
	}
	if allocs := testing.AllocsPerRun(100, func() { in(testText) }); allocs > 0 {
		t.Errorf("%v allocations to find who is there already", allocs)
	}
}

// What has not been needed for a while is forgotten, and asked anew.
func TestSetsAreSwept(t *testing.T) {
	t.Parallel()
	g := newView(t, 2, 2)
	sit(t, g, botProfile(1, discord.IntentsAll))
	message := func() {
		apply(t, g, events.Header{Type: discord.EventMessageCreate, Channel: testText}, json.RawMessage(`{"id":"1"}`))
	}
	message()
	created(t, g, botProfile(1, discord.IntentsAll))
	g.sweep()
	message()
	created(t, g, botProfile(1, discord.IntentsAll))
	g.sweep()
	if g.face.object == nil || g.channels[testText].json == nil {
		t.Error("pieces that are in use were forgotten")
	}
	if len(g.access) == 0 || len(g.audiences) == 0 {
		t.Error("what is in use was forgotten")
	}
	g.sweep()
	g.sweep()
	if len(g.access) != 0 || len(g.audiences) != 0 || len(g.interned) != 0 {
		t.Errorf("%d sets, %d audiences, %d shared are left", len(g.access), len(g.audiences), len(g.interned))
	}
	if g.face.object != nil || g.face.shared[flat] != nil || g.channels[testText].json != nil {
		t.Error("pieces are left")
	}
	created(t, g, botProfile(1, discord.IntentsAll))
	message()
}
