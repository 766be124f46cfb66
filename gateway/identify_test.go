package main

import (
	"encoding/json"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

const withMessages = discord.IntentGuilds | discord.IntentGuildMessages | discord.IntentMessageContent

// gatewayGuild is what tests look at in a GUILD_CREATE.
type gatewayGuild struct {
	ID          snowflake.ID      `json:"id"`
	Unavailable bool              `json:"unavailable"`
	Large       *bool             `json:"large"`
	JoinedAt    string            `json:"joined_at"`
	MemberCount int               `json:"member_count"`
	Members     []discord.Member  `json:"members"`
	Presences   []json.RawMessage `json:"presences"`
	Channels    []discord.Channel `json:"channels"`
	Roles       []discord.Role    `json:"roles"`
	Threads     []json.RawMessage `json:"threads"`
	VoiceStates []json.RawMessage `json:"voice_states"`
	Stages      []json.RawMessage `json:"stage_instances"`
	Scheduled   []json.RawMessage `json:"guild_scheduled_events"`
	Soundboard  []json.RawMessage `json:"soundboard_sounds"`
}

func TestReadyThenGuildThenMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, author := w.bot(allPrivileged), w.user()
	g := w.guild(author, bot)

	c := w.greeted("")
	c.identify(bot, map[string]any{"intents": withMessages})
	ready := c.ready()
	if ready.User.ID != bot.id || ready.Application == nil || ready.Application.ID != bot.app ||
		ready.Application.Flags != allPrivileged || ready.ResumeGatewayURL != "ws://resume.test" || ready.Version != 10 {
		t.Errorf("READY %+v", ready)
	}
	if len(ready.Guilds) != 1 || ready.Guilds[0] != (discord.UnavailableGuild{ID: g.id, Unavailable: true}) {
		t.Errorf("READY announces guilds %+v", ready.Guilds)
	}
	var created gatewayGuild
	c.decode(c.dispatch(discord.EventGuildCreate), &created)
	if created.ID != g.id || created.Unavailable || created.MemberCount != 2 || created.JoinedAt == "" ||
		created.Large == nil || *created.Large || len(created.Channels) != 1 || len(created.Roles) != 1 {
		t.Errorf("GUILD_CREATE %+v", created)
	}
	if created.Threads == nil || created.VoiceStates == nil || created.Stages == nil || created.Scheduled == nil ||
		created.Soundboard == nil || created.Presences == nil {
		t.Errorf("GUILD_CREATE lacks lists: %+v", created)
	}
	if len(created.Members) != 1 || created.Members[0].User == nil || created.Members[0].User.ID != bot.id {
		t.Errorf("without the presences intent the members are %+v, want the bot alone", created.Members)
	}

	id := w.message(g, author, "hello")
	if got, content := c.messageOf(c.dispatch(discord.EventMessageCreate)); got != id || content != "hello" {
		t.Errorf("message %s %q, want %s", got, content, id)
	}
}

func TestUserReadyHasWholeGuilds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user()
	g := w.guild(user)

	c := w.greeted("")
	c.identify(user, nil)
	var ready struct {
		Guilds  []gatewayGuild     `json:"guilds"`
		Members [][]map[string]any `json:"merged_members"`
		Private []discord.Channel  `json:"private_channels"`
		Friends []json.RawMessage  `json:"relationships"`
		Session string             `json:"session_id"`
		User    discord.SelfUser   `json:"user"`
	}
	c.decode(c.dispatch(discord.EventReady), &ready)
	if len(ready.Guilds) != 1 || ready.Guilds[0].ID != g.id || len(ready.Guilds[0].Channels) != 1 || len(ready.Guilds[0].Members) != 1 {
		t.Errorf("guilds in READY: %+v", ready.Guilds)
	}
	if len(ready.Members) != 1 || len(ready.Members[0]) != 1 || ready.Members[0][0]["user_id"] != user.id.String() {
		t.Errorf("merged_members: %+v", ready.Members)
	}
	if ready.Private == nil || ready.Friends == nil || ready.Session == "" || ready.User.ID != user.id {
		t.Errorf("READY %+v", ready)
	}
	id := w.message(g, user, "mine")
	if got, _ := c.messageOf(c.until(discord.EventMessageCreate)); got != id {
		t.Errorf("message %s, want %s", got, id)
	}
}
