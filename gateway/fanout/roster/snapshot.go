package roster

import (
	"bytes"
	"iter"
	"slices"
	"sort"
	"strings"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Snapshot is a roster at one moment. It is immutable and safe for concurrent use.
type Snapshot struct {
	blocks []*block
	sets   []*roleSet
	n      int
}

// Snapshot returns the roster as it is.
func (r *Roster) Snapshot() Snapshot {
	for _, b := range r.blocks {
		b.shared = true
	}
	return Snapshot{slices.Clone(r.blocks), slices.Clone(r.sets.all), r.n}
}

// Member is a member of a snapshot.
type Member struct {
	User   snowflake.ID
	record []byte
	set    *roleSet
}

// Len returns the number of members.
func (s Snapshot) Len() int { return s.n }

// All returns the members, ascending.
func (s Snapshot) All() iter.Seq[Member] {
	return func(yield func(Member) bool) {
		for _, b := range s.blocks {
			for i, id := range b.ids {
				if !yield(Member{id, b.bytes(b.records[i]), s.sets[b.records[i].roles]}) {
					return
				}
			}
		}
	}
}

// Find returns a member; false if there is no such.
func (s Snapshot) Find(user snowflake.ID) (Member, bool) {
	at := sort.Search(len(s.blocks), func(i int) bool { return s.blocks[i].ids[0] > user }) - 1
	if at < 0 {
		return Member{}, false
	}
	b := s.blocks[at]
	i, found := slices.BinarySearch(b.ids, user)
	if !found {
		return Member{}, false
	}
	return Member{user, b.bytes(b.records[i]), s.sets[b.records[i].roles]}, true
}

// AppendJSON appends the member object.
func (m Member) AppendJSON(dst []byte) []byte {
	f := decode(m.record)
	return f.appendJSON(dst, m.User, m.set.json)
}

// AppendUser appends the user object.
func (m Member) AppendUser(dst []byte) []byte {
	f := decode(m.record)
	return f.appendUser(dst, m.User)
}

// Listed is Roster.Listed.
func (m Member) Listed() bool { return listed(m.record, m.set.roles) }

// Roles returns the member's roles, ascending. They must not be changed.
func (m Member) Roles() []snowflake.ID { return m.set.roles }

// Names returns the user's name, the global name and the nick; what there is none of is empty.
func (m Member) Names() (name, global, nick string) {
	f := decode(m.record)
	return string(f.name), string(f.globalName), string(f.nick)
}

// HasPrefix reports whether the user's name or the nick begins with prefix, in any case of the letters. The prefix must be
// in lower case.
func (m Member) HasPrefix(prefix string) bool {
	name, nick := names(m.record)
	return hasPrefix(name, prefix) || len(nick) > 0 && hasPrefix(nick, prefix)
}

func hasPrefix(text []byte, prefix string) bool {
	for i := range len(prefix) {
		if i >= len(text) {
			return false
		}
		a, b := text[i], prefix[i]
		if a >= 0x80 || b >= 0x80 {
			// Beyond ASCII, a letter may have another length in lower case.
			return strings.HasPrefix(string(bytes.ToLower(text[i:])), prefix[i:])
		}
		if 'A' <= a && a <= 'Z' {
			a += 'a' - 'A'
		}
		if a != b {
			return false
		}
	}
	return true
}
