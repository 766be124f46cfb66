package fanout

import (
	"slices"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// set is a set of attached seats that is kept current: whatever changes it, changes it when that happens, so that a message
// need not ask who may see it.
type set struct {
	bits bitset
	gen  uint64 // Guild.gen as of its last change
	used bool   // since the last sweep
}

// question is asked about a member: what it may do in a channel or thread or, with channel 0, in the guild.
type question struct {
	channel snowflake.ID
	all     permissions.Set // every one of them
	any     permissions.Set // and one of these, unless there are none
}

// toView asks who sees that there is a channel.
func toView(channel snowflake.ID) question {
	return question{channel: channel, all: permissions.ViewChannel}
}

// toRead asks who receives what happens in a channel.
func (g *Guild) toRead(channel snowflake.ID) question {
	if c := g.channels[channel]; c != nil {
		return question{channel: channel, all: permissions.ToRead(c.perms.Type)}
	}
	return toView(channel)
}

// may answers a question for one member.
func (g *Guild) may(m permissions.Member, q question, now time.Time) bool {
	var has permissions.Set
	if q.channel == 0 {
		has = g.perms.Base(m, now)
	} else {
		has = g.allowed(m, q.channel, now)
	}
	return has.Has(q.all) && (q.any == 0 || has&q.any != 0)
}

// allowed returns what the member may do in a channel or thread: nothing if there is none.
func (g *Guild) allowed(m permissions.Member, channel snowflake.ID, now time.Time) permissions.Set {
	if c := g.channels[channel]; c != nil {
		return g.perms.In(m, &c.perms, now)
	}
	t := g.threads[channel]
	if t == nil {
		return 0
	}
	parent := g.channels[t.parent]
	if parent == nil {
		return 0
	}
	return g.perms.InThread(m, &parent.perms, t.private, t.has(m.User), now)
}

// member returns what the rules need of a member; false if the user is none.
func (g *Guild) member(user snowflake.ID) (permissions.Member, bool) {
	access, is := g.members.Access(user)
	if !is {
		return permissions.Member{}, false
	}
	return permissions.Member{User: user, Roles: g.members.Roles(access.Roles), TimedOutUntil: access.TimedOutUntil}, true
}

// who returns the attached seats of which the question is true.
func (g *Guild) who(q question) *set {
	if q == (question{}) {
		return &g.attending
	}
	s := g.access[q]
	if s == nil {
		s = g.ask(q)
		g.access[q] = s
	}
	s.used = true
	return s
}

// ask answers a question for everybody: once for all members with the same roles, then for each of whom more than roles
// decides.
func (g *Guild) ask(q question) *set {
	now := time.Now()
	s := &set{}
	for roles, group := range g.seats.groups {
		// No member has user 0: what is said of single users does not count here.
		if g.may(permissions.Member{Roles: g.members.Roles(roles)}, q, now) {
			for _, one := range group {
				s.bits.set(int(one.index))
			}
		}
	}
	for _, user := range g.special(q.channel) {
		g.answerFor(user, q, s, now)
	}
	g.touch(s)
	return s
}

// special returns the users for whom not only roles decide in a channel.
func (g *Guild) special(channel snowflake.ID) []snowflake.ID {
	users := append([]snowflake.ID{g.perms.Owner}, g.timedOut...)
	c := g.channels[channel]
	if t := g.threads[channel]; t != nil {
		c = g.channels[t.parent]
		if t.private {
			for i := range t.members {
				users = append(users, t.members[i].User)
			}
		}
	}
	if c != nil {
		for _, o := range c.perms.Overwrites {
			if o.Kind == permissions.OfMember {
				users = append(users, o.ID)
			}
		}
	}
	return users
}

// answerFor answers a question anew for the seats of one user; it reports whether that changes the set.
func (g *Guild) answerFor(user snowflake.ID, q question, s *set, now time.Time) (changed bool) {
	one := g.seats.byUser[user]
	if one == nil {
		return false
	}
	m, is := g.member(user)
	yes := is && g.may(m, q, now)
	for ; one != nil; one = one.next {
		if one.attached && s.bits.put(int(one.index), yes) {
			changed = true
		}
	}
	return changed
}

// asked returns the attached seats whose intents cover one of these; with none, all.
func (g *Guild) asked(intents discord.Intents) *set {
	if intents == 0 {
		return &g.attending
	}
	s := g.intents[intents]
	if s == nil {
		s = &set{}
		for _, one := range g.seats.table {
			if one != nil && one.intents()&intents != 0 {
				s.bits.set(int(one.index))
			}
		}
		g.touch(s)
		g.intents[intents] = s
	}
	return s
}

// touch is called with each set that has changed.
func (g *Guild) touch(s *set) {
	g.gen++
	s.gen = g.gen
}

// memberChanged is called when a member with attached seats has other roles or another time-out, or is another owner.
func (g *Guild) memberChanged(user snowflake.ID) {
	if g.seats.byUser[user] == nil {
		return
	}
	g.watched.userChanged(user)
	now := time.Now()
	access, _ := g.members.Access(user)
	for s := g.seats.byUser[user]; s != nil; s = s.next {
		if s.attached && s.roles != access.Roles {
			g.seats.part(s)
			g.seats.join(s, access.Roles)
		}
	}
	g.noteTimeOut(user, access.TimedOutUntil, now)
	for q, s := range g.access {
		if g.answerFor(user, q, s, now) {
			g.touch(s)
		}
	}
}

// rulesChanged is called when roles or the owner have changed: all that was answered is asked anew when it is needed.
func (g *Guild) rulesChanged() {
	clear(g.access)
	g.gen++
	g.watched.rulesChanged()
}

// channelChanged is called when a channel's overwrites or type have changed, or it is gone; likewise with a thread.
func (g *Guild) channelChanged(id snowflake.ID) {
	for q := range g.access {
		if q.channel == id {
			delete(g.access, q)
		} else if t := g.threads[q.channel]; t != nil && t.parent == id {
			delete(g.access, q)
		}
	}
	g.gen++
	g.watched.channelChanged(id)
}

// noteTimeOut keeps who of those with seats is timed out: no event says that a time-out is over.
func (g *Guild) noteTimeOut(user snowflake.ID, until, now time.Time) {
	i := slices.Index(g.timedOut, user)
	switch {
	case until.After(now) && i < 0:
		g.timedOut = append(g.timedOut, user)
	case !until.After(now) && i >= 0:
		g.timedOut = slices.Delete(g.timedOut, i, i+1)
	}
	g.timeOutEnds = time.Time{}
	for _, user := range g.timedOut {
		if access, is := g.members.Access(user); is && (g.timeOutEnds.IsZero() || access.TimedOutUntil.Before(g.timeOutEnds)) {
			g.timeOutEnds = access.TimedOutUntil
		}
	}
}

// endTimeOuts answers anew for those whose time-out is over.
func (g *Guild) endTimeOuts() {
	for !g.timeOutEnds.IsZero() && !time.Now().Before(g.timeOutEnds) {
		now := time.Now()
		for _, user := range slices.Clone(g.timedOut) {
			if access, _ := g.members.Access(user); !access.TimedOutUntil.After(now) {
				g.memberChanged(user)
			}
		}
	}
}

// attend makes a seat one that gets the guild's events.
func (g *Guild) attend(s *seat) {
	if g.seats.sparse() {
		g.seats.compact()
		g.forgetSets()
	}
	access, _ := g.members.Access(s.user())
	g.seats.attend(s, access.Roles)
	now := time.Now()
	m, _ := g.member(s.user())
	g.include(&g.attending, s, true)
	g.include(&g.bots, s, s.place.profile.Bot)
	for intents, set := range g.intents {
		g.include(set, s, s.intents()&intents != 0)
	}
	for q, set := range g.access {
		g.include(set, s, g.may(m, q, now))
	}
	if access.TimedOutUntil.After(now) {
		g.noteTimeOut(s.user(), access.TimedOutUntil, now)
	}
}

// dismiss takes a seat out of those that get the guild's events.
func (g *Guild) dismiss(s *seat) {
	g.unwatch(s)
	g.followed.forget(s)
	g.include(&g.attending, s, false)
	g.include(&g.bots, s, false)
	for _, set := range g.intents {
		g.include(set, s, false)
	}
	for _, set := range g.access {
		g.include(set, s, false)
	}
	g.seats.wait(s)
	if len(g.timedOut) > 0 && !g.isAttending(s.user()) {
		g.noteTimeOut(s.user(), time.Time{}, time.Now())
	}
}

func (g *Guild) include(set *set, s *seat, is bool) {
	if set.bits.put(int(s.index), is) {
		g.touch(set)
	}
}

func (g *Guild) isAttending(user snowflake.ID) bool {
	for s := g.seats.byUser[user]; s != nil; s = s.next {
		if s.attached {
			return true
		}
	}
	return false
}

// forgetSets lets go of all sets but the basic ones, which it makes anew: the seats have other indexes.
func (g *Guild) forgetSets() {
	clear(g.access)
	clear(g.intents)
	clear(g.audiences)
	clear(g.interned)
	g.attending.bits, g.bots.bits = nil, nil
	for i, s := range g.seats.table {
		g.attending.bits.set(i)
		g.bots.bits.put(i, s.place.profile.Bot)
	}
	g.touch(&g.attending)
	g.touch(&g.bots)
}

// sweepSets lets go of sets and audiences that nothing has needed for a while.
func (g *Guild) sweepSets() {
	for key, a := range g.audiences {
		if s := g.access[key.question]; s != nil && a.used {
			s.used = true
		}
	}
	for q, s := range g.access {
		if !s.used {
			delete(g.access, q)
		}
		s.used = false
	}
	for key, a := range g.audiences {
		if !a.used {
			delete(g.audiences, key)
		}
		a.used = false
	}
	g.sweepInterned()
}
