package redis

import (
	"cmp"
	"net/netip"
	"slices"
)

// form gives the slots to the masters of a cluster that has never been one. All pods must be there: a missing one could have
// the data of a cluster that was.
func (s *survey) form() Step {
	if len(s.owned) > 0 {
		return nil
	}
	if !s.whole {
		name, why := s.missing()
		return Wait{name + " to start: " + why}
	}
	return s.assign(slotsWhere(func(int) bool { return true }))
}

// cover gives away slots that nobody has: what they held is lost with all its copies, or there was nothing yet.
func (s *survey) cover() Step {
	if !s.whole {
		return nil
	}
	free := slotsWhere(func(slot int) bool { return s.owner[slot] == "" })
	if len(free) == 0 {
		return nil
	}
	return s.assign(free)
}

func (s *survey) assign(free Slots) Step {
	targets := s.targets()
	if len(targets) < s.want.Masters {
		return nil // makeMaster finds more
	}
	var step Assign
	epoch := int64(0)
	for _, member := range s.members {
		epoch = max(epoch, member.View.MaxEpoch)
	}
	for i, id := range targets {
		n := quota(i, len(targets)) - s.owned[id]
		if i == len(targets)-1 {
			n = free.Len()
		}
		var slots Slots
		if slots, free = free.cut(n); len(slots) > 0 {
			epoch++
			step.Shares = append(step.Shares, Share{To: s.byID[id], Slots: slots, Epoch: epoch})
		}
	}
	return step
}

// quota is how many slots the master of that rank is to have.
func quota(rank, masters int) int {
	if rank < SlotCount%masters {
		return SlotCount/masters + 1
	}
	return SlotCount / masters
}

// maxMeets bounds the introductions of one step; each costs both nodes a connection.
const maxMeets = 64

// meet introduces nodes that don't know each other at their present addresses: new ones, and old ones in new pods. One node
// is introduced to all; who then still hasn't heard of another is introduced to it directly.
func (s *survey) meet() Step {
	if len(s.members) == 0 {
		return nil
	}
	hub := slices.MinFunc(s.members, func(a, b *Member) int {
		return cmp.Or(-cmp.Compare(s.owned[a.id()], s.owned[b.id()]), cmp.Compare(a.Ordinal, b.Ordinal))
	})
	var step Meet
	for _, member := range s.members {
		if member != hub && strangers(hub, member) {
			step.Pairs = append(step.Pairs, [2]*Member{hub, member})
		}
	}
	if len(step.Pairs) == 0 {
		for i, member := range s.members {
			for _, other := range s.members[i+1:] {
				if strangers(member, other) {
					step.Pairs = append(step.Pairs, [2]*Member{member, other})
				}
			}
		}
	}
	if len(step.Pairs) == 0 {
		return nil
	}
	step.Pairs = step.Pairs[:min(len(step.Pairs), maxMeets)]
	return step
}

// strangers reports whether one of the two doesn't know where the other is.
func strangers(a, b *Member) bool {
	return !a.finds(b) || !b.finds(a)
}

func (m *Member) finds(other *Member) bool {
	node, known := m.View.knows(other.id())
	return known && sameAddr(node.IP, other.IP)
}

func sameAddr(a, b netip.Addr) bool { return a.IsValid() && a == b.Unmap() }
