package fanout

import (
	"slices"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/sharding"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Whom of a user's sessions an event of the user's log is for.
func TestWhichSessionsHearOfTheirUser(t *testing.T) {
	t.Parallel()
	const guild = snowflake.ID(1 << 22) // on shard 1 of 2
	sessions := map[string]*Place{}
	for name, p := range map[string]Profile{
		"all":       {Intents: discord.IntentsAll, Shard: sharding.Whole},
		"none":      {Shard: sharding.Whole},
		"messages":  {Intents: discord.IntentDirectMessages, Shard: sharding.Whole},
		"reactions": {Intents: discord.IntentDirectReactions, Shard: sharding.Whole},
		"typing":    {Intents: discord.IntentDirectTyping, Shard: sharding.Whole, Session: "typing's"},
		"polls":     {Intents: discord.IntentDirectMessagePolls, Shard: sharding.Whole},
		"guilds":    {Intents: discord.IntentGuilds | discord.IntentGuildMessages, Shard: sharding.Whole},
		"shard 0":   {Intents: discord.IntentsAll, Shard: sharding.Shard{ID: 0, Count: 2}},
		"shard 1":   {Intents: discord.IntentsAll, Shard: sharding.Shard{ID: 1, Count: 2}},
	} {
		sessions[name] = &Place{profile: p}
	}
	everybody := []string{"all", "guilds", "messages", "none", "polls", "reactions", "shard 0", "typing"}
	with := func(intents ...string) []string { return append(intents, "all", "shard 0") }
	for event, want := range map[string][]string{
		discord.EventMessageCreate: with("messages"), discord.EventMessageUpdate: with("messages"),
		discord.EventMessageDelete: with("messages"), discord.EventMessageDeleteBulk: with("messages"),
		discord.EventChannelPinsUpdate:  with("messages"),
		discord.EventMessageReactionAdd: with("reactions"), discord.EventMessageReactionRemove: with("reactions"),
		discord.EventMessageReactionRemoveAll: with("reactions"), discord.EventMessageReactionRemoveEmo: with("reactions"),
		discord.EventTypingStart:        with("typing"),
		discord.EventMessagePollVoteAdd: with("polls"), discord.EventMessagePollVoteRemove: with("polls"),
		discord.EventChannelCreate: everybody, discord.EventChannelDelete: everybody, discord.EventUserUpdate: everybody,
		discord.EventInteractionCreate: everybody, "MESSAGE_ACK": everybody,
		events.CredentialsChanged: nil, discord.EventGuildCreate: nil,
	} {
		checkHears(t, sessions, events.Header{Type: event}, want)
	}
	inGuild := []string{"all", "guilds", "messages", "none", "polls", "reactions", "shard 1", "typing"}
	checkHears(t, sessions, events.Header{Type: discord.EventInteractionCreate, Guild: guild}, inGuild)
	checkHears(t, sessions, events.Header{Type: discord.EventAppPermissionsUpdate, Guild: guild}, inGuild)
	checkHears(t, sessions, events.Header{Type: discord.EventInteractionSuccess, Session: "typing's"}, []string{"typing"})
	checkHears(t, sessions, events.Header{Type: discord.EventThreadMemberUpdate, Guild: guild}, []string{"all", "guilds", "shard 1"})
	checkHears(t, sessions, events.Header{Type: discord.EventMessageCreate, Guild: guild}, []string{"all", "guilds", "shard 1"})
	bot := map[string]*Place{"bot": {profile: Profile{Bot: true, Intents: discord.IntentsAll, Shard: sharding.Whole}}}
	checkHears(t, bot, events.Header{Type: discord.EventMessageCreate}, []string{"bot"})
	checkHears(t, bot, events.Header{Type: discord.EventMessageAck}, nil)
	checkHears(t, bot, events.Header{Type: discord.EventSessionsReplace}, nil)
}

func checkHears(t *testing.T, sessions map[string]*Place, head events.Header, want []string) {
	t.Helper()
	var got []string
	for name, p := range sessions {
		if p.hears(events.Event{Head: head}) {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s of guild %d: to %v, want %v", head.Type, head.Guild, got, want)
	}
}
