package fanout

import (
	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/internal/discord"
)

// audience is a set of seats, as a set and as the line wants it. It is immutable and shared: by all classes of events for
// which the same seats come out, as it is with most channels of a guild.
type audience struct {
	bits bitset
	to   *delivery.Audience
}

// cached is the audience of a class as of Guild.gen.
type cached struct {
	*audience
	gen  uint64
	used bool
}

// key is a class of events, divided by whether the receivers get content.
type key struct {
	class
	content content
}

// content says which of the receivers: all, or those with or without discord.IntentMessageContent.
type content uint8

const (
	whoever content = iota
	withContent
	withoutContent
)

// common returns the audience of a class.
func (g *Guild) common(c class) *audience { return g.cachedAudience(key{class: c}) }

// cachedAudience returns the audience of a key; unless one of its sets has changed, the one that it returned before.
func (g *Guild) cachedAudience(k key) *audience {
	a := g.audiences[k]
	if a != nil && a.gen == g.gen {
		a.used = true
		return a.audience
	}
	// These may count as changes.
	may, asked := g.who(k.question), g.asked(k.intents)
	var content *set
	newest := max(may.gen, asked.gen)
	if k.content != whoever {
		content = g.asked(discord.IntentMessageContent)
		newest = max(newest, content.gen)
	}
	if k.whose != anybodys {
		newest = max(newest, g.bots.gen)
	}
	if a != nil && newest <= a.gen {
		a.gen, a.used = g.gen, true
		return a.audience
	}
	bits := append(g.scratch[:0], may.bits...)
	bits.and(asked.bits)
	switch k.whose {
	case ofBots:
		bits.and(g.bots.bits)
	case ofPeople:
		bits.andNot(g.bots.bits)
	}
	switch k.content {
	case withContent:
		bits.and(content.bits)
	case withoutContent:
		bits.andNot(content.bits)
	}
	g.scratch = bits
	g.audiences[k] = &cached{audience: g.intern(bits), gen: g.gen, used: true}
	return g.audiences[k].audience
}

// intern returns the audience of a set of attached seats; the set may be changed afterwards.
func (g *Guild) intern(bits bitset) *audience {
	hash := bits.hash()
	if a := g.interned[hash]; a != nil && a.bits.equal(bits) {
		return a
	}
	receivers := make([]delivery.Receiver, 0, bits.count())
	for i := range bits.all() {
		receivers = append(receivers, g.seats.table[i].place.sub)
	}
	a := &audience{bits: append(bitset(nil), bits...), to: delivery.NewAudience(receivers)}
	if len(g.interned) > 2*len(g.audiences)+8 {
		g.sweepInterned()
	}
	g.interned[hash] = a
	return a
}

// sweepInterned lets go of the audiences that no class has.
func (g *Guild) sweepInterned() {
	clear(g.interned)
	for _, a := range g.audiences {
		g.interned[a.bits.hash()] = a.audience
	}
}
