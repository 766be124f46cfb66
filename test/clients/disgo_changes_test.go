package clients_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/events"
	"github.com/disgoorg/snowflake/v2"

	"guildhall.chat/guildhall/test/clients/rest"
)

func (b *disgoBot) resume(t *testing.T) {
	mark := b.seen.mark()
	people := []*rest.User{b.w.owner, b.w.friend}
	var expected [shards][]string // contents, by guild: order holds within a guild
	var sent []rest.Message
	talk := func(from, to int) {
		t.Helper()
		for i := from; i < to; i++ {
			shard := i >> 1 % shards
			m, err := people[i%2].Send(t.Context(), b.w.Guilds[shard].General, fmt.Sprintf("resume %d", i))
			must(t, "send", err)
			expected[shard] = append(expected[shard], m.Content)
			sent = append(sent, m)
		}
	}
	talk(0, 4)
	equal(t, "connections cut", b.cable.cut(), shards)
	talk(4, 16)
	edited, deleted, owner := sent[8], sent[4], b.w.owner
	must(t, "edit", owner.Do(t.Context(), http.MethodPatch, "/channels/"+edited.ChannelID+"/messages/"+edited.ID, map[string]any{"content": "edited"}, nil))
	must(t, "delete", owner.Do(t.Context(), http.MethodDelete, "/channels/"+deleted.ChannelID+"/messages/"+deleted.ID, nil, nil))
	b.cable.plug()
	talk(16, 20)
	for shard, place := range b.w.Guilds {
		sees(t, b, mark, func(r *events.Resumed) bool { return r.ShardID() == shard })
		fence := fmt.Sprintf("fence %d", shard)
		_, err := owner.Send(t.Context(), place.General, fence)
		must(t, "send the fence", err)
		b.said(t, mark, fence)
	}
	var got [shards][]string
	edits, deletes := 0, 0
	for _, e := range b.seen.since(mark) {
		switch e := e.(type) {
		case *events.MessageCreate:
			if slices.ContainsFunc(sent, func(m rest.Message) bool { return id(m.ID) == e.MessageID }) {
				got[e.ShardID()] = append(got[e.ShardID()], e.Message.Content)
			}
		case *events.MessageUpdate:
			if e.MessageID == id(edited.ID) {
				edits++
			}
		case *events.MessageDelete:
			if e.MessageID == id(deleted.ID) {
				deletes++
			}
		case *events.Ready:
			t.Errorf("shard %d had to identify anew", e.ShardID())
		}
	}
	for shard := range got {
		if !slices.Equal(got[shard], expected[shard]) {
			t.Errorf("messages on shard %d, each once and in order:\n  got      %q\n  expected %q", shard, got[shard], expected[shard])
		}
	}
	equal(t, "edits", edits, 1)
	equal(t, "deletions", deletes, 1)
}

