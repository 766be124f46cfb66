package fanout

import (
	"time"

	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// audience is who may read a channel, kept until something changes that.
type audience struct {
	seats []*seat
	until time.Time // when a time-out ends that keeps somebody out; zero: does not end by itself
}

// attending returns the attached seats. Like all lists of seats it must not be changed. The lock is held.
func (g *Guild) attending() []*seat {
	if g.attendees == nil {
		g.attendees = make([]*seat, 0, len(g.seats))
		for _, s := range g.seats {
			if s.attached {
				g.attendees = append(g.attendees, s)
			}
		}
	}
	return g.attendees
}

// others returns the attached seats of everybody but the user.
func (g *Guild) others(user snowflake.ID) []*seat {
	list := make([]*seat, 0, len(g.seats))
	for _, s := range g.attending() {
		if s.user != user {
			list = append(list, s)
		}
	}
	return list
}

func (g *Guild) isAttending(user snowflake.ID) bool {
	for _, s := range g.attending() {
		if s.user == user {
			return true
		}
	}
	return false
}

// attendanceChanged is called when a seat is attached or is no longer.
func (g *Guild) attendanceChanged() {
	g.attendees = nil
	clear(g.audiences)
}

// accessChanged is called when roles, the owner, or an attending member have changed.
func (g *Guild) accessChanged() { clear(g.audiences) }

// readers returns who may receive what happens in a channel: nobody if there is no such channel.
func (g *Guild) readers(channel snowflake.ID) []*seat {
	now := time.Now()
	if a := g.audiences[channel]; a != nil && (a.until.IsZero() || now.Before(a.until)) {
		return a.seats
	}
	c := g.channels[channel]
	if c == nil {
		return nil
	}
	needed := permissions.ToRead(c.perms.Type)
	a := &audience{seats: make([]*seat, 0, len(g.seats))}
	for _, s := range g.attending() {
		m := g.rules(s)
		if g.perms.In(m, &c.perms, now).Has(needed) {
			a.seats = append(a.seats, s)
		}
		if m.TimedOutUntil.After(now) && (a.until.IsZero() || m.TimedOutUntil.Before(a.until)) {
			a.until = m.TimedOutUntil
		}
	}
	g.audiences[channel] = a
	return a.seats
}

// viewers returns who sees that a channel exists, in a list of its own.
func (g *Guild) viewers(channel snowflake.ID) []*seat {
	c := g.channels[channel]
	if c == nil {
		return nil
	}
	now := time.Now()
	list := make([]*seat, 0, len(g.seats))
	for _, s := range g.attending() {
		if g.perms.In(g.rules(s), &c.perms, now).Has(permissions.ViewChannel) {
			list = append(list, s)
		}
	}
	return list
}

// may reports whether the member has any of the permissions in the channel, or with channel 0 in the guild.
func (g *Guild) may(s *seat, anyOf permissions.Set, channel snowflake.ID, now time.Time) bool {
	if channel == 0 {
		return g.perms.Base(g.rules(s), now)&anyOf != 0
	}
	c := g.channels[channel]
	return c != nil && g.perms.In(g.rules(s), &c.perms, now)&anyOf != 0
}
