package memberlist

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// viewer is a client that keeps the rows of one list in an array, as known clients do: an operation moves all rows behind
// it, those that it does not watch are unknown.
type viewer struct {
	t       failer
	watches Blocks
	rows    []item // an empty item is unknown
	groups  []group
}

func (v *viewer) apply(data json.RawMessage) {
	u := read(v.t, data)
	v.groups = u.Groups
	for _, op := range u.Ops {
		switch op.Op {
		case "SYNC":
			for i, one := range op.Items {
				v.reach(op.Range[0] + i + 1)
				v.rows[op.Range[0]+i] = one
			}
		case "INVALIDATE":
			v.reach(op.Range[1] + 1)
			clear(v.rows[op.Range[0] : op.Range[1]+1])
		case "INSERT":
			if op.Index > len(v.rows) {
				v.t.Fatalf("INSERT at %d of %d rows", op.Index, len(v.rows))
			}
			v.rows = slices.Insert(v.rows, op.Index, op.Item)
		case "UPDATE", "DELETE":
			if op.Index >= len(v.rows) || v.rows[op.Index] == (item{}) {
				v.t.Fatalf("%s of an unknown row %d", op.Op, op.Index)
			}
			if op.Op == "DELETE" {
				v.rows = slices.Delete(v.rows, op.Index, op.Index+1)
			} else {
				v.rows[op.Index] = op.Item
			}
		default:
			v.t.Fatalf("op %q", op.Op)
		}
	}
}

func (v *viewer) reach(n int) {
	for len(v.rows) < n {
		v.rows = append(v.rows, item{})
	}
}

// check compares what the client watches with the true rows.
func (v *viewer) check(truth []string, groups []group) {
	if !slices.Equal(v.groups, groups) {
		v.t.Fatalf("groups %v, want %v", v.groups, groups)
	}
	for _, block := range v.watches {
		for i := block * BlockSize; i < min((block+1)*BlockSize, max(len(truth), len(v.rows))); i++ {
			switch {
			case i >= len(truth):
				if v.rows[i] != (item{}) {
					v.t.Fatalf("row %d behind the end is %v", i, v.rows[i])
				}
			case i >= len(v.rows) || v.rows[i].String() != truth[i]:
				v.t.Fatalf("row %d of %d is %v, want %s", i, len(truth), v.rows[min(i, len(v.rows)-1)], truth[i])
			}
		}
	}
}

// model is the state of a guild without any cleverness.
type model struct {
	*membership
	roles []discord.Role
}

// rows works out a list from scratch.
func (m *model) rows(v Visibility) (rows []string, groups []group) {
	hoisted := slices.DeleteFunc(slices.Clone(m.roles), func(r discord.Role) bool { return !r.Hoist })
	slices.SortFunc(hoisted, func(a, b discord.Role) int { return b.Position - a.Position })
	in := map[string][]Member{}
	names := []string{}
	for _, role := range hoisted {
		names = append(names, role.ID.String())
	}
	names = append(names, "online", "offline")
	for _, one := range m.members {
		if !v.everyone && !v.lets(m.perms, permissions.Member{User: one.ID, Roles: one.Roles}) {
			continue
		}
		name := "online"
		for _, role := range slices.Backward(hoisted) {
			if slices.Contains(one.Roles, role.ID) {
				name = role.ID.String()
			}
		}
		if one.Presence == nil {
			name = "offline"
		}
		in[name] = append(in[name], one)
	}
	for _, name := range names {
		if len(in[name]) == 0 || name == "offline" && len(m.members) >= HideOffline {
			continue
		}
		slices.SortFunc(in[name], func(a, b Member) int {
			if c := strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)); c != 0 {
				return c
			}
			return int(a.ID) - int(b.ID)
		})
		rows, groups = append(rows, name), append(groups, group{name, len(in[name])})
		for _, one := range in[name] {
			var shown item
			if err := json.Unmarshal((&entry{id: one.ID, presence: one.Presence, object: one.Object}).json(), &shown); err != nil {
				panic(err)
			}
			rows = append(rows, shown.String())
		}
	}
	return rows, groups
}

