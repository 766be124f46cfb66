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

	"github.com/bwmarrin/discordgo"

	"guildhall.chat/guildhall/test/clients/rest"
)

func (f *fleet) resume(t *testing.T) {
	mark := f.seen.mark()
	people := []*rest.User{f.w.owner, f.w.friend}
	var expected [shards][]string // contents, by guild: order holds within a guild
	var sent []rest.Message
	talk := func(from, to int) {
		t.Helper()
		for i := from; i < to; i++ {
			shard := i >> 1 % shards
			m, err := people[i%2].Send(t.Context(), f.w.Guilds[shard].General, fmt.Sprintf("resume %d", i))
			must(t, "send", err)
			expected[shard] = append(expected[shard], m.Content)
			sent = append(sent, m)
		}
	}
	talk(0, 4)
	equal(t, "connections cut", f.cable.cut(), shards)
	talk(4, 16)
	edited, deleted := sent[8], sent[4]
	owner := f.w.owner
	must(t, "edit", owner.Do(t.Context(), http.MethodPatch, "/channels/"+edited.ChannelID+"/messages/"+edited.ID, map[string]any{"content": "edited"}, nil))
	must(t, "delete", owner.Do(t.Context(), http.MethodDelete, "/channels/"+deleted.ChannelID+"/messages/"+deleted.ID, nil, nil))
	f.cable.plug()
	talk(16, 20)
	for shard, place := range f.w.Guilds {
		f.seen.await(t, mark, fmt.Sprintf("RESUMED on shard %d", shard), func(s sighting) bool {
			_, ok := s.event.(*discordgo.Resumed)
			return ok && s.shard == shard
		})
		fence := fmt.Sprintf("fence %d", shard)
		_, err := owner.Send(t.Context(), place.General, fence)
		must(t, "send the fence", err)
		f.said(t, mark, fence)
	}
	var got [shards][]string
	edits, deletes := 0, 0
	order := map[string]int{} // the state cache rewrites a cached message when it is edited: the id tells which it was
	for i, m := range sent {
		order[m.ID] = i
	}
	for _, s := range f.seen.since(mark) {
		switch e := s.event.(type) {
		case *discordgo.MessageCreate:
			if i, ok := order[e.ID]; ok {
				got[s.shard] = append(got[s.shard], sent[i].Content)
			}
		case *discordgo.MessageUpdate:
			if e.ID == edited.ID {
				edits++
			}
		case *discordgo.MessageDelete:
			if e.ID == deleted.ID {
				deletes++
			}
		case *discordgo.Ready:
			t.Errorf("shard %d had to identify anew", s.shard)
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

func (f *fleet) rateLimit(t *testing.T) {
	busy := f.w.Guilds[0].Busy
	// A flood through the library, which reads the headers and spreads it out by itself.
	f.emptied.Store(0)
	var wait sync.WaitGroup
	var mu sync.Mutex
	made := map[string]bool{}
	for i := range 12 {
		wait.Go(func() {
			m, err := f.rest().ChannelMessageSend(busy, fmt.Sprintf("flood %d", i))
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
	if f.emptied.Load() == 0 {
		t.Error("twelve messages at once: no answer had X-RateLimit-Remaining: 0")
	}

	// Behind its back the bucket is used up with the same token: now its request is answered with 429.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	f.rejected.Store(0)
	for attempt := 0; f.rejected.Load() == 0; attempt++ {
		if attempt == 5 {
			t.Fatal("a request of the library was never limited after the bucket had been used up")
		}
		exhaust(ctx, t, f.w, busy)
		m, err := f.rest().ChannelMessageSend(busy, "patience")
		must(t, "send to a used up bucket", err)
		equal(t, "content", m.Content, "patience")
	}
}

// exhaust sends until it is answered with 429, whose form it checks.
func exhaust(ctx context.Context, t *testing.T, w *world, channel string) {
	t.Helper()
	header := http.Header{"Content-Type": {"application/json"}}
	for range 100 {
		answer, err := w.bot.Raw(ctx, http.MethodPost, "/api/v10/channels/"+channel+"/messages", header, []byte(`{"content":"behind its back"}`))
		must(t, "send raw", err)
		if answer.Status == http.StatusOK {
			continue
		}
		equal(t, "status", answer.Status, http.StatusTooManyRequests)
		for _, name := range []string{"Retry-After", "Via", "X-RateLimit-Limit", "X-RateLimit-Reset", "X-RateLimit-Reset-After", "X-RateLimit-Bucket", "X-RateLimit-Scope"} {
			if answer.Header.Get(name) == "" {
				t.Errorf("the 429 has no %s", name)
			}
		}
		return
	}
	t.Fatal("100 messages in a row passed without a 429")
}

func (f *fleet) updates(t *testing.T) {
	place, owner, state, mark := f.w.Guilds[0], f.w.owner, f.shard[0].State, f.seen.mark()
	do := func(method, path string, body, out any) {
		t.Helper()
		must(t, method+" "+path, owner.Do(t.Context(), method, path, body, out))
	}

	annex, err := owner.CreateChannel(t.Context(), place.ID, "annex")
	must(t, "create a channel", err)
	await(t, f, mark, "CHANNEL_CREATE", func(c *discordgo.ChannelCreate) bool { return c.ID == annex.ID && c.Name == "annex" })
	do(http.MethodPatch, "/channels/"+annex.ID, map[string]any{"name": "east-wing", "topic": "mind the step"}, nil)
	update := await(t, f, mark, "CHANNEL_UPDATE", func(c *discordgo.ChannelUpdate) bool { return c.ID == annex.ID && c.Name == "east-wing" })
	if update.BeforeUpdate == nil || update.BeforeUpdate.Name != "annex" {
		t.Errorf("the cache had %v before the update", update.BeforeUpdate)
	}
	cached, err := state.Channel(annex.ID)
	must(t, "channel in the cache", err)
	equal(t, "topic in the cache", cached.Topic, "mind the step")
	do(http.MethodPut, "/channels/"+annex.ID+"/permissions/"+place.ID, map[string]any{"type": 0, "allow": "0", "deny": strconv.Itoa(rest.SendMessages)}, nil)
	await(t, f, mark, "CHANNEL_UPDATE with the overwrite", func(c *discordgo.ChannelUpdate) bool {
		return c.ID == annex.ID && len(c.PermissionOverwrites) == 1
	})
	permissions, err := state.UserChannelPermissions(f.w.bot.ID, annex.ID)
	must(t, "permissions from the cache", err)
	equal(t, "may send", permissions&discordgo.PermissionSendMessages != 0, false)
	do(http.MethodDelete, "/channels/"+annex.ID, nil, nil)
	await(t, f, mark, "CHANNEL_DELETE", func(c *discordgo.ChannelDelete) bool { return c.ID == annex.ID })
	if _, err := state.Channel(annex.ID); err == nil {
		t.Error("a deleted channel is still in the cache")
	}

	own, err := f.rest().GuildChannelCreateComplex(place.ID, discordgo.GuildChannelCreateData{Name: "workshop", Topic: "sawdust"})
	must(t, "the bot creates a channel", err)
	equal(t, "topic", own.Topic, "sawdust")
	_, err = f.rest().ChannelDelete(own.ID)
	must(t, "the bot deletes it", err)
	await(t, f, mark, "CHANNEL_DELETE", func(c *discordgo.ChannelDelete) bool { return c.ID == own.ID })

	var scribe rest.Role
	do(http.MethodPost, "/guilds/"+place.ID+"/roles", map[string]any{"name": "scribe", "color": 0x00ff00, "hoist": true}, &scribe)
	created := await(t, f, mark, "GUILD_ROLE_CREATE", func(r *discordgo.GuildRoleCreate) bool { return r.Role.ID == scribe.ID })
	equal(t, "color", created.Role.Color, 0x00ff00)
	do(http.MethodPatch, "/guilds/"+place.ID+"/roles/"+scribe.ID, map[string]any{"name": "archivist"}, nil)
	await(t, f, mark, "GUILD_ROLE_UPDATE", func(r *discordgo.GuildRoleUpdate) bool { return r.Role.ID == scribe.ID && r.Role.Name == "archivist" })
	role, err := state.Role(place.ID, scribe.ID)
	must(t, "role in the cache", err)
	equal(t, "name in the cache", role.Name, "archivist")
	do(http.MethodDelete, "/guilds/"+place.ID+"/roles/"+scribe.ID, nil, nil)
	await(t, f, mark, "GUILD_ROLE_DELETE", func(r *discordgo.GuildRoleDelete) bool { return r.RoleID == scribe.ID })
	if _, err := state.Role(place.ID, scribe.ID); err == nil {
		t.Error("a deleted role is still in the cache")
	}

	do(http.MethodPatch, "/guilds/"+place.ID, map[string]any{"name": "The Hall"}, nil)
	await(t, f, mark, "GUILD_UPDATE", func(g *discordgo.GuildUpdate) bool { return g.ID == place.ID && g.Name == "The Hall" })
	guild, err := state.Guild(place.ID)
	must(t, "guild in the cache", err)
	equal(t, "name in the cache", guild.Name, "The Hall")
}

func (f *fleet) joinAndLeave(t *testing.T) {
	owner, bot := f.w.owner, f.w.bot
	for name, remove := range map[string]func(id string) error{
		"Deleted soon": func(id string) error { return owner.Do(t.Context(), http.MethodDelete, "/guilds/"+id, nil, nil) },
		"Kicked soon": func(id string) error {
			return owner.Do(t.Context(), http.MethodDelete, "/guilds/"+id+"/members/"+bot.ID, nil, nil)
		},
		"Left soon": func(id string) error { return f.rest().GuildLeave(id) },
	} {
		mark := f.seen.mark()
		guild, err := owner.CreateGuild(t.Context(), name)
		must(t, "create a guild", err)
		must(t, "add the bot", owner.AddBot(t.Context(), bot, guild.ID, 0))
		shard, err := rest.Shard(guild.ID, shards)
		must(t, "shard of the guild", err)
		joined := f.seen.await(t, mark, "GUILD_CREATE "+name, func(s sighting) bool {
			g, ok := s.event.(*discordgo.GuildCreate)
			return ok && g.ID == guild.ID
		})
		equal(t, "shard that joined", joined.shard, shard)
		equal(t, "name", joined.event.(*discordgo.GuildCreate).Name, name)
		must(t, "remove: "+name, remove(guild.ID))
		left := await(t, f, mark, "GUILD_DELETE "+name, func(g *discordgo.GuildDelete) bool { return g.ID == guild.ID })
		equal(t, "unavailable", left.Unavailable, false)
		_, err = f.rest().Guild(guild.ID)
		if err == nil {
			t.Errorf("%s: the bot still reads the guild", name)
		}
	}
}
