package redis

import (
	"cmp"
	"maps"
	"slices"
)

// closeSlots ends what is open without need: the slot has arrived, has gone, or was to go to a node that is lost.
func (s *survey) closeSlots() Step {
	for _, member := range s.members {
		if member.View.Self.Replica || len(member.View.Self.Importing)+len(member.View.Self.Migrating) == 0 {
			continue
		}
		id := member.id()
		slots := slotsWhere(func(slot int) bool {
			if _, importing := member.View.Self.Importing[slot]; importing && s.owner[slot] == id {
				return true
			}
			to, migrating := member.View.Self.Migrating[slot]
			_, known := s.known[to]
			return migrating && (s.owner[slot] != id || s.byID[to] == nil && !known || s.head(to) == member)
		})
		if len(slots) > 0 {
			return Close{At: member, Slots: slots}
		}
	}
	return nil
}

// head is the node, or the master of it if it has become a replica; nil if that doesn't answer.
func (s *survey) head(id string) *Member {
	member := s.byID[id]
	if member != nil && member.View.Self.Replica {
		return s.byID[member.View.Self.Master]
	}
	return member
}

// resumeMove goes on with moves that whoever began them did not finish. Either end may have failed over since.
func (s *survey) resumeMove() Step {
	for _, member := range s.members {
		if member.View.Self.Replica {
			continue
		}
		id := member.id()
		for _, slot := range slices.Sorted(maps.Keys(member.View.Self.Migrating)) {
			if to := s.head(member.View.Self.Migrating[slot]); to != nil && s.owner[slot] == id {
				return Move{From: member, To: to, Slots: Slots{{slot, slot}}}
			}
		}
		for _, slot := range slices.Sorted(maps.Keys(member.View.Self.Importing)) {
			if from := s.byID[s.owner[slot]]; from != nil {
				return Move{From: from, To: member, Slots: Slots{{slot, slot}}}
			}
		}
	}
	return nil
}

// moveSlots evens the masters out, and empties those that are to have no slots.
func (s *survey) moveSlots() Step {
	targets := s.targets()
	if len(targets) < s.want.Masters {
		return nil
	}
	excess := map[string]int{}
	for id, slots := range s.owned {
		excess[id] = slots
	}
	for rank, id := range targets {
		excess[id] -= quota(rank, len(targets))
	}
	ids := slices.SortedFunc(maps.Keys(excess), func(a, b string) int {
		return cmp.Or(cmp.Compare(excess[a], excess[b]), cmp.Compare(s.ordinal(a), s.ordinal(b)))
	})
	to, from := ids[0], ids[len(ids)-1]
	n := min(excess[from], -excess[to])
	if n <= 0 {
		return nil
	}
	slots := s.slotsOf(from)
	_, last := slots.cut(slots.Len() - n)
	return Move{From: s.byID[from], To: s.byID[to], Slots: last}
}