// TestClientsSeeTheTrueList changes a guild at random, and holds what clients make of the updates against the list worked
// out from scratch.
func TestClientsSeeTheTrueList(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		roles := []discord.Role{{ID: 20, Position: 1, Hoist: true}, {ID: 21, Position: 2, Hoist: true}, {ID: 22, Position: 3}}
		m := &model{newMembership(guildWith(permissions.ViewChannel, 20, 21, 22), roles), roles}
		size := rapid.SampledFrom([]int{0, 3, 60, 98, 150, 198, 995}).Draw(t, "size")
		put := func(id snowflake.ID) {
			name := fmt.Sprintf("%c%d", rapid.SampledFrom([]rune("aAbBmMzZ")).Draw(t, "name"), id%7)
			one := member(id, name, rapid.IntRange(0, 3).Draw(t, "online") > 0,
				rapid.SliceOfNDistinct(rapid.SampledFrom([]snowflake.ID{20, 21, 22}), 0, 2, rapid.ID[snowflake.ID]).Draw(t, "roles")...)
			m.put(one)
		}
		for i := range size {
			put(snowflake.ID(1000 + i))
		}
		visibilities := []Visibility{
			VisibilityOf(m.perms, &permissions.Channel{}, false),
			VisibilityOf(m.perms, &permissions.Channel{Overwrites: []permissions.Overwrite{
				{ID: guildID, Deny: permissions.ViewChannel}, {ID: 22, Allow: permissions.ViewChannel},
			}}, false),
		}
		var lists []*List
		viewers := make([][]*viewer, len(visibilities))
		for _, v := range visibilities {
			l, err := m.List(v)
			if err != nil {
				t.Fatal(err)
			}
			lists = append(lists, l)
		}
		flush := func(i int) {
			var watched []Blocks
			for _, v := range viewers[i] {
				watched = append(watched, v.watches)
			}
			rows, groups := m.rows(visibilities[i])
			for n, data := range lists[i].Flush(watched) {
				if data != nil {
					viewers[i][n].apply(data)
				}
				viewers[i][n].check(rows, groups)
			}
		}
		someone := func() snowflake.ID { return snowflake.ID(1000 + rapid.IntRange(0, size+5).Draw(t, "member")) }
		t.Repeat(map[string]func(*rapid.T){
			"put": func(*rapid.T) { put(someone()) },
			"many join": func(*rapid.T) {
				for i := range rapid.IntRange(1, 120).Draw(t, "many") {
					put(snowflake.ID(5000 + i))
				}
			},
			"many leave": func(*rapid.T) {
				for i := range rapid.IntRange(1, 120).Draw(t, "many") {
					m.leave(snowflake.ID(5000 + i))
				}
			},
			"presence": func(*rapid.T) {
				id := someone()
				var p json.RawMessage
				if rapid.Bool().Draw(t, "online") {
					p = presence(id, rapid.SampledFrom([]string{"online", "idle", "dnd"}).Draw(t, "status"))
				}
				m.appear(id, p)
			},
			"leave":  func(*rapid.T) { m.leave(someone()) },
			"reload": func(*rapid.T) { m.Reload() },
			"roles": func(*rapid.T) {
				m.roles = slices.Clone(m.roles)
				m.roles[rapid.IntRange(0, 2).Draw(t, "role")].Hoist = rapid.Bool().Draw(t, "hoist")
				i, j := rapid.IntRange(0, 2).Draw(t, "i"), rapid.IntRange(0, 2).Draw(t, "j")
				m.roles[i].Position, m.roles[j].Position = m.roles[j].Position, m.roles[i].Position
				m.SetRoles(m.roles)
			},
			"permissions": func(*rapid.T) {
				role := m.perms.Roles[21]
				role.Permissions ^= permissions.Administrator
				m.perms.Roles[21] = role
				m.Refresh()
			},
			"watch": func(*rapid.T) {
				i := rapid.IntRange(0, 1).Draw(t, "list")
				blocks := Blocks(rapid.SliceOfN(rapid.IntRange(0, 3), 1, 3).Draw(t, "blocks")).normal()
				v := &viewer{t: t, watches: blocks}
				v.apply(lists[i].Sync(blocks, nil))
				viewers[i] = append(viewers[i], v)
			},
			"scroll": func(*rapid.T) {
				i := rapid.IntRange(0, 1).Draw(t, "list")
				if len(viewers[i]) == 0 {
					t.Skip("nobody watches")
				}
				v := viewers[i][rapid.IntRange(0, len(viewers[i])-1).Draw(t, "viewer")]
				blocks := Blocks(rapid.SliceOfN(rapid.IntRange(0, 3), 0, 3).Draw(t, "blocks")).normal()
				v.apply(lists[i].Sync(blocks.Without(v.watches), v.watches.Without(blocks)))
				v.watches = blocks
			},
			"flush": func(*rapid.T) { flush(rapid.IntRange(0, 1).Draw(t, "list")) },
		})
		flush(0)
		flush(1)
	})
}

