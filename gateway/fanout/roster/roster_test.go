package roster

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

func optional[T any](g *rapid.Generator[T]) *rapid.Generator[*T] { return rapid.Ptr(g, true) }

var (
	anyText = rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zA-Z0-9_.]{0,32}`), rapid.Just("<&>\u2028\\\""))
	anyTime = rapid.Custom(func(t *rapid.T) discord.Timestamp {
		return discord.At(time.UnixMicro(rapid.Int64Range(-1e12, 4e15).Draw(t, "micros")))
	})
	anyRoles = rapid.SliceOfNDistinct(rapid.Uint64Range(1, 6), 0, 4, rapid.ID)
)

// anyMember draws a member as events have it: roles ascending, because a roster keeps no order.
func anyMember(t *rapid.T, user snowflake.ID) discord.Member {
	m := discord.Member{
		User: &discord.User{
			ID: user, Username: anyText.Draw(t, "name"), Discriminator: rapid.SampledFrom([]string{"0", "0000", ""}).Draw(t, "discriminator"),
			GlobalName: optional(anyText).Draw(t, "global"), Avatar: optional(anyText).Draw(t, "user avatar"),
			Banner: optional(anyText).Draw(t, "user banner"), AccentColor: optional(rapid.Int()).Draw(t, "accent"),
			Bot: rapid.Bool().Draw(t, "bot"), System: rapid.Bool().Draw(t, "system"),
			PublicFlags: rapid.Int().Draw(t, "public"), Flags: rapid.Int64().Draw(t, "flags"),
		},
		Nick: optional(anyText).Draw(t, "nick"), Avatar: optional(anyText).Draw(t, "avatar"), Banner: optional(anyText).Draw(t, "banner"),
		Roles: []snowflake.ID{}, PremiumSince: optional(anyTime).Draw(t, "premium"),
		Deaf: rapid.Bool().Draw(t, "deaf"), Mute: rapid.Bool().Draw(t, "mute"), Flags: rapid.Int().Draw(t, "member flags"),
		Pending: rapid.Bool().Draw(t, "pending"), CommunicationDisabledUntil: optional(anyTime).Draw(t, "time-out"),
	}
	if rapid.Bool().Draw(t, "joined") {
		m.JoinedAt = anyTime.Draw(t, "joined at")
	}
	for _, id := range anyRoles.Draw(t, "roles") {
		m.Roles = append(m.Roles, snowflake.ID(id))
	}
	slices.Sort(m.Roles)
	return m
}

func encoded(t interface{ Fatal(...any) }, v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestRosterIsWhatWasPutInto(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, want := New(), map[snowflake.ID]discord.Member{}
		check := func(s Snapshot, want map[snowflake.ID]discord.Member) {
			if s.Len() != len(want) {
				t.Fatalf("%d members, want %d", s.Len(), len(want))
			}
			ids := slices.Sorted(maps.Keys(want))
			i := 0
			for m := range s.All() {
				if m.User != ids[i] {
					t.Fatalf("member %d is %s, want %s", i, m.User, ids[i])
				}
				if got, want := string(m.AppendJSON(nil)), encoded(t, want[m.User]); got != want {
					t.Fatalf("got  %s\nwant %s", got, want)
				}
				if got, want := string(m.AppendUser(nil)), encoded(t, want[m.User].User); got != want {
					t.Fatalf("got  %s\nwant %s", got, want)
				}
				i++
			}
		}
		var kept []func()
		// Few users, so that they meet; the blocks are filled by another test.
		drawUser := func(t *rapid.T) snowflake.ID { return snowflake.ID(rapid.Uint64Range(1, 12).Draw(t, "user")) }
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				m := anyMember(t, drawUser(t))
				if err := r.Put(&m); err != nil {
					t.Fatal(err)
				}
				want[m.User.ID] = m
			},
			"delete": func(t *rapid.T) {
				user := drawUser(t)
				_, known := want[user]
				if r.Delete(user) != known {
					t.Fatalf("deletion of %s does not say %v", user, known)
				}
				delete(want, user)
			},
			"drop role": func(t *rapid.T) {
				role := snowflake.ID(rapid.Uint64Range(1, 6).Draw(t, "role"))
				r.DropRole(role)
				for id, m := range want {
					m.Roles = slices.DeleteFunc(slices.Clone(m.Roles), func(id snowflake.ID) bool { return id == role })
					want[id] = m
				}
			},
			"find": func(t *rapid.T) {
				user := drawUser(t)
				m, found := r.Find(user)
				then, known := want[user]
				if found != known {
					t.Fatalf("%s is found: %v", user, found)
				}
				if !known {
					return
				}
				kept = append(kept, func() {
					if got, want := string(m.AppendJSON(nil)), encoded(t, then); got != want {
						t.Fatalf("what was found is now %s, was %s", got, want)
					}
				})
			},
			"snapshot": func(*rapid.T) {
				s, then := r.Snapshot(), maps.Clone(want)
				kept = append(kept, func() { check(s, then) })
			},
			"": func(t *rapid.T) {
				check(r.Snapshot(), want)
				for id, m := range want {
					access, _ := r.Access(id)
					if !slices.Equal(r.Roles(access.Roles), m.Roles) {
						t.Fatalf("roles %v, want %v", r.Roles(access.Roles), m.Roles)
					}
					if until := m.CommunicationDisabledUntil; until == nil != access.TimedOutUntil.IsZero() || until != nil && !until.Equal(access.TimedOutUntil) {
						t.Fatalf("timed out until %v, want %v", access.TimedOutUntil, until)
					}
					if r.Listed(id) != (len(m.Roles) > 0 || m.Nick != nil && *m.Nick != "") {
						t.Fatalf("listed: %v", r.Listed(id))
					}
				}
				sets := 0
				for _, set := range r.sets.all {
					if set != nil {
						sets++
					}
				}
				distinct := map[string]bool{}
				for _, m := range want {
					distinct[fmt.Sprint(m.Roles)] = true
				}
				if sets != len(distinct) || len(r.sets.byKey) != sets {
					t.Fatalf("%d role sets for %d combinations", sets, len(distinct))
				}
			},
		})
		for _, check := range kept {
			check()
		}
	})
}

func TestManyMembersInAnyOrder(t *testing.T) {
	t.Parallel()
	r := New()
	const n = 10 * blockSize
	for i := range n {
		m := someMember(snowflake.ID(i * 7919 % n))
		if err := r.Put(&m); err != nil {
			t.Fatal(err)
		}
	}
	next := snowflake.ID(0)
	for m := range r.Snapshot().All() {
		if m.User != next {
			t.Fatalf("member %s, want %s", m.User, next)
		}
		next++
	}
	for i := range n {
		if !r.Delete(snowflake.ID((i*31 + 5) % n)) {
			t.Fatalf("member %d is not there", i)
		}
	}
	if r.Len() != 0 || len(r.blocks) != 0 {
		t.Errorf("%d members, %d blocks are left", r.Len(), len(r.blocks))
	}
}

func TestPrefix(t *testing.T) {
	t.Parallel()
	nick := "ÄRGER im Haus"
	with := func(m discord.Member) Member {
		r := New()
		if err := r.Put(&m); err != nil {
			t.Fatal(err)
		}
		found, _ := r.Snapshot().Find(m.User.ID)
		return found
	}
	m := with(discord.Member{User: &discord.User{ID: 1, Username: "Bob_1"}, Nick: &nick})
	for prefix, want := range map[string]bool{
		"": true, "b": true, "bob_1": true, "bob_12": false, "ob": false, "ärger im": true, "ä": true, "ärgernis": false, "ö": false,
	} {
		if m.HasPrefix(strings.ToLower(prefix)) != want {
			t.Errorf("%q: %v", prefix, !want)
		}
	}
}

// A field that the wire object gets must get a place in the record, or it would be lost in silence.
func TestWireObjectHasNoUnknownFields(t *testing.T) {
	t.Parallel()
	const member, user = 15, 14
	if n := reflect.TypeFor[discord.Member]().NumField(); n != member {
		t.Errorf("discord.Member has %d fields, the record knows %d", n, member)
	}
	if n := reflect.TypeFor[discord.User]().NumField(); n != user {
		t.Errorf("discord.User has %d fields, the record knows %d", n, user)
	}
}

func someMember(id snowflake.ID) discord.Member {
	global, avatar := "Somebody "+id.String(), "0123456789abcdef0123456789abcdef"
	return discord.Member{
		User:  &discord.User{ID: id, Username: "user" + id.String(), Discriminator: "0", GlobalName: &global, Avatar: &avatar},
		Roles: []snowflake.ID{id % 16}, JoinedAt: discord.At(time.UnixMicro(1.7e15)),
	}
}

func BenchmarkMemory(b *testing.B) {
	const n = 100_000
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		r := New()
		for i := range n {
			m := someMember(snowflake.ID(1e18 + i*1000))
			if err := r.Put(&m); err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/member")
		runtime.KeepAlive(r)
	}
}

func BenchmarkRoster(b *testing.B) {
	const n = 100_000
	r := New()
	for i := range n {
		m := someMember(snowflake.ID(i))
		if err := r.Put(&m); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("access", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			r.Access(snowflake.ID(i * 7919 % n))
		}
	})
	b.Run("put", func(b *testing.B) {
		m := someMember(0)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			m.User.ID = snowflake.ID(i * 7919 % n)
			_ = r.Put(&m)
		}
	})
	b.Run("json of all", func(b *testing.B) {
		var dst []byte
		for b.Loop() {
			dst = dst[:0]
			for m := range r.Snapshot().All() {
				dst = m.AppendJSON(dst)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/member")
	})
	b.Run("drop a role", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			r.DropRole(snowflake.ID(i % 16))
		}
	})
}
