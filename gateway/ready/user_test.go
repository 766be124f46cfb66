package ready

import (
	"encoding/json"
	"reflect"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
)

// userState is a person with two guilds, one of them unavailable, and two DMs with the same friend.
func userState(capabilities discord.Capabilities) UserState {
	friend := discord.User{ID: 9}
	return UserState{
		Session: Session{ID: "s"}, Capabilities: capabilities, User: discord.SelfUser{User: discord.User{ID: 3}},
		Guilds: []UserGuild{
			{
				ID: 5, Data: json.RawMessage(`{"id":"5"}`), Self: json.RawMessage(`{"nick":null,"user_id":"3"}`),
				Members: []Person{
					{ID: 3, Member: []byte(`{"user_id":"3"}`), User: []byte(`{"id":"3"}`)},
					{ID: 9, Member: []byte(`{"user_id":"9"}`), User: []byte(`{"id":"9"}`)},
					{ID: 4, Member: []byte(`{"user_id":"4"}`), User: []byte(`{"id":"4"}`)},
				},
				Presences: [][]byte{[]byte(`{"user_id":"4"}`)},
			},
			{ID: 6, Data: json.RawMessage(`{"id":"6","unavailable":true}`)},
		},
		Direct:   []discord.Channel{{ID: 1, Recipients: []discord.User{friend}}, {ID: 2, Recipients: []discord.User{friend}}},
		Sessions: json.RawMessage(`[{"session_id":"s"}]`),
		Kept: Kept{
			Relationships: []discord.Relationship{
				{ID: 9, Type: discord.RelationshipFriend, User: friend}, {ID: 8, Type: discord.RelationshipBlocked, User: discord.User{ID: 8}},
			},
			Friends:       []Friend{{Presence: []byte(`{"user":{"id":"9"}}`), Merged: []byte(`{"user_id":"9"}`)}},
			ReadStates:    []discord.ReadState{{ID: 1, Acked: 11, Mentions: 2}, {ID: 5, Type: discord.ReadGuildEvent, Acked: 12}},
			GuildSettings: []discord.UserGuildSettings{discord.NewUserGuildSettings(5)}, Version: 77,
			Settings: json.RawMessage(`{"theme":"light"}`), SettingsProto: []byte("proto"), NotificationFlags: 4,
			Consents: json.RawMessage(`{"personalization":true}`),
		},
	}
}

func userReadyOf(t *testing.T, s UserState) (ready, supplemental map[string]any) {
	t.Helper()
	data, more, err := User(s)
	if err != nil {
		t.Fatal(err)
	}
	if more != nil {
		supplemental = object(t, more)
	}
	return object(t, data), supplemental
}

// ids returns the values of a key in a list of objects.
func ids(list any, key string) []string {
	all := []string{}
	for _, one := range list.([]any) {
		id, _ := one.(map[string]any)[key].(string)
		all = append(all, id)
	}
	return all
}

func expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestUserReadyWithoutCapabilities(t *testing.T) {
	t.Parallel()
	state := userState(0)
	state.Guilds[0].Members, state.Guilds[0].Presences = nil, nil // they are in its data
	got, supplemental := userReadyOf(t, state)
	if supplemental != nil {
		t.Error("READY_SUPPLEMENTAL for who does not know it")
	}
	merged := got["merged_members"].([]any)
	expect(t, "merged members", [][]string{ids(merged[0], "user_id"), ids(merged[1], "user_id")}, [][]string{{"3"}, {}})
	expect(t, "users", ids(got["users"], "id"), []string{"9", "8"})
	expect(t, "guilds", ids(got["guilds"], "id"), []string{"5", "6"})
	expect(t, "sessions", ids(got["sessions"], "session_id"), []string{"s"})
	expect(t, "relationships", ids(got["relationships"], "id"), []string{"9", "8"})
	expect(t, "the friend", got["relationships"].([]any)[0].(map[string]any)["user"].(map[string]any)["id"], "9")
	expect(t, "presences", got["presences"], []any{map[string]any{"user": map[string]any{"id": "9"}}})
	expect(t, "read state", got["read_state"], []any{
		map[string]any{"id": "1", "read_state_type": 0.0, "last_message_id": "11", "mention_count": 2.0, "flags": 0.0,
			"last_pin_timestamp": nil, "last_viewed": nil},
		map[string]any{"id": "5", "read_state_type": 1.0, "last_acked_id": "12", "badge_count": 0.0},
	})
	expect(t, "guild settings", ids(got["user_guild_settings"], "guild_id"), []string{"5"})
	expect(t, "settings", got["user_settings"], map[string]any{"theme": "light"})
	expect(t, "notes", got["notes"], map[string]any{})
	expect(t, "notification settings", got["notification_settings"], map[string]any{"flags": 4.0})
	expect(t, "consents", got["consents"], map[string]any{"personalization": map[string]any{"consented": true}})
	for _, absent := range []string{"user_settings_proto", "merged_presences"} {
		if _, has := got[absent]; has {
			t.Errorf("%s is there", absent)
		}
	}
	dm := got["private_channels"].([]any)[0].(map[string]any)
	expect(t, "recipients", ids(dm["recipients"], "id"), []string{"9"})
	empty, _ := userReadyOf(t, UserState{Sessions: json.RawMessage(`[]`)})
	for _, list := range []string{"private_channels", "guilds", "merged_members", "users", "relationships", "read_state",
		"user_guild_settings", "presences", "connected_accounts"} {
		expect(t, list, empty[list], []any{})
	}
}

