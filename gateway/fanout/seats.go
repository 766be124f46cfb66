package fanout

import (
	"slices"
	"time"

	"guildhall.chat/guildhall/gateway/fanout/roster"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// seat is a session in a guild. There is one a session and guild, so it is small.
type seat struct {
	place *Place
	guild *Guild
	next  *seat // of the same user
	since int64 // when it last was attached or began to wait, Unix seconds

	removed  bool
	attached bool // gets the guild's events; else the user is no member here, or not yet
	joined   bool // the user became a member while the session was here
	// Of an attached seat:
	index int32          // in the table
	nth   int32          // in its group
	roles roster.RoleSet // which group
}

func (s *seat) user() snowflake.ID       { return s.place.profile.User }
func (s *seat) intents() discord.Intents { return s.place.profile.Intents }

// seats is who sits in a guild. Each attached seat has an index, by which the sets of seats (access.go, audience.go) know it.
// Indexes rise and are not used again until the table is made anew, so that audiences come nearly in the order of their
// receivers' numbers.
type seats struct {
	n        int
	byUser   map[snowflake.ID]*seat
	table    []*seat // by index; nil: gone
	attached int
	groups   map[roster.RoleSet][]*seat // the attached, by their member's roles
}

func newSeats() seats {
	return seats{byUser: map[snowflake.ID]*seat{}, groups: map[roster.RoleSet][]*seat{}}
}

// add adds a seat that waits.
func (t *seats) add(s *seat) {
	s.next, t.byUser[s.user()] = t.byUser[s.user()], s
	s.since = time.Now().Unix()
	t.n++
}

// remove takes away a seat that is not attached.
func (t *seats) remove(s *seat) {
	user := s.user()
	if first := t.byUser[user]; first == s {
		if t.byUser[user] = s.next; s.next == nil {
			delete(t.byUser, user)
		}
	} else {
		for ; first != nil; first = first.next {
			if first.next == s {
				first.next = s.next
				break
			}
		}
	}
	s.next = nil
	t.n--
}

// join puts an attached seat into the group of its member's roles.
func (t *seats) join(s *seat, roles roster.RoleSet) {
	s.roles, s.nth = roles, int32(len(t.groups[roles]))
	t.groups[roles] = append(t.groups[roles], s)
}

// part takes an attached seat out of its group.
func (t *seats) part(s *seat) {
	group := t.groups[s.roles]
	last := len(group) - 1
	group[s.nth], group[last].nth = group[last], s.nth
	group[last] = nil
	if t.groups[s.roles] = group[:last]; last == 0 {
		delete(t.groups, s.roles)
	}
}

// regroup takes all seats out of their groups.
func (t *seats) regroup() { t.groups = make(map[roster.RoleSet][]*seat, len(t.groups)) }

// attend gives a seat an index.
func (t *seats) attend(s *seat, roles roster.RoleSet) {
	s.attached, s.index, s.since = true, int32(len(t.table)), time.Now().Unix()
	t.table = append(t.table, s)
	t.attached++
	t.join(s, roles)
}

// wait takes the index from a seat, which waits from now on.
func (t *seats) wait(s *seat) {
	t.part(s)
	s.attached, s.since = false, time.Now().Unix()
	t.table[s.index] = nil
	t.attached--
}

// sparse reports whether most of the table is empty.
func (t *seats) sparse() bool { return len(t.table) > 128 && len(t.table) > 2*t.attached }

// compact makes the table anew: every index changes.
func (t *seats) compact() {
	t.table = slices.DeleteFunc(t.table, func(s *seat) bool { return s == nil })
	t.table = slices.Clone(t.table)
	for i, s := range t.table {
		s.index = int32(i)
	}
}
