package fanout

import (
	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

// deliver hands an event to whom it is for. The lock is held.
func (g *Guild) deliver(d *dispatch) { g.deliverTo(d, g.scope(&d.event)) }

// deliverTo hands an event to those in a scope.
func (g *Guild) deliverTo(d *dispatch, sc scope) {
	if d.kind == plain || g.seats.attached == 0 {
		g.submit(d, part(d.whole(), g.receivers(sc)))
		return
	}
	parts, err := g.divide(d, sc)
	if err != nil {
		// Whoever lacks the intent goes without.
		g.hub.log.Error("event can't be emptied of its content", "guild", g.id, "seq", d.event.Seq, "error", err)
	}
	g.submit(d, parts...)
}

func part(s *codec.Shared, to *audience) delivery.Part { return delivery.Part{Dispatch: s, To: to.to} }

// divide returns the parts of an event that has content: whole for whoever has the intent, and for the others what of it
// they may see.
func (g *Guild) divide(d *dispatch, sc scope) ([]delivery.Part, error) {
	with, without := g.byContent(sc)
	parts := []delivery.Part{part(d.whole(), with)}
	if without.to.Len() == 0 {
		return parts, nil
	}
	usual, err := d.hidden(nobody)
	if err != nil {
		return parts, err
	}
	exempt := map[int]bitset{} // by what is hidden
	for _, user := range d.exempt() {
		if hidden, err := d.hidden(user); err != nil {
			return parts, err
		} else if hidden != usual {
			g.eachSeat(user, func(i int) {
				if without.bits.has(i) {
					bits := exempt[hidden]
					bits.set(i)
					exempt[hidden] = bits
				}
			})
		}
	}
	if len(exempt) > 0 {
		rest := append(bitset(nil), without.bits...)
		for hidden, bits := range exempt {
			rest.andNot(bits)
			s, err := d.variant(hidden)
			if err != nil {
				return parts, err
			}
			parts = append(parts, part(s, g.intern(bits)))
		}
		without = g.intern(rest)
	}
	s, err := d.variant(usual)
	if err != nil {
		return parts, err
	}
	return append(parts, part(s, without)), nil
}

// byContent divides a scope by whether the receivers get content.
func (g *Guild) byContent(sc scope) (with, without *audience) {
	if sc.only == nil && !g.exempts(sc) {
		return g.cachedAudience(key{sc.class, withContent}), g.cachedAudience(key{sc.class, withoutContent})
	}
	content := g.asked(discord.IntentMessageContent).bits
	yes := append(bitset(nil), g.receivers(sc).bits...)
	no := append(bitset(nil), yes...)
	yes.and(content)
	no.andNot(content)
	return g.intern(yes), g.intern(no)
}

// submit puts an event on the line. A durable one has an entry even if nobody here receives it: who moves to another pod
// must know how far this one was.
func (g *Guild) submit(d *dispatch, parts ...delivery.Part) {
	out := &delivery.Delivery{At: d.event.Head.At}
	n := 0
	for _, p := range parts {
		if p.To.Len() > 0 {
			out.Parts = append(out.Parts, p)
			n += p.To.Len()
		}
	}
	if seq := d.event.Seq; seq != 0 {
		out.Entry = journal.Entry{Kind: journal.Event, Log: g.id, Seq: seq}
	} else if n == 0 {
		return
	}
	out.Trace = delivery.Follow(&d.event, d.arrived)
	g.hub.line.Submit(out)
	countDispatches(d.event.Head.Type, n)
}
