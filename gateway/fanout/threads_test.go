package fanout

import (
	"slices"
	"testing"
	"time"

	"guildhall.chat/guildhall/gateway/memberlist"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// threadIn makes a public thread of the first channel that the users are in.
func threadIn(t *testing.T, g *Guild, id snowflake.ID, users ...snowflake.ID) {
	t.Helper()
	head := events.Header{Type: discord.EventThreadCreate, Channel: id, Thread: inThread(users...)}
	head.Thread.Private = false
	apply(t, g, head, map[string]any{"id": id, "type": 11, "parent_id": testText, "guild_id": testGuild, "name": "thread"})
}

func archive(t *testing.T, g *Guild, id snowflake.ID, archived bool, members ...snowflake.ID) {
	t.Helper()
	head := events.Header{Type: discord.EventThreadUpdate, Channel: id, Thread: &events.Thread{Parent: testText}}
	if members != nil {
		head.Thread.Members = inThread(members...).Members
	}
	apply(t, g, head, map[string]any{
		"id": id, "type": 11, "parent_id": testText, "thread_metadata": map[string]any{"archived": archived},
	})
}

// Who begins to see a channel is told its active threads, and nobody else is.
func TestGainedAccessSyncsThreads(t *testing.T) {
	t.Parallel()
	g := newView(t, 4, 2)
	one, two := sit(t, g, botProfile(1, discord.IntentsAll)), sit(t, g, botProfile(2, discord.IntentsAll))
	for name, change := range map[string]struct{ hide, show func() }{
		"overwrites": {
			func() {
				apply(t, g, events.Header{Type: discord.EventChannelUpdate, Channel: testText, Access: true},
					textChannel(0, []discord.Overwrite{{ID: id(1), Type: 1, Deny: permissions.ViewChannel}}))
			},
			func() {
				apply(t, g, events.Header{Type: discord.EventChannelUpdate, Channel: testText, Access: true}, textChannel(0, nil))
			},
		},
		"a role": {
			func() {
				apply(t, g, events.Header{Type: discord.EventChannelUpdate, Channel: testText, Access: true}, textChannel(0, []discord.Overwrite{
					{ID: testGuild, Deny: permissions.ViewChannel}, {ID: testRole, Allow: permissions.ViewChannel}, {ID: id(2), Type: 1, Allow: permissions.ViewChannel}}))
			},
			func() {
				apply(t, g, events.Header{Type: discord.EventGuildMemberUpdate, User: id(1), Membership: true},
					discord.MemberEvent{Member: someMember(1, []snowflake.ID{testRole})})
			},
		},
	} {
		apply(t, g, events.Header{Type: discord.EventGuildRoleCreate, Access: true}, discord.RoleEvent{Role: discord.Role{ID: testRole}})
		threadIn(t, g, publicThread, id(1))
		change.hide()
		one.take(t)
		two.take(t)
		change.show()
		var sync *codec.Shared
		for _, d := range one.takeAll(t) {
			if d.Name() == discord.EventThreadListSync {
				sync = d
			}
		}
		if sync == nil {
			t.Fatalf("%s: not synced", name)
		}
		got := data(t, sync)
		threads, members := got["threads"].([]any), got["members"].([]any)
		if len(threads) != 1 || len(members) != 1 || members[0].(map[string]any)["user_id"] != id(1).String() ||
			got["channel_ids"].([]any)[0] != testText.String() {
			t.Errorf("%s: synced %v", name, got)
		}
		if types := two.take(t); slices.Contains(types, discord.EventThreadListSync) {
			t.Errorf("%s: who saw the channel before gets %v", name, types)
		}
	}
}

// An archived thread that the view never knew is met with what happens in it.
func TestArchivedThreadsAreMet(t *testing.T) {
	t.Parallel()
	g := newView(t, 4, 1)
	one, two := sit(t, g, botProfile(1, discord.IntentsAll)), sit(t, g, botProfile(2, discord.IntentsAll))
	apply(t, g, events.Header{Type: discord.EventMessageDelete, Channel: privateThread, Thread: inThread(id(1))}, map[string]any{"id": "1"})
	if a, b := one.take(t), two.take(t); len(a) != 1 || len(b) != 0 {
		t.Errorf("a member got %v, another %v", a, b)
	}
	archive(t, g, publicThread, false, id(2))
	want := []string{discord.EventThreadUpdate, discord.EventThreadMemberUpdate}
	if a, b := one.take(t), two.take(t); !slices.Equal(a, want[:1]) || !slices.Equal(b, want) {
		t.Errorf("woken: to another %v, to a member %v", a, b)
	}
	archive(t, g, publicThread, true)
	g.sweepThreads(time.Now())
	if g.threads[publicThread] == nil {
		t.Error("forgotten at once: what is on its way goes to nobody")
	}
	g.sweepThreads(time.Now().Add(2 * archivedKept))
	if len(g.threads) != 0 {
		t.Errorf("%d threads are kept for good", len(g.threads))
	}
}

// What messages change of a thread is in the next GUILD_CREATE, with the user's own member.
func TestThreadsAreShownAsTheyAre(t *testing.T) {
	t.Parallel()
	g := newView(t, 4, 1)
	sit(t, g, botProfile(1, discord.IntentsAll))
	threadIn(t, g, publicThread, id(1))
	in := func(kind string, object map[string]any) {
		apply(t, g, events.Header{Type: kind, Channel: publicThread, Thread: &events.Thread{Parent: testText}}, object)
	}
	in(discord.EventMessageCreate, map[string]any{"id": "7", "type": 21})
	in(discord.EventMessageCreate, map[string]any{"id": "8", "type": 0})
	in(discord.EventMessageCreate, map[string]any{"id": "9", "type": 0})
	in(discord.EventMessageDelete, map[string]any{"id": "8"})
	in(discord.EventThreadMemberUpdate, map[string]any{"id": publicThread, "user_id": id(1), "flags": 4})
	c, _ := created(t, g, botProfile(1, discord.IntentsAll))
	got := c.Threads[0]
	if **got.LastMessageID != 9 || got.MessageCount != 1 || got.TotalMessageSent != 2 || got.MemberCount != 1 || got.Member == nil || got.Member.Flags != 4 {
		t.Errorf("shown %+v", got.Thread)
	}
	if c, _ := created(t, g, botProfile(2, discord.IntentsAll)); c.Threads[0].Member != nil {
		t.Error("another's member is shown")
	}
}

// Who has asked for presences gets those of new members; a list of all can be asked for.
func TestThreadMembersComeWithPresences(t *testing.T) {
	t.Parallel()
	g := newView(t, 4, 1)
	alice, toAlice := stay(t, g, personProfile(1))
	without := sit(t, g, botProfile(2, discord.IntentsAll&^discord.IntentGuildPresences))
	threadIn(t, g, publicThread)
	appear(t, g, 3, "dnd")
	toAlice.take(t)
	without.take(t)
	apply(t, g, events.Header{Type: discord.EventThreadMembersUpdate, Channel: publicThread}, map[string]any{
		"id": publicThread, "added_members": []any{map[string]any{"id": publicThread, "user_id": id(3), "presence": nil}},
	})
	presence := func(s *sink) any {
		return data(t, last(t, s))["added_members"].([]any)[0].(map[string]any)["presence"]
	}
	if presence(toAlice) == nil || presence(without) != nil {
		t.Error("presences went to the wrong session")
	}
	toAlice.take(t)
	alice.Subscribe(testGuild, memberlist.Subscription{ThreadMembers: []snowflake.ID{publicThread, publicThread + 1}})
	got := toAlice.takeAll(t)
	if len(got) != 1 || got[0].Name() != discord.EventThreadMemberListUpdate {
		t.Fatalf("got %d", len(got))
	}
	if members := data(t, got[0])["members"].([]any); len(members) != 1 || members[0].(map[string]any)["presence"] == nil || members[0].(map[string]any)["member"] == nil {
		t.Errorf("listed %v", members)
	}
}