func TestUserReadyInEachShape(t *testing.T) {
	t.Parallel()
	for capability, key := range map[discord.Capabilities]string{
		discord.CapVersionedReadStates: "read_state", discord.CapVersionedGuildSettings: "user_guild_settings",
	} {
		plain, _ := userReadyOf(t, userState(0))
		got, _ := userReadyOf(t, userState(capability|1<<40)) // a bit that nobody knows
		expect(t, key, got[key], any(map[string]any{"entries": plain[key], "partial": false, "version": 77.0}))
	}
	got, _ := userReadyOf(t, userState(discord.CapSettingsProto|discord.CapLazyNotes))
	_, settings := got["user_settings"]
	_, notes := got["notes"]
	if got["user_settings_proto"] != "cHJvdG8=" || settings || notes {
		t.Errorf("settings %v, %v, notes %v", got["user_settings_proto"], settings, notes)
	}
	if _, supplemental := userReadyOf(t, userState(discord.CapPrioritizedReady)); supplemental != nil {
		t.Error("READY is divided for who has users everywhere")
	}
}

func TestUserReadyHasEachUserOnce(t *testing.T) {
	t.Parallel()
	got, supplemental := userReadyOf(t, userState(discord.CapDedupeUsers))
	if supplemental != nil {
		t.Error("READY is divided")
	}
	merged := got["merged_members"].([]any)
	expect(t, "merged members", [][]string{ids(merged[0], "user_id"), ids(merged[1], "user_id")}, [][]string{{"3", "9", "4"}, {}})
	expect(t, "users", ids(got["users"], "id"), []string{"9", "8", "3", "4"})
	expect(t, "relationships", ids(got["relationships"], "user_id"), []string{"9", "8"})
	friends := got["merged_presences"].(map[string]any)["friends"]
	expect(t, "presences of friends", ids(friends, "user_id"), []string{"9"})
	presences := got["merged_presences"].(map[string]any)["guilds"].([]any)
	expect(t, "presences", [][]string{ids(presences[0], "user_id"), ids(presences[1], "user_id")}, [][]string{{"4"}, {}})
	dm := got["private_channels"].([]any)[0].(map[string]any)
	expect(t, "recipients", dm["recipient_ids"], []any{"9"})
	if _, twice := dm["recipients"]; twice {
		t.Error("recipients are there, too")
	}
	if _, twice := got["presences"]; twice {
		t.Error("presences are there, too")
	}
}

func TestSupplementalHasTheRest(t *testing.T) {
	t.Parallel()
	got, supplemental := userReadyOf(t, userState(discord.CapDedupeUsers|discord.CapPrioritizedReady))
	first, rest := got["merged_members"].([]any), supplemental["merged_members"].([]any)
	expect(t, "members in READY", [][]string{ids(first[0], "user_id"), ids(first[1], "user_id")}, [][]string{{"3"}, {}})
	expect(t, "members in the rest", [][]string{ids(rest[0], "user_id"), ids(rest[1], "user_id")}, [][]string{{"9", "4"}, {}})
	expect(t, "users", ids(got["users"], "id"), []string{"9", "8", "3", "4"})
	if _, early := got["merged_presences"]; early {
		t.Error("presences are in READY")
	}
	presences := supplemental["merged_presences"].(map[string]any)
	expect(t, "friends", presences["friends"], []any{map[string]any{"user_id": "9"}})
	expect(t, "presences", ids(presences["guilds"].([]any)[0], "user_id"), []string{"4"})
	guilds := supplemental["guilds"].([]any)
	expect(t, "guilds", ids(guilds, "id"), []string{"5", "6"})
	expect(t, "voice states", guilds[0].(map[string]any)["voice_states"], []any{})
	expect(t, "unavailable guild", guilds[1], any(map[string]any{"id": "6"}))
	for _, list := range []string{"lazy_private_channels", "disclose", "game_invites"} {
		expect(t, list, supplemental[list], []any{})
	}
}

func TestGuildWithProperties(t *testing.T) {
	t.Parallel()
	shared, err := SharedWithProperties([]byte(`{"id":"7","name":"n","roles":[1],"emojis":[],"stickers":[],"premium_subscription_count":2}`),
		[][]byte{[]byte(`{"id":"8"}`)})
	if err != nil {
		t.Fatal(err)
	}
	got := object(t, shared)
	for key, want := range map[string]any{
		"id": "7", "properties": map[string]any{"id": "7", "name": "n"}, "data_mode": "full", "roles": []any{1.0}, "emojis": []any{},
		"stickers": []any{}, "premium_subscription_count": 2.0, "stage_instances": []any{},
	} {
		expect(t, key, got[key], want)
	}
	expect(t, "channels", ids(got["channels"], "id"), []string{"8"})
	if _, twice := got["name"]; twice {
		t.Error("the name is in the guild itself")
	}
	if _, err := SharedWithProperties([]byte(`[]`), nil); err == nil {
		t.Error("took a list apart")
	}
}
