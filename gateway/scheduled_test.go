package main

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

func TestGuildCreateHasScheduledEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(allPrivileged), w.user()
	g := w.guild(owner, bot)
	schedule := func(name string) (id snowflake.ID) {
		w.change(func(ctx context.Context, tx *store.Tx) error {
			id = tx.NewID()
			end := discord.At(time.Now().Add(2 * time.Hour))
			_, err := tx.CreateScheduledEvent(ctx, discord.ScheduledEvent{
				ID: id, GuildID: g.id, CreatorID: &owner.id, Name: name, Start: discord.At(time.Now().Add(time.Hour)), End: &end,
				PrivacyLevel: 2, Status: discord.EventScheduled, EntityType: discord.EntityExternal,
				EntityMetadata: &discord.EntityMetadata{Location: "here"},
			})
			return err
		})
		return id
	}
	planned := func(c *client) (ids []snowflake.ID) {
		var created gatewayGuild
		c.decode(c.dispatch(discord.EventGuildCreate), &created)
		for _, raw := range created.Scheduled {
			var e discord.ScheduledEvent
			w.must(json.Unmarshal(raw, &e))
			ids = append(ids, e.ID)
		}
		return ids
	}
	first := schedule("before the view")
	c := w.greeted("")
	c.identify(bot, map[string]any{"intents": discord.IntentGuilds | discord.IntentScheduledEvents})
	c.ready()
	if ids := planned(c); len(ids) != 1 || ids[0] != first {
		t.Errorf("GUILD_CREATE has scheduled events %v, want %s", ids, first)
	}
	second := schedule("after it")
	c.until(discord.EventScheduledEventCreate)
	other := w.greeted("")
	other.identify(bot, map[string]any{"intents": discord.IntentGuilds})
	other.ready()
	if ids := planned(other); len(ids) != 2 || ids[1] != second {
		t.Errorf("GUILD_CREATE has scheduled events %v, want %s and %s", ids, first, second)
	}
}
