package permissions

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"guildhall.chat/guildhall/internal/snowflake"
)

// modelCan says for a single permission whether the member has it, by going through the rules one at a time. It shares
// nothing with the package but the types.
func modelCan(bit Set, g *Guild, m Member, c *Channel, now time.Time) bool {
	has := func(bit Set) bool { return modelCan(bit, g, m, c, now) }
	if m.User == g.Owner {
		return bit&All != 0
	}
	var held []Role
	for id, role := range g.Roles {
		member := id == g.ID
		for _, mine := range m.Roles {
			member = member || mine == id
		}
		if member {
			held = append(held, role)
		}
	}
	granted := false
	for _, role := range held {
		if role.Permissions&(1<<3) != 0 {
			return bit&All != 0
		}
		granted = granted || role.Permissions&bit != 0
	}
	onlyByRole := false
	for _, n := range []int{1, 2, 3, 5, 7, 19, 26, 27, 30, 40, 41, 43} {
		onlyByRole = onlyByRole || bit == 1<<n
	}
	if !onlyByRole {
		steps := []func(Overwrite) bool{
			func(o Overwrite) bool { return o.Kind == 0 && o.ID == g.ID },
			func(o Overwrite) bool {
				for _, role := range held {
					if o.Kind == 0 && o.ID == role.ID && o.ID != g.ID {
						return true
					}
				}
				return false
			},
			func(o Overwrite) bool { return o.Kind == 1 && o.ID == m.User },
		}
		for _, applies := range steps {
			allow, deny := false, false
			for _, o := range c.Overwrites {
				if applies(o) {
					allow, deny = allow || o.Allow&bit != 0, deny || o.Deny&bit != 0
				}
			}
			granted = allow || granted && !deny
		}
	}
	if (m.Pending || now.Before(m.TimedOutUntil)) && bit != 1<<10 && bit != 1<<16 {
		return false
	}
	if !granted || bit == 1<<10 {
		return granted
	}
	if !has(1 << 10) { // VIEW_CHANNEL
		return false
	}
	if (c.Type == 2 || c.Type == 13) && bit != 1<<20 && !has(1<<20) { // CONNECT
		return false
	}
	if bit == 1<<12 || bit == 1<<14 || bit == 1<<15 || bit == 1<<17 {
		return has(1 << 11) // SEND_MESSAGES
	}
	return true
}

func TestInAgainstTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		// Few ids, so that they meet; members and overwrites name roles that the guild doesn't have, too.
		id := rapid.Map(rapid.Uint64Range(1, 6), func(n uint64) snowflake.ID { return snowflake.ID(n) })
		// Administrator hides everything else, so it shouldn't be in half of the sets.
		set := rapid.Custom(func(t *rapid.T) Set {
			s := Set(rapid.Uint64().Draw(t, "bits"))
			if rapid.IntRange(0, 9).Draw(t, "administrator") > 0 {
				s &^= Administrator
			}
			return s
		})
		g := &Guild{ID: 1, Owner: id.Draw(t, "owner"), Roles: map[snowflake.ID]Role{1: {ID: 1, Permissions: set.Draw(t, "everyone")}}}
		for _, roleID := range rapid.SliceOfNDistinct(id, 0, 4, rapid.ID).Draw(t, "roles") {
			g.Roles[roleID] = Role{ID: roleID, Permissions: set.Draw(t, "permissions")}
		}
		m := Member{
			User:          id.Draw(t, "user"),
			Roles:         rapid.SliceOfNDistinct(id.Filter(func(id snowflake.ID) bool { return id != 1 }), 0, 4, rapid.ID).Draw(t, "member roles"),
			TimedOutUntil: now.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "time-out"))),
			Pending:       rapid.Bool().Draw(t, "pending"),
		}
		overwrite := rapid.Custom(func(t *rapid.T) Overwrite {
			return Overwrite{id.Draw(t, "of"), Kind(rapid.IntRange(0, 1).Draw(t, "kind")), set.Draw(t, "allow"), set.Draw(t, "deny")}
		})
		c := &Channel{
			Type: rapid.SampledFrom([]int{0, 2, 4, 5, 13, 15, 16}).Draw(t, "type"),
			Overwrites: rapid.SliceOfNDistinct(overwrite, 0, 6, func(o Overwrite) Overwrite {
				return Overwrite{ID: o.ID, Kind: o.Kind}
			}).Draw(t, "overwrites"),
		}
		var want Set
		for n := range 64 {
			if bit := Set(1) << n; modelCan(bit, g, m, c, now) {
				want |= bit
			}
		}
		if got := g.In(m, c, now); got != want {
			t.Fatalf("got %b, want %b", got, want)
		}
	})
}

func BenchmarkIn(b *testing.B) {
	g := testGuild()
	for i := range snowflake.ID(50) {
		g.Roles[100+i] = Role{ID: 100 + i, Position: int(i), Permissions: AddReactions}
	}
	m := member(helpers, 101, 120, 130, 149)
	c := &Channel{Overwrites: []Overwrite{everyone(0, SendMessages), {ID: 120, Allow: SendMessages}, {ID: mods, Deny: ViewChannel},
		{ID: user, Kind: OfMember, Allow: EmbedLinks}}}
	b.ReportAllocs()
	for b.Loop() {
		g.In(m, c, now)
	}
}

// BenchmarkRoleLookups is the limit of BenchmarkIn: finding the member's roles is all that it can't do without.
func BenchmarkRoleLookups(b *testing.B) {
	g := testGuild()
	for i := range snowflake.ID(50) {
		g.Roles[100+i] = Role{ID: 100 + i, Position: int(i), Permissions: AddReactions}
	}
	roles := []snowflake.ID{g.ID, helpers, 101, 120, 130, 149}
	var set Set
	for b.Loop() {
		for _, id := range roles {
			set |= g.Roles[id].Permissions
		}
	}
	if set == 0 {
		b.Fatal("no permissions")
	}
}

func TestNothingAllocates(t *testing.T) {
	g, m := testGuild(), member(mods, helpers)
	c := &Channel{Overwrites: []Overwrite{everyone(0, SendMessages), {ID: mods, Allow: SendMessages}}}
	if n := testing.AllocsPerRun(100, func() {
		g.Base(m, now)
		g.In(m, c, now)
		g.InThread(m, c, true, true, now)
		g.OutranksMember(m, Member{User: 9, Roles: m.Roles})
		g.GrantableIn(m, c, c, now)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
