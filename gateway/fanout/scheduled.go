package fanout

import (
	"encoding/json"
	"slices"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// scheduled is an event that a guild plans, as GUILD_CREATE shows it.
type scheduled struct {
	id      snowflake.ID
	channel snowflake.ID // 0: outside
	json    []byte
}

// scheduledOf leaves out who made the event and how many are interested: no event tells of their changes.
func scheduledOf(e discord.ScheduledEvent) scheduled {
	e.Creator, e.UserCount = nil, nil
	kept := scheduled{id: e.ID}
	if e.ChannelID != nil {
		kept.channel = *e.ChannelID
	}
	kept.json, _ = json.Marshal(e) // made of numbers and texts: always can be
	return kept
}

func allScheduled(list []discord.ScheduledEvent) []scheduled {
	kept := make([]scheduled, len(list))
	for i, e := range list {
		kept[i] = scheduledOf(e)
	}
	return kept
}

// changeScheduled takes in an event that is planned, changed or gone, and tells those who see its channel.
func (g *Guild) changeScheduled(d *dispatch) error {
	e, err := decode[discord.ScheduledEvent](d.event)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(g.scheduled, func(s scheduled) bool { return s.id == e.ID })
	gone := e.Status.Over() || d.event.Head.Type == discord.EventScheduledEventDelete
	switch {
	case gone && i >= 0:
		g.scheduled = slices.Delete(g.scheduled, i, i+1)
	case gone:
	case i >= 0:
		g.scheduled[i] = scheduledOf(e)
	default:
		g.scheduled = append(g.scheduled, scheduledOf(e))
	}
	g.deliver(d)
	return nil
}

// scheduledFor returns the planned events that a user may see, as the items of an array.
func (g *Guild) scheduledFor(user snowflake.ID) (list []byte) {
	if len(g.scheduled) == 0 {
		return nil
	}
	m, _ := g.member(user)
	now := time.Now()
	for _, e := range g.scheduled {
		if e.channel == 0 || g.may(m, toView(e.channel), now) {
			list = appendItem(list, func(dst []byte) []byte { return append(dst, e.json...) })
		}
	}
	return list
}
