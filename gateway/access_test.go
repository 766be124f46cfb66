package main

import (
	"context"
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// A message after a revocation does not arrive, however fast it follows; the next one that may be seen does.
func TestRevocationTakesEffectWithinTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, withMessages)
	c.dispatch(discord.EventGuildCreate)

	const rounds = 10
	for range rounds {
		before := w.message(g, owner, "seen")
		w.denyView(g, true)
		w.message(g, owner, "hidden")
		w.denyView(g, false)

		if id, content := c.messageOf(c.dispatch(discord.EventMessageCreate)); id != before || content != "seen" {
			t.Fatalf("message %s %q, want %s", id, content, before)
		}
		c.dispatch(discord.EventChannelUpdate) // could see it before
		c.dispatch(discord.EventChannelUpdate) // can see it now
	}
}

func TestRolesAndTimeOutsDecide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, withMessages)
	c.dispatch(discord.EventGuildCreate)

	everyone := discord.Role{ID: g.id, Name: "@everyone"}
	w.emit(g.id, events.Header{Type: discord.EventGuildRoleUpdate, Guild: g.id, Structure: true},
		discord.RoleEvent{GuildID: g.id, Role: everyone})
	w.message(g, owner, "hidden")
	key := discord.Role{ID: w.store.NewID(), Name: "key", Permissions: permissions.ViewChannel, Position: 1}
	w.emit(g.id, events.Header{Type: discord.EventGuildRoleCreate, Guild: g.id, Structure: true},
		discord.RoleEvent{GuildID: g.id, Role: key})
	w.message(g, owner, "hidden")
	self := discord.MemberEvent{GuildID: g.id, Member: discord.Member{User: &discord.User{ID: bot.id}, Roles: []snowflake.ID{key.ID}}}
	w.emit(g.id, events.Header{Type: discord.EventGuildMemberUpdate, Guild: g.id, User: bot.id, Membership: true}, self)
	seen := w.message(g, owner, "seen")
	w.emit(g.id, events.Header{Type: discord.EventGuildRoleDelete, Guild: g.id, Structure: true},
		discord.RoleDeleteEvent{GuildID: g.id, RoleID: key.ID})
	w.message(g, owner, "hidden")
	last := w.message(g, owner, "hidden too")
	everyone.Permissions = ordinary
	w.emit(g.id, events.Header{Type: discord.EventGuildRoleUpdate, Guild: g.id, Structure: true},
		discord.RoleEvent{GuildID: g.id, Role: everyone})
	again := w.message(g, owner, "seen")

	c.dispatch(discord.EventGuildRoleUpdate)
	c.dispatch(discord.EventGuildRoleCreate)
	c.dispatch(discord.EventGuildMemberUpdate) // about oneself it needs no intent
	if id, _ := c.messageOf(c.dispatch(discord.EventMessageCreate)); id != seen {
		t.Errorf("message %s, want %s", id, seen)
	}
	c.dispatch(discord.EventGuildRoleDelete)
	c.dispatch(discord.EventGuildRoleUpdate)
	if id, _ := c.messageOf(c.dispatch(discord.EventMessageCreate)); id != again {
		t.Errorf("message %s, want %s after the hidden %s", id, again, last)
	}
}

// needs are events of which the header restricts who gets them.
func TestHeaderRestricts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, plain := w.bot(allPrivileged), w.bot(allPrivileged)
	g := w.guild(owner, plain)
	all := discord.IntentsAll
	privileged, ordinary := w.connect(owner, all), w.connect(plain, all)
	for _, c := range []*client{privileged, ordinary} {
		c.until(discord.EventGuildCreate)
	}
	w.emit(g.id, events.Header{Type: discord.EventGuildBanAdd, Guild: g.id, Needs: permissions.BanMembers | permissions.ViewAuditLog},
		map[string]any{"guild_id": g.id, "user": discord.User{ID: 1}})
	w.emit(g.id, events.Header{Type: discord.EventInviteCreate, Guild: g.id, Channel: g.channel, Needs: permissions.ManageChannels},
		map[string]any{"guild_id": g.id, "channel_id": g.channel, "code": "x"})
	w.message(g, owner, "for both")

	for _, event := range []string{discord.EventGuildBanAdd, discord.EventInviteCreate, discord.EventMessageCreate} {
		privileged.untilNot(discord.EventPresenceUpdate, event)
	}
	ordinary.untilNot(discord.EventPresenceUpdate, discord.EventMessageCreate)
}

// untilNot skips dispatches of one type; the next must be of the other.
func (c *client) untilNot(skip, event string) {
	c.t.Helper()
	for {
		f := c.read()
		if f.Op != discord.OpDispatch || *f.T == skip {
			continue
		}
		if *f.T != event {
			c.t.Fatalf("got %s %s, want %s", *f.T, f.D, event)
		}
		return
	}
}

func TestIntentsFilter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(0), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, discord.IntentGuilds|discord.IntentGuildMessageReactions)
	c.dispatch(discord.EventGuildCreate)

	w.message(g, owner, "not asked for")
	w.join(g, w.user())
	w.emit(g.id, events.Header{Type: discord.EventMessageReactionAdd, Guild: g.id, Channel: g.channel, User: owner.id},
		map[string]any{"guild_id": g.id, "channel_id": g.channel})
	c.dispatch(discord.EventMessageReactionAdd)
}

func TestChannelsComeAndGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(0), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, discord.IntentGuilds)
	c.dispatch(discord.EventGuildCreate)

	hidden := []discord.Overwrite{{ID: g.id, Deny: permissions.ViewChannel}}
	secret := discord.Channel{ID: w.store.NewID(), Type: discord.ChannelText, GuildID: &g.id, PermissionOverwrites: &hidden}
	open := discord.Channel{ID: w.store.NewID(), Type: discord.ChannelText, GuildID: &g.id}
	for _, channel := range []discord.Channel{secret, open} {
		w.emit(g.id, events.Header{Type: discord.EventChannelCreate, Guild: g.id, Structure: true}, channel)
	}
	w.emit(g.id, events.Header{Type: discord.EventChannelDelete, Guild: g.id, Structure: true}, secret)
	w.emit(g.id, events.Header{Type: discord.EventChannelDelete, Guild: g.id, Structure: true}, open)

	for _, event := range []string{discord.EventChannelCreate, discord.EventChannelDelete} {
		var channel discord.Channel
		c.decode(c.dispatch(event), &channel)
		if channel.ID != open.ID {
			t.Errorf("%s of channel %s, want only that of %s", event, channel.ID, open.ID)
		}
	}
}

func TestJoiningAndLeaving(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner)
	c := w.connect(bot, withMessages)
	c.beat()

	for range 3 {
		w.message(g, owner, "before")
		w.join(g, bot)
		var created gatewayGuild
		c.decode(c.dispatch(discord.EventGuildCreate), &created)
		if created.ID != g.id || created.MemberCount != 2 {
			t.Fatalf("GUILD_CREATE %+v", created)
		}
		id := w.message(g, owner, "while there")
		w.leave(g, bot)
		w.message(g, owner, "after")
		if got, _ := c.messageOf(c.dispatch(discord.EventMessageCreate)); got != id {
			t.Fatalf("message %s, want %s", got, id)
		}
		if gone := string(c.dispatch(discord.EventGuildDelete)); gone != `{"id":"`+g.id.String()+`"}` {
			t.Fatalf("GUILD_DELETE %s", gone)
		}
	}
	// A user who leaves and comes back at once ends up inside, whichever of the two logs is ahead.
	w.join(g, bot)
	w.leave(g, bot)
	w.join(g, bot)
	c.dispatch(discord.EventGuildCreate)
	c.dispatch(discord.EventGuildDelete)
	c.dispatch(discord.EventGuildCreate)
	id := w.message(g, owner, "inside")
	if got, _ := c.messageOf(c.dispatch(discord.EventMessageCreate)); got != id {
		t.Fatalf("message %s, want %s", got, id)
	}
}

func TestOthersHearOfMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	watcher, owner, guest := w.bot(allPrivileged), w.user(), w.user()
	g := w.guild(owner, watcher)
	c := w.connect(watcher, discord.IntentGuilds|discord.IntentGuildMembers)
	c.dispatch(discord.EventGuildCreate)
	w.join(g, guest)
	w.leave(g, guest)
	c.dispatch(discord.EventGuildMemberAdd)
	c.dispatch(discord.EventGuildMemberRemove)
}

func TestDeletedGuild(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(0), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, discord.IntentGuilds)
	c.dispatch(discord.EventGuildCreate)
	w.change(func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `delete from guilds where id = $1`, g.id); err != nil {
			return err
		}
		return tx.Emit(g.id, events.Header{Type: discord.EventGuildDelete, Guild: g.id, Structure: true}, discord.UnavailableGuild{ID: g.id})
	})
	c.dispatch(discord.EventGuildDelete)
}

func TestShardsShareTheGuilds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(0), w.user()
	var guilds [2]*guild
	for guilds[0] == nil || guilds[1] == nil {
		g := w.guild(owner, bot)
		guilds[(g.id>>22)%2] = g
		time.Sleep(time.Millisecond) // ids of the next millisecond are on the other shard
	}
	dm := discord.MessageEvent{Message: discord.Message{ID: 1, ChannelID: 2}, ChannelType: discord.ChannelDM}
	for shard := range guilds {
		c := w.greeted("")
		c.identify(bot, map[string]any{
			"intents": discord.IntentGuilds | discord.IntentDirectMessages, "shard": [2]int{shard, 2},
		})
		ready := c.ready()
		if ready.Shard == nil || *ready.Shard != [2]int{shard, 2} {
			t.Errorf("READY of shard %d says %v", shard, ready.Shard)
		}
		for _, stub := range ready.Guilds {
			if int(stub.ID>>22)%2 != shard {
				t.Errorf("shard %d is told of guild %s", shard, stub.ID)
			}
		}
		for range ready.Guilds {
			c.dispatch(discord.EventGuildCreate)
		}
		w.emit(bot.id, events.Header{Type: discord.EventMessageCreate}, dm)
		w.emit(bot.id, events.Header{Type: discord.EventMessageCreate, Guild: guilds[shard].id}, dm) // needs GUILD_MESSAGES
		w.emit(guilds[shard].id, events.Header{Type: discord.EventGuildUpdate, Guild: guilds[shard].id},
			discord.Guild{ID: guilds[shard].id, OwnerID: owner.id})
		if shard == 0 {
			c.dispatch(discord.EventMessageCreate)
		}
		c.dispatch(discord.EventGuildUpdate)
		_ = c.ws.Close()
	}
}

func TestUserLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot := w.bot(0)
	c := w.connect(bot, discord.IntentDirectMessages)
	other := w.connect(bot, 0)
	w.emit(bot.id, events.Header{Type: discord.EventMessageCreate, User: 5},
		discord.MessageEvent{Message: discord.Message{ID: 1, ChannelID: 2, Content: "whole without the intent"}, ChannelType: discord.ChannelDM})
	w.emit(bot.id, events.Header{Type: discord.EventUserUpdate, User: bot.id}, discord.User{ID: bot.id})
	if _, content := c.messageOf(c.dispatch(discord.EventMessageCreate)); content == "" {
		t.Error("a DM was emptied")
	}
	c.dispatch(discord.EventUserUpdate)
	other.dispatch(discord.EventUserUpdate) // needs no intent
}
