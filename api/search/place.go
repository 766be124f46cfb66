package search

import (
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// place is where a caller searches.
type place struct {
	guild    snowflake.ID // 0: in DMs
	viewer   snowflake.ID // who sees the private threads that it is in
	readable []channel
}

// channel is one that the caller may read.
type channel struct {
	id      snowflake.ID
	nsfw    bool
	managed bool // the caller sees all its private threads
}

const needed = permissions.ViewChannel | permissions.ReadMessageHistory

// inGuild is a guild: all its channels whose history the caller may read, with the threads that the caller sees. A bot must be granted MESSAGE_CONTENT, or it
// could find out by searching what it may not read.
func (h *Handlers) inGuild(c *call.Call, guild snowflake.ID) (place, error) {
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return place{}, err
	}
	if c.Caller.Bot && discord.GrantedIntents(c.Caller.AppFlags)&discord.IntentMessageContent == 0 {
		return place{}, discord.ErrMissingAccess
	}
	p := place{guild: guild, viewer: c.Caller.UserID}
	for i := range visit.Guild.Channels {
		if ch := &visit.Guild.Channels[i]; visit.In(ch).Has(needed) {
			p.readable = append(p.readable, channel{ch.ID, ageRestricted(ch), visit.In(ch).Has(permissions.ManageThreads)})
		}
	}
	return p, nil
}

// inChannel is one channel.
func (h *Handlers) inChannel(c *call.Call, id snowflake.ID) (place, error) {
	room, err := h.access.Room(c, id)
	if err != nil {
		return place{}, err
	}
	return inRoom(room)
}

func inRoom(room *access.Room) (place, error) {
	if err := room.Need(needed); err != nil {
		return place{}, err
	}
	p := place{readable: []channel{{id: room.Channel.ID}}} // asked for by name, whatever it holds
	if !room.Direct() {
		p.guild = room.Guild.Guild.ID
	}
	return p, nil
}

// inDirect is all open DMs of the caller.
func (h *Handlers) inDirect(c *call.Call) (place, error) {
	var p place
	ids, err := h.store.OpenDirects(c.Request.Context(), c.Caller.UserID)
	for _, id := range ids {
		p.readable = append(p.readable, channel{id: id})
	}
	return p, err
}

func ageRestricted(c *discord.Channel) bool { return c.NSFW != nil && *c.NSFW }

// channels are those to search in: of those that the caller may read, the ones that the filter names. A filter that names
// none of them is refused.
func (p *place) channels(f *filter) ([]snowflake.ID, error) {
	ids := []snowflake.ID{}
	nsfw := f.IncludeNSFW != nil && bool(*f.IncludeNSFW)
	allowed := false
	for _, c := range p.readable {
		if len(f.ChannelID) > 0 && !slices.Contains(f.ChannelID, c.id) {
			continue
		}
		allowed = true
		if nsfw || !c.nsfw {
			ids = append(ids, c.id)
		}
	}
	if !allowed && p.guild != 0 {
		return nil, discord.ErrMissingPermissions
	}
	return ids, nil
}

// managed are the channels all of whose private threads the caller sees.
func (p *place) managed() []snowflake.ID {
	ids := []snowflake.ID{}
	for _, c := range p.readable {
		if c.managed {
			ids = append(ids, c.id)
		}
	}
	return ids
}
