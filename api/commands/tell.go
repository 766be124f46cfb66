package commands

import (
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// toldEverywhere is how many guilds hear at once that commands have changed which are everywhere; people elsewhere see it when
// their client asks for the index again.
const toldEverywhere = 1000

func indexHeader(guild snowflake.ID) events.Header {
	return events.Header{Type: discord.EventCommandIndexUpdate, Guild: guild}
}

// tellIndex tells the people of a guild that what they choose from has changed.
func tellIndex(tx *store.Tx, guild, version snowflake.ID) error {
	return tx.Emit(guild, indexHeader(guild), discord.CommandIndexUpdate{GuildID: guild, Version: version})
}

// tellEverywhere tells the guilds that an application's bot is in. Who misses it finds out by the version.
func (h *Handlers) tellEverywhere(c *call.Call, app, version snowflake.ID) {
	ctx := c.Request.Context()
	guilds, err := h.store.GuildsOfApplication(ctx, app, toldEverywhere)
	for _, guild := range guilds {
		var e events.Event
		if e, err = events.New(guild, indexHeader(guild), discord.CommandIndexUpdate{GuildID: guild, Version: version}); err == nil {
			err = h.publisher.Ephemeral(ctx, e)
		}
		if err != nil {
			break
		}
	}
	if err != nil {
		c.Logger.Warn("guilds not told of changed commands", "application", app, "error", err)
	}
}
