package fanout

import (
	"slices"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// smallGuild is up to how many members people are told of all of a guild's members and presences, as bots are; in a larger
// guild they subscribe to member lists.
const smallGuild = 250

// scope says whom an event of a guild is for: those who attend and whom all of it covers.
type scope struct {
	class
	only  []snowflake.ID // nobody else; nil: does not restrict
	self  snowflake.ID   // who gets it whatever the intents; 0: nobody
	never snowflake.ID   // who does not; 0: nobody
}

// class is the part of a scope that many events share.
type class struct {
	question
	intents discord.Intents // one of them is needed; 0: none
	whose   accounts
}

// accounts says whose sessions an event is for.
type accounts uint8

const (
	anybodys accounts = iota
	ofBots
	ofPeople
)

func (a accounts) have(p Profile) bool { return a == anybodys || (a == ofBots) == p.Bot }

// scope returns whom an event is for by the guild's state. The lock is held.
func (g *Guild) scope(e *events.Event) scope {
	s := scope{only: e.Head.Only}
	s.intents = discord.NeededIntents(e.Head.Type, false)
	if discord.ForPeople(e.Head.Type) {
		s.whose = ofPeople
	}
	switch {
	case e.Head.Needs != 0:
		s.question = question{channel: e.Head.Channel, any: e.Head.Needs}
	case e.Head.Channel != 0:
		s.question = g.toRead(e.Head.Channel)
	}
	switch e.Head.Type {
	case discord.EventChannelCreate, discord.EventChannelUpdate, discord.EventChannelDelete:
		if e.Head.Channel != 0 {
			s.question = toView(e.Head.Channel)
		}
	case discord.EventGuildMemberUpdate:
		s.self = e.Head.User
	case discord.EventGuildMemberAdd, discord.EventGuildMemberRemove:
		s.never = e.Head.User
	case discord.EventPresenceUpdate:
		if g.members.Len() > smallGuild {
			s.whose = ofBots
		}
	}
	return s
}

// sees reports whether a scope covers one attached seat, whose member is m. It is what receivers answers for all.
func (g *Guild) sees(s *seat, m permissions.Member, sc scope, now time.Time) bool {
	user := s.user()
	switch {
	case sc.never == user, !sc.whose.have(s.place.profile), sc.only != nil && !slices.Contains(sc.only, user):
		return false
	case sc.intents != 0 && s.intents()&sc.intents == 0 && sc.self != user:
		return false
	}
	return sc.question == (question{}) || g.may(m, sc.question, now)
}

// receivers returns the seats that a scope covers. The result must not be changed, and is good until something else
// changes.
func (g *Guild) receivers(sc scope) *audience {
	common := g.common(sc.class)
	if sc.only == nil && !g.exempts(sc) {
		return common
	}
	bits := bitset{}
	if sc.only == nil {
		bits.or(common.bits)
	} else {
		for _, user := range sc.only {
			g.eachSeat(user, func(i int) { bits.put(i, common.bits.has(i)) })
		}
	}
	if sc.self != 0 && (sc.only == nil || slices.Contains(sc.only, sc.self)) {
		may := g.common(class{question: sc.question, whose: sc.whose})
		g.eachSeat(sc.self, func(i int) { bits.put(i, may.bits.has(i)) })
	}
	if sc.never != 0 {
		g.eachSeat(sc.never, func(i int) { bits.put(i, false) })
	}
	return g.intern(bits)
}

// exempts reports whether one of the users that a scope names makes it differ from its class.
func (g *Guild) exempts(sc scope) bool {
	return sc.self != 0 && g.isAttending(sc.self) || sc.never != 0 && g.isAttending(sc.never)
}

// eachSeat calls do with the indexes of a user's attached seats.
func (g *Guild) eachSeat(user snowflake.ID, do func(i int)) {
	for s := g.seats.byUser[user]; s != nil; s = s.next {
		if s.attached {
			do(int(s.index))
		}
	}
}
