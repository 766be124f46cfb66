package fanout

import (
	"slices"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// changesKept is how long a view remembers whose membership has changed: longer than a session can be resumed.
	changesKept = 15 * time.Minute
	// maxChanges bounds how many it remembers.
	maxChanges = 4096
)

// changes is what a view remembers of how access has changed, for sessions that move here and are judged by its state.
type changes struct {
	begin  int64 // what changed up to here is not remembered
	access int64 // seq of the last change for everybody; 0: none
	recent []change
}

// change is one of the membership of a user.
type change struct {
	user snowflake.ID
	seq  int64
	at   time.Time
}

// remember notes how an event that was applied changes access. The lock is held.
func (g *Guild) remember(e *events.Event) {
	if e.Seq == 0 {
		return
	}
	if changesAccess(e) {
		g.past.access = e.Seq
	}
	if about := membershipOf(e); len(about) > 0 {
		g.past.add(about, e.Seq, time.Now())
	}
	g.seq.advance(e.Seq)
}

func (c *changes) add(users []snowflake.ID, seq int64, now time.Time) {
	drop := max(0, len(c.recent)+len(users)-maxChanges)
	for drop < len(c.recent) && now.Sub(c.recent[drop].at) > changesKept {
		drop++
	}
	if drop > 0 {
		drop = min(drop, len(c.recent))
		if drop > 0 {
			c.begin = max(c.begin, c.recent[drop-1].seq)
			c.recent = slices.Delete(c.recent, 0, drop)
		}
	}
	for _, user := range users {
		c.recent = append(c.recent, change{user, seq, now})
	}
}

// since reports whether the user's access may have changed after seq.
func (c *changes) since(seq int64, user snowflake.ID) bool {
	if seq < c.begin || c.access > seq {
		return true
	}
	return slices.ContainsFunc(c.recent, func(one change) bool { return one.user == user && one.seq > seq })
}

// changesAccess reports whether an event changes what many may see, or takes away what past events are judged by.
func changesAccess(e *events.Event) bool {
	switch e.Head.Type {
	case discord.EventChannelDelete, discord.EventThreadDelete, discord.EventGuildDelete:
		return true
	}
	return e.Head.Access || e.Head.Membership && e.Head.User == nobody
}

// membershipOf returns the users whose own roles, time-out or membership, of the guild or of a thread, an event changes.
func membershipOf(e *events.Event) []snowflake.ID {
	switch {
	case e.Head.Type == discord.EventThreadMembersUpdate:
		change, err := threadMembersOf(*e)
		if err != nil {
			return nil
		}
		return change.about()
	case e.Head.Membership && e.Head.User != nobody:
		return []snowflake.ID{e.Head.User}
	}
	return nil
}
