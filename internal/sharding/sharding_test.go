package sharding

import (
	"encoding/json"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"guildhall.chat/guildhall/internal/snowflake"
)

func TestShardOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		guild  snowflake.ID
		shards int
		want   int
	}{
		{0, 16, 0},
		{41771983423143937, 7, 9959216934 % 7}, // 9959216934 is the time part of the id
		{9959216934 << 22, 10, 4},
		{9959216934<<22 | 1<<22 - 1, 10, 4},
		{snowflake.Max, 1 << 16, 65535}, // the highest 41 bits are all ones
	}
	for _, tt := range tests {
		if got := ShardOf(tt.guild, tt.shards); got != tt.want {
			t.Errorf("ShardOf(%d, %d) = %d, want %d", tt.guild, tt.shards, got, tt.want)
		}
	}
}

func TestEveryGuildIsOnExactlyOneShard(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		guild := snowflake.ID(rapid.Uint64().Draw(t, "guild"))
		count := rapid.IntRange(1, 200).Draw(t, "count")
		found := 0
		for id := range count {
			shard, err := New(id, count)
			if err != nil {
				t.Fatal(err)
			}
			if shard.Has(guild) {
				found++
			}
		}
		if found != 1 {
			t.Fatalf("guild %d is on %d of %d shards", guild, found, count)
		}
	})
}

func TestHomeReceivesAllGuildsOfTheSession(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		guild := snowflake.ID(rapid.Uint64().Draw(t, "guild"))
		shards := rapid.IntRange(1, 12).Draw(t, "shards")
		count := rapid.IntRange(1, 100).Draw(t, "count")
		s, _ := New(ShardOf(guild, count), count)
		home, ok := s.Home(shards)
		if ok != (count%shards == 0) {
			t.Fatalf("Home(%d) of %v: %v", shards, s, ok)
		}
		if ok && home != ShardOf(guild, shards) {
			t.Fatalf("guild %d of session %v is not on shard %d of %d", guild, s, home, shards)
		}
	})
}

func TestShardJSON(t *testing.T) {
	t.Parallel()
	for _, in := range []string{`[0,1]`, `[15,16]`, `[65535,65536]`} {
		var s Shard
		if err := json.Unmarshal([]byte(in), &s); err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if out, err := json.Marshal(s); err != nil || string(out) != in {
			t.Errorf("%s came back as %s, %v", in, out, err)
		}
		if s.HasUser() != (s.ID == 0) {
			t.Errorf("%s: only shard 0 has what is about users", in)
		}
	}
	for _, in := range []string{`[1,1]`, `[-1,1]`, `[0,0]`, `[0,-1]`, `[0]`, `[]`, `[0,1,2]`, `"0"`, `{}`, `[0,65537]`, `[0.5,1]`, `[0,1e99]`} {
		s := Whole
		if err := json.Unmarshal([]byte(in), &s); !errors.Is(err, ErrInvalid) || s != Whole {
			t.Errorf("%s: got %v, %v", in, s, err)
		}
	}
}

func FuzzShardJSON(f *testing.F) {
	f.Add([]byte(`[0,1]`))
	f.Add([]byte(`[1,0]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := Whole
		if err := s.UnmarshalJSON(data); err != nil && !errors.Is(err, ErrInvalid) {
			t.Fatal(err)
		}
		if _, err := New(s.ID, s.Count); err != nil {
			t.Fatalf("%q became %v", data, s)
		}
	})
}
