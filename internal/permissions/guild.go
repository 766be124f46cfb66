package permissions

import (
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Guild is what permissions need to know of a guild.
type Guild struct {
	ID    snowflake.ID // also the id of @everyone, the role all members have
	Owner snowflake.ID
	Roles map[snowflake.ID]Role
}

// Role is what permissions need to know of a role.
type Role struct {
	ID          snowflake.ID
	Position    int
	Permissions Set
}

// Member is what permissions need to know of a member.
type Member struct {
	User          snowflake.ID
	Roles         []snowflake.ID // without @everyone; ids that the guild doesn't have are ignored
	TimedOutUntil time.Time      // communication_disabled_until; zero or past: not timed out
	Pending       bool           // has yet to pass the guild's screening
	Quarantined   bool           // by auto-moderation, for what the member is called
	NeedsMFA      bool           // the guild asks moderators for a second factor, and this one, or the bot's owner, has none
}

// whileTimedOut is what a time-out, or the wait for the screening, leaves to a member; whileQuarantined what a quarantine
// does.
const (
	whileTimedOut    = ViewChannel | ReadMessageHistory
	whileQuarantined = whileTimedOut | ChangeNickname
)

// Base returns what the member may do in the guild, apart from channels.
func (g *Guild) Base(m Member, now time.Time) Set {
	return limit(g.base(m), m, now)
}

// base is Base without time-out and screening. Owner and administrators have All.
func (g *Guild) base(m Member) Set {
	if m.User == g.Owner {
		return All
	}
	set := g.Roles[g.ID].Permissions
	for _, id := range m.Roles {
		set |= g.Roles[id].Permissions
	}
	if set.Has(Administrator) {
		return All
	}
	return set
}

// limit applies the member's time-out, screening and quarantine, which don't touch owner and administrators, and what a second
// factor is needed for.
func limit(set Set, m Member, now time.Time) Set {
	if m.NeedsMFA {
		m.NeedsMFA = false
		return limit(set, m, now) &^ NeedMFA
	}
	switch {
	case set.Has(Administrator):
		return set
	case m.Pending, m.TimedOutUntil.After(now):
		return set & whileTimedOut
	case m.Quarantined:
		return set & whileQuarantined
	}
	return set
}

// MayTimeOut reports whether a time-out can be put on the member at all: not on the owner, not on administrators.
func (g *Guild) MayTimeOut(m Member) bool { return !g.base(m).Has(Administrator) }
