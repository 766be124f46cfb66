package memberlist

import (
	"strconv"
	"testing"

	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// BenchmarkPresence is one change in the design case: a guild of 100,000 members, all online.
func BenchmarkPresence(b *testing.B) {
	const size = 100_000
	r := newMembership(guildWith(permissions.ViewChannel), nil)
	for i := range size {
		r.put(member(snowflake.ID(i+1000), strconv.Itoa(i*7919%size), true))
	}
	l, err := r.List(VisibilityOf(r.perms, &permissions.Channel{}, false))
	if err != nil {
		b.Fatal(err)
	}
	id := func(i int) snowflake.ID { return snowflake.ID(i*31%size + 1000) }
	b.Run("change", func(b *testing.B) {
		for i := range b.N {
			r.appear(id(i), nil)
			r.appear(id(i), presence(id(i), "online"))
		}
	})
	b.Run("change and flush to 20 blocks", func(b *testing.B) {
		blocks := make([]Blocks, 20)
		for i := range blocks {
			blocks[i] = Blocks{i * 40}
		}
		for i := range b.N {
			r.appear(id(i), nil)
			l.Flush(blocks)
			r.appear(id(i), presence(id(i), "online"))
			l.Flush(blocks)
		}
	})
	b.Run("rebuild", func(b *testing.B) {
		for range b.N {
			r.Reload()
			r.settle()
		}
	})
	b.Run("sync", func(b *testing.B) {
		for range b.N {
			l.Sync(Blocks{0}, nil)
		}
	})
}
