package roles

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Whatever is asked for, no role is lost, positions are dense, @everyone is the lowest and the others keep their order;
// and where no two want the same, each that moves within the guild gets what it wants.
func TestArrange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "roles")
		ordered := make([]discord.Role, n)
		for i := range ordered {
			ordered[i] = discord.Role{ID: snowflake.ID(i + 1), Position: rapid.IntRange(0, 3).Draw(t, "position")}
		}
		wanted := map[snowflake.ID]int{}
		taken := map[int]bool{}
		exact := true
		for i := 1; i < n; i++ {
			if rapid.Bool().Draw(t, "moves") {
				p := rapid.IntRange(-2, n+2).Draw(t, "to")
				exact = exact && p >= 1 && p < n && !taken[p]
				wanted[ordered[i].ID], taken[p] = p, true
			}
		}
		arranged := arrange(ordered, wanted)
		var before, after []snowflake.ID
		for i, r := range arranged {
			if r.Position != i {
				t.Fatalf("position %d at %d", r.Position, i)
			}
			if p, moves := wanted[r.ID]; !moves {
				after = append(after, r.ID)
			} else if exact && p != i {
				t.Fatalf("role %s is at %d, wanted %d", r.ID, i, p)
			}
		}
		for _, r := range ordered {
			if _, moves := wanted[r.ID]; !moves {
				before = append(before, r.ID)
			}
		}
		if len(arranged) != n || arranged[0].ID != 1 || !slices.Equal(before, after) {
			t.Fatalf("%v became %v", before, after)
		}
	})
}