func (b *disgoBot) rateLimit(t *testing.T) {
	busy := b.w.Guilds[0].Busy
	// A flood through the library, which reads the headers and spreads it out by itself.
	b.emptied.Store(0)
	var wait sync.WaitGroup
	var mu sync.Mutex
	made := map[snowflake.ID]bool{}
	for i := range 12 {
		wait.Go(func() {
			m, err := b.Rest.CreateMessage(id(busy), content(fmt.Sprintf("flood %d", i)))
			if err != nil {
				t.Errorf("message %d of the flood: %v", i, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			made[m.ID] = true
		})
	}
	wait.Wait()
	equal(t, "messages made by the flood", len(made), 12)
	if b.emptied.Load() == 0 {
		t.Error("twelve messages at once: no answer had X-RateLimit-Remaining: 0")
	}

	// Behind its back the bucket is used up with the same token: now its request is answered with 429.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b.rejected.Store(0)
	for attempt := 0; b.rejected.Load() == 0; attempt++ {
		if attempt == 5 {
			t.Fatal("a request of the library was never limited after the bucket had been used up")
		}
		exhaust(ctx, t, b.w, busy)
		m, err := b.Rest.CreateMessage(id(busy), content("patience"))
		must(t, "send to a used up bucket", err)
		equal(t, "content", m.Content, "patience")
	}
}

func (b *disgoBot) updates(t *testing.T) {
	place, owner, mark := b.w.Guilds[0], b.w.owner, b.seen.mark()
	do := func(method, path string, body, out any) {
		t.Helper()
		must(t, method+" "+path, owner.Do(t.Context(), method, path, body, out))
	}

	annex, err := owner.CreateChannel(t.Context(), place.ID, "annex")
	must(t, "create a channel", err)
	sees(t, b, mark, func(c *events.GuildChannelCreate) bool {
		return c.ChannelID == id(annex.ID) && c.Channel.Name() == "annex"
	})
	do(http.MethodPatch, "/channels/"+annex.ID, map[string]any{"name": "east-wing", "topic": "mind the step"}, nil)
	update := sees(t, b, mark, func(c *events.GuildChannelUpdate) bool {
		return c.ChannelID == id(annex.ID) && c.Channel.Name() == "east-wing"
	})
	if update.OldChannel == nil || update.OldChannel.Name() != "annex" {
		t.Errorf("the cache had %v before the update", update.OldChannel)
	}
	cached, ok := b.Caches.GuildMessageChannel(id(annex.ID))
	if !ok || cached.Topic() == nil || *cached.Topic() != "mind the step" {
		t.Errorf("channel in the cache: %v", cached)
	}
	do(http.MethodPut, "/channels/"+annex.ID+"/permissions/"+place.ID, map[string]any{"type": 0, "allow": "0", "deny": strconv.Itoa(rest.SendMessages)}, nil)
	denied := sees(t, b, mark, func(c *events.GuildChannelUpdate) bool {
		return c.ChannelID == id(annex.ID) && len(c.Channel.PermissionOverwrites()) == 1
	})
	self, _ := b.Caches.SelfMember(id(place.ID))
	permissions := b.Caches.MemberPermissionsInChannel(denied.Channel, self)
	equal(t, "may send", permissions.Has(discord.PermissionSendMessages), false)
	do(http.MethodDelete, "/channels/"+annex.ID, nil, nil)
	sees(t, b, mark, func(c *events.GuildChannelDelete) bool { return c.ChannelID == id(annex.ID) })
	if _, ok := b.Caches.Channel(id(annex.ID)); ok {
		t.Error("a deleted channel is still in the cache")
	}

	own, err := b.Rest.CreateGuildChannel(id(place.ID), discord.GuildTextChannelCreate{Name: "workshop", Topic: "sawdust"})
	must(t, "the bot creates a channel", err)
	equal(t, "name", own.Name(), "workshop")
	must(t, "the bot deletes it", b.Rest.DeleteChannel(own.ID()))
	sees(t, b, mark, func(c *events.GuildChannelDelete) bool { return c.ChannelID == own.ID() })

	var scribe rest.Role
	do(http.MethodPost, "/guilds/"+place.ID+"/roles", map[string]any{"name": "scribe", "color": 0x00ff00, "hoist": true}, &scribe)
	created := sees(t, b, mark, func(r *events.RoleCreate) bool { return r.RoleID == id(scribe.ID) })
	equal(t, "hoist", created.Role.Hoist, true)
	do(http.MethodPatch, "/guilds/"+place.ID+"/roles/"+scribe.ID, map[string]any{"name": "archivist"}, nil)
	sees(t, b, mark, func(r *events.RoleUpdate) bool { return r.RoleID == id(scribe.ID) && r.Role.Name == "archivist" })
	role, ok := b.Caches.Role(id(place.ID), id(scribe.ID))
	if !ok || role.Name != "archivist" {
		t.Errorf("role in the cache: %v", role)
	}
	do(http.MethodDelete, "/guilds/"+place.ID+"/roles/"+scribe.ID, nil, nil)
	sees(t, b, mark, func(r *events.RoleDelete) bool { return r.RoleID == id(scribe.ID) })
	if _, ok := b.Caches.Role(id(place.ID), id(scribe.ID)); ok {
		t.Error("a deleted role is still in the cache")
	}

	do(http.MethodPatch, "/guilds/"+place.ID, map[string]any{"name": "The Hall"}, nil)
	sees(t, b, mark, func(g *events.GuildUpdate) bool { return g.GuildID == id(place.ID) && g.Guild.Name == "The Hall" })
	guild, ok := b.Caches.Guild(id(place.ID))
	if !ok || guild.Name != "The Hall" {
		t.Errorf("guild in the cache: %v", guild.Name)
	}
}

func (b *disgoBot) joinAndLeave(t *testing.T) {
	owner := b.w.owner
	for name, remove := range map[string]func(id string) error{
		"Deleted soon": func(id string) error { return owner.Do(t.Context(), http.MethodDelete, "/guilds/"+id, nil, nil) },
		"Kicked soon": func(id string) error {
			return owner.Do(t.Context(), http.MethodDelete, "/guilds/"+id+"/members/"+b.w.bot.ID, nil, nil)
		},
		"Left soon": func(guild string) error { return b.Rest.LeaveGuild(id(guild)) },
	} {
		mark := b.seen.mark()
		guild, err := owner.CreateGuild(t.Context(), name)
		must(t, "create a guild", err)
		must(t, "add the bot", owner.AddBot(t.Context(), b.w.bot, guild.ID, 0))
		shard, err := rest.Shard(guild.ID, shards)
		must(t, "shard of the guild", err)
		joined := sees(t, b, mark, func(g *events.GuildJoin) bool { return g.GuildID == id(guild.ID) })
		equal(t, "shard that joined", shardOf(bot.Event(joined)), shard)
		equal(t, "name", joined.Guild.Name, name)
		must(t, "remove: "+name, remove(guild.ID))
		sees(t, b, mark, func(g *events.GuildLeave) bool { return g.GuildID == id(guild.ID) })
		if _, err = b.Rest.GetGuild(id(guild.ID), false); err == nil {
			t.Errorf("%s: the bot still reads the guild", name)
		}
	}
}
