package access

import (
	"errors"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Rooms returns those of the channels and threads of guilds that the caller sees, in no order. However many guilds they are of,
// it makes two statements beside those for guilds that are not held in memory.
func (a *Access) Rooms(c *call.Call, places []store.Place) ([]*Room, error) {
	if len(places) == 0 {
		return nil, nil
	}
	ctx, in := c.Request.Context(), map[snowflake.ID][]snowflake.ID{}
	var guilds []snowflake.ID
	for _, at := range places {
		if in[at.Guild] == nil {
			guilds = append(guilds, at.Guild)
		}
		in[at.Guild] = append(in[at.Guild], at.Channel)
	}
	members, err := a.store.MemberAccessIn(ctx, c.Caller.UserID, guilds)
	if err != nil {
		return nil, err
	}
	var rooms []*Room
	var threads []snowflake.ID
	visits := map[snowflake.ID]*Visit{}
	for _, m := range members {
		g, err := a.current(ctx, m.Guild, m.Version)
		if errors.Is(err, discord.ErrUnknownGuild) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		visit := g.visit(c.Caller, m.Member)
		visits[m.Guild] = visit
		for _, channel := range in[m.Guild] {
			if g.Channel(channel) == nil {
				threads = append(threads, channel)
			} else if room, err := visit.room(channel); err == nil {
				rooms = append(rooms, room)
			}
		}
	}
	found, err := a.store.ThreadsByID(ctx, threads, c.Caller.UserID)
	if err != nil {
		return nil, err
	}
	for _, t := range found {
		if visit := visits[*t.GuildID]; visit != nil {
			if room, err := visit.RoomOf(t); err == nil {
				rooms = append(rooms, room)
			}
		}
	}
	return rooms, nil
}
