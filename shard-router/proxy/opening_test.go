package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"guildhall.chat/guildhall/shard-router/placement"
)

// A client that is sent to one shard gets every guild of its own [i, n] there.
func TestIdentifyIsSentOnlyWhereAllItsGuildsAre(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		shards := rapid.IntRange(1, 64).Draw(t, "shards")
		n := rapid.IntRange(1, 256).Draw(t, "n")
		i := rapid.IntRange(0, n-1).Draw(t, "i")
		want, err := identifyWant(json.RawMessage(fmt.Sprintf(`{"shard":[%d,%d]}`, i, n)), shards)
		if err != nil {
			t.Fatal(err)
		}
		if want.Shard == placement.AnyShard {
			if n%shards == 0 {
				t.Fatalf("[%d, %d] fits %d shards, but is sent anywhere", i, n, shards)
			}
			return
		}
		slot := rapid.Uint64Range(0, 1<<20).Draw(t, "k")*uint64(n) + uint64(i) // a guild id >> 22 of the client's
		if got := int(slot % uint64(shards)); got != want.Shard {
			t.Fatalf("[%d, %d] is sent to shard %d, but its guild %d<<22 is on shard %d", i, n, want.Shard, slot, got)
		}
	})
}

// Whatever is in an IDENTIFY, it is placed or refused with a code.
func FuzzIdentifyWant(f *testing.F) {
	f.Add([]byte(`{"token":"x","shard":[0,1]}`), 2)
	f.Add([]byte(`{"shard":[9223372036854775807,1e3]}`), 3)
	f.Fuzz(func(t *testing.T, d []byte, shards int) {
		shards = 1 + int(uint(shards)%1000)
		want, err := identifyWant(d, shards)
		var refused *refusal
		if err != nil && !errors.As(err, &refused) {
			t.Fatal(err)
		}
		if err == nil && (want.Shard < placement.AnyShard || want.Shard >= shards) {
			t.Fatalf("sent to shard %d of %d", want.Shard, shards)
		}
	})
}
