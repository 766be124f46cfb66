package ready

import (
	"encoding/json"
	"reflect"
	"testing"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/sharding"
	"guildhall.chat/guildhall/internal/snowflake"
)

func object(t *testing.T, data json.RawMessage) map[string]any {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return fields
}

func TestGuildIsSharedAndPersonal(t *testing.T) {
	t.Parallel()
	shared := Shared([]byte(`{"id":"7","name":"n"}`), [][]byte{[]byte(`{"id":"8"}`), []byte(`{"id":"9"}`)})
	lists := Lists{Own: []byte(`{"user":{"id":"1"}}`), Members: []byte(`{"user":{"id":"2"}},{"user":{"id":"3"}}`)}
	personal := Personal{JoinedAt: []byte(`"2026-01-01T00:00:00+00:00"`), MemberCount: 3, Large: true, Lists: &lists, Threads: []byte(`{"id":"4"}`), Scheduled: []byte(`{"id":"5"}`)}
	got := object(t, codec.NewTail(shared).JSON(personal.JSON()))
	user := func(id string) any { return map[string]any{"user": map[string]any{"id": id}} }
	want := map[string]any{
		"id": "7", "name": "n", "member_count": 3.0, "unavailable": false, "large": true,
		"joined_at": "2026-01-01T00:00:00+00:00", "members": []any{user("1"), user("2"), user("3")},
		"presences": []any{}, "threads": []any{map[string]any{"id": "4"}}, "voice_states": []any{}, "stage_instances": []any{},
		"guild_scheduled_events": []any{map[string]any{"id": "5"}}, "soundboard_sounds": []any{},
	}
	for key, value := range want {
		if !reflect.DeepEqual(got[key], value) {
			t.Errorf("%s is %v, want %v", key, got[key], value)
		}
	}
	if channels, _ := got["channels"].([]any); len(channels) != 2 {
		t.Errorf("channels %v", got["channels"])
	}
	personal.Lists = nil
	if elsewhere := object(t, codec.NewTail(lists.With(shared)).JSON(personal.JSON())); !reflect.DeepEqual(elsewhere, got) {
		t.Errorf("with shared lists: %v", elsewhere)
	}
	personal.Joined = true
	if _, tells := object(t, personal.JSON())["unavailable"]; tells {
		t.Error("a guild that was joined says whether it is unavailable")
	}
	if alone := object(t, Lists{Own: lists.Own}.With(shared)); len(alone["members"].([]any)) != 1 {
		t.Errorf("members %v", alone["members"])
	}
	if empty := object(t, Shared([]byte(`{"id":"7"}`), nil)); len(empty["channels"].([]any)) != 0 {
		t.Errorf("channels %v", empty["channels"])
	}
}

func TestChunkLeavesOutWhatIsNotAskedFor(t *testing.T) {
	t.Parallel()
	small := object(t, Chunk{Guild: 1, Count: 1}.JSON())
	want := map[string]any{"guild_id": "1", "members": []any{}, "chunk_index": 0.0, "chunk_count": 1.0}
	if !reflect.DeepEqual(small, want) {
		t.Errorf("%v, want %v", small, want)
	}
	whole := object(t, Chunk{
		Guild: 1, Index: 1, Count: 2, NotFound: []string{"5"}, Presences: []json.RawMessage{json.RawMessage(`{}`)}, Nonce: `"\u2028<`,
	}.JSON())
	if whole["nonce"] != `"\u2028<` || len(whole["not_found"].([]any)) != 1 || len(whole["presences"].([]any)) != 1 {
		t.Errorf("%v", whole)
	}
}

func TestBotReady(t *testing.T) {
	t.Parallel()
	shard := sharding.Shard{ID: 1, Count: 2}
	data, err := Bot(Session{Version: 9, ID: "s", ResumeURL: "ws://r", Shard: &shard, Trace: []string{"p"}},
		discord.SelfUser{User: discord.User{ID: 3}}, discord.ReadyApplication{ID: 4, Flags: 5}, []snowflake.ID{6})
	if err != nil {
		t.Fatal(err)
	}
	got := object(t, data)
	want := map[string]any{
		"v": 9.0, "session_id": "s", "resume_gateway_url": "ws://r", "shard": []any{1.0, 2.0}, "private_channels": []any{},
		"application": map[string]any{"id": "4", "flags": 5.0}, "guilds": []any{map[string]any{"id": "6", "unavailable": true}},
	}
	for key, value := range want {
		if !reflect.DeepEqual(got[key], value) {
			t.Errorf("%s is %v, want %v", key, got[key], value)
		}
	}
	unsharded, err := Bot(Session{}, discord.SelfUser{}, discord.ReadyApplication{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got = object(t, unsharded)
	if _, named := got["shard"]; named || !reflect.DeepEqual(got["guilds"], []any{}) {
		t.Errorf("without shard and guilds: %v, %v", got["shard"], got["guilds"])
	}
}
