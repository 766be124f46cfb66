package fanout

import (
	"slices"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// An event that is yet to end is in the GUILD_CREATE of those who may see its channel.
func TestGuildCreateListsScheduledEvents(t *testing.T) {
	t.Parallel()
	g, sessions := crowd(t)
	tell := func(kind string, e discord.ScheduledEvent) {
		t.Helper()
		head := events.Header{Type: kind}
		if e.ChannelID != nil {
			head.Channel = *e.ChannelID
		}
		apply(t, g, head, e)
	}
	expect := func(who string, want ...snowflake.ID) {
		t.Helper()
		c, raw := created(t, g, sessions[who].profile)
		var got []snowflake.ID
		for _, e := range c.Scheduled {
			got = append(got, e.ID)
			if e.Creator != nil || e.UserCount != nil {
				t.Errorf("%s is told what no event keeps current: %+v", who, e)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v in %s", who, got, want, raw)
		}
	}
	in := hidden
	interested := 3
	outside := discord.ScheduledEvent{ID: 1, GuildID: testGuild, Status: discord.EventScheduled, Creator: &discord.User{}, UserCount: &interested}
	inside := discord.ScheduledEvent{ID: 2, GuildID: testGuild, Status: discord.EventScheduled, ChannelID: &in}
	expect(theOwner)
	tell(discord.EventScheduledEventCreate, outside)
	tell(discord.EventScheduledEventCreate, inside)
	expect(moderator, 1, 2)
	expect(everyone, 1)
	expect(blind, 1)
	expect(person, 1)
	outside.Name = "other"
	tell(discord.EventScheduledEventUpdate, outside)
	if c, _ := created(t, g, sessions[everyone].profile); len(c.Scheduled) != 1 || c.Scheduled[0].Name != "other" {
		t.Errorf("after an update: %+v", c.Scheduled)
	}
	outside.Status = discord.EventCompleted
	tell(discord.EventScheduledEventUpdate, outside)
	expect(moderator, 2)
	tell(discord.EventScheduledEventDelete, inside)
	expect(moderator)
}