// TestLengthChanges takes a list from every length to every other, past the ends of blocks.
func TestLengthChanges(t *testing.T) {
	t.Parallel()
	sizes := []int{0, 1, 50, 98, 99, 100, 130, 199, 230}
	sets := []Blocks{{0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}, {0, 1, 2}}
	perms := guildWith(permissions.ViewChannel)
	everyone := VisibilityOf(perms, &permissions.Channel{}, false)
	for _, from := range sizes {
		for _, to := range sizes {
			m := &model{membership: newMembership(perms, nil)}
			resize := func(size int) {
				for i := range max(size, from) {
					id := snowflake.ID(1000 + i)
					if one := member(id, "m"+id.String(), true); i < size {
						m.put(one)
					} else {
						m.leave(id)
					}
				}
			}
			resize(from)
			l, err := m.List(everyone)
			if err != nil {
				t.Fatal(err)
			}
			viewers := make([]*viewer, len(sets))
			for i, blocks := range sets {
				viewers[i] = &viewer{t: t, watches: blocks}
				viewers[i].apply(l.Sync(blocks, nil))
			}
			resize(to)
			rows, groups := m.rows(everyone)
			for i, data := range l.Flush(sets) {
				if data != nil {
					viewers[i].apply(data)
				}
				viewers[i].check(rows, groups)
			}
		}
	}
}

func TestDifferenceIsShort(t *testing.T) {
	t.Parallel()
	rows := func(ids ...snowflake.ID) (list []row) {
		for _, id := range ids {
			list = append(list, row{entry: &entry{id: id}})
		}
		return list
	}
	tests := []struct {
		old, new []row
		want     string
	}{
		{rows(1, 2, 3), rows(1, 2, 3), "[]"},
		{rows(1, 2), rows(3, 1, 2), "[{true 0}]"},
		{rows(1, 2), rows(2), "[{false 0}]"},
		{rows(1, 2, 3, 4), rows(2, 3, 4, 1), "[{false 0} {true 3}]"},
		{rows(2, 3, 4, 1), rows(1, 2, 3, 4), "[{true 0} {false 4}]"},
		{rows(1, 2, 3), rows(1, 4, 2), "[{true 1} {false 3}]"},
		{nil, rows(1), "[{true 0}]"},
		{rows(1, 2), nil, "[{false 0} {false 0}]"},
		{nil, nil, "[]"},
	}
	for _, tt := range tests {
		if got, few := difference(tt.old, tt.new); fmt.Sprint(got) != tt.want || !few {
			t.Errorf("%v -> %v: %v, want %s", tt.old, tt.new, got, tt.want)
		}
	}
	var many []row
	for id := range snowflake.ID(maxOperations + 1) {
		many = append(many, rows(id)...)
	}
	if _, few := difference(many, nil); few {
		t.Error("more than there may be")
	}
	if moves, few := difference(nil, many[1:]); !few || len(moves) != maxOperations {
		t.Errorf("as many as may be: %v", moves)
	}
}
