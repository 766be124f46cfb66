package fanout

import (
	"time"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// receivers returns who may see an event by its header. The lock is held.
func (g *Guild) receivers(e events.Event) []*seat {
	seats := g.attending()
	if e.Head.Channel != 0 {
		seats = g.readers(e.Head.Channel)
	}
	if e.Head.Needs == 0 {
		return seats
	}
	now := time.Now()
	allowed := make([]*seat, 0, len(seats))
	for _, s := range seats {
		if g.may(s, e.Head.Needs, e.Head.Channel, now) {
			allowed = append(allowed, s)
		}
	}
	return allowed
}

// deliver hands the event to those of the seats whose intents cover it, and to the seats of the users in always, whose
// own affair it is. The lock is held.
func (g *Guild) deliver(e events.Event, seats []*seat, always ...snowflake.ID) {
	out := &delivery.Delivery{}
	if e.Seq != 0 {
		out.Entry = journal.Entry{Kind: journal.Event, Log: g.id, Seq: e.Seq}
	}
	by := map[*codec.Shared][]delivery.Receiver{}
	needed := discord.NeededIntents(e.Head.Type, false)
	d := newDispatch(e)
	n := 0
	for _, s := range seats {
		if needed != 0 && s.intents&needed == 0 && (len(always) == 0 || s.user != always[0]) {
			continue
		}
		shared, err := d.of(s)
		if err != nil {
			g.hub.log.Error("message can't be emptied of its content", "guild", g.id, "seq", e.Seq, "error", err)
			continue
		}
		by[shared] = append(by[shared], s.sub)
		n++
	}
	for shared, receivers := range by {
		out.Parts = append(out.Parts, delivery.Part{Dispatch: shared, To: delivery.NewAudience(receivers)})
	}
	g.hub.line.Submit(out)
	countDispatches(e.Head.Type, n)
}
