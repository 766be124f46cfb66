package redis

import (
	"cmp"
	"slices"
)

// targets are the ids of the nodes that are to be masters with slots: who has slots now and stays, then nodes without any,
// then who has slots in a pod that is to go. Those with the most slots come first, so that the choice stays while slots move.
func (s *survey) targets() []string {
	var leaving, targets []string
	for _, id := range s.owners() {
		if member := s.byID[id]; member != nil && !s.wanted(member) {
			leaving = append(leaving, id)
		} else {
			targets = append(targets, id)
		}
	}
	targets = targets[:min(len(targets), s.want.Masters)]
	for len(targets) < s.want.Masters {
		next := s.nextMaster(targets)
		if next == nil {
			break
		}
		targets = append(targets, next.id())
	}
	missing := min(s.want.Masters-len(targets), len(leaving))
	return append(targets, leaving[:missing]...)
}

// nextMaster chooses among the empty masters one on the host with the fewest of the chosen.
func (s *survey) nextMaster(chosen []string) *Member {
	onHost := map[string]int{}
	for _, id := range chosen {
		if member := s.byID[id]; member != nil {
			onHost[member.Host]++
		}
	}
	var next *Member
	for _, member := range s.members {
		if !s.vacant(member) || slices.Contains(chosen, member.id()) {
			continue
		}
		if next == nil || onHost[member.Host] < onHost[next.Host] {
			next = member
		}
	}
	return next
}

// vacant reports whether the member is a master without slots and keys in a pod that stays.
func (s *survey) vacant(member *Member) bool {
	return s.wanted(member) && !member.Leaving && !member.View.Self.Replica && s.owned[member.id()] == 0 && member.View.Keys == 0
}

// giveReplicas gives each master that has too few a replica: nodes without a role first, then, once all pods are there,
// replicas that another master can spare.
func (s *survey) giveReplicas() Step {
	targets := s.targets()
	count := s.countReplicas()
	free := s.withoutRole(targets)
	var step Replicate
	for len(free) > 0 {
		master := s.neediest(targets, count)
		if master == nil {
			break
		}
		replica := bestFor(master, free)
		if replica == nil {
			count[master.id()] = s.want.Replicas // nobody knows it yet
			continue
		}
		free = slices.DeleteFunc(free, func(member *Member) bool { return member == replica })
		count[master.id()]++
		step.Pairs = append(step.Pairs, Pair{replica, master})
	}
	if len(step.Pairs) > 0 {
		return step
	}
	return s.shareReplicas(targets, count)
}

// followMasters tells replicas once more whose they are, that look for their master where it was. A node that is told by others
// where its master has gone, and not by the master itself, knows the address, but goes on replicating from the old one.
func (s *survey) followMasters() Step {
	var step Replicate
	for _, member := range s.members {
		master := s.byID[member.masterOf()]
		if master == nil || member.View.LinkUp || member.Leaving || !member.finds(master) ||
			!member.View.MasterIP.IsValid() || sameAddr(member.View.MasterIP, master.IP) {
			continue
		}
		step.Pairs = append(step.Pairs, Pair{member, master})
	}
	if len(step.Pairs) == 0 {
		return nil
	}
	return step
}

// countReplicas counts, by the id of their master, the replicas in pods that stay or that may come back.
func (s *survey) countReplicas() map[string]int {
	count := map[string]int{}
	for _, member := range s.members {
		if s.wanted(member) {
			count[member.masterOf()]++
		}
	}
	for _, node := range s.known {
		count[node.Master]++
	}
	return count
}

// withoutRole are the nodes that serve nobody: vacant ones that are not to be masters, and replicas of a master that has lost
// its slots.
func (s *survey) withoutRole(targets []string) []*Member {
	var free []*Member
	for _, member := range s.members {
		if !s.wanted(member) || member.Leaving || slices.Contains(targets, member.id()) {
			continue
		}
		master := member.masterOf()
		if s.vacant(member) || master != "" && s.owned[master] == 0 && !slices.Contains(targets, master) {
			free = append(free, member)
		}
	}
	return free
}

// neediest is the master with the fewest replicas, of those that answer and have too few.
func (s *survey) neediest(targets []string, count map[string]int) *Member {
	var neediest *Member
	for _, id := range targets {
		member := s.byID[id]
		if member == nil || count[id] >= s.want.Replicas {
			continue
		}
		if neediest == nil || count[id] < count[neediest.id()] {
			neediest = member
		}
	}
	return neediest
}

// bestFor chooses a replica for the master: on another host if there is one. It must know the master.
func bestFor(master *Member, free []*Member) *Member {
	var best *Member
	for _, member := range free {
		if !member.speaksOf(master.id()) {
			continue
		}
		if best == nil || best.sharesHost(master) && !member.sharesHost(master) {
			best = member
		}
	}
	return best
}

func (m *Member) sharesHost(other *Member) bool { return m.Host != "" && m.Host == other.Host }

// shareReplicas takes a replica from a master that has too many for one that has too few.
func (s *survey) shareReplicas(targets []string, count map[string]int) Step {
	if s.unsettled() != "" {
		return nil
	}
	needy := s.neediest(targets, count)
	if needy == nil {
		return nil
	}
	spare := bestFor(needy, s.spare(count))
	if spare == nil {
		return nil
	}
	return Replicate{[]Pair{{spare, needy}}}
}

// spare are the replicas, in pods that stay, of masters that have more than they are to have.
func (s *survey) spare(count map[string]int) []*Member {
	var spare []*Member
	for _, member := range s.members {
		if master := member.masterOf(); master != "" && s.wanted(member) && count[master] > s.want.Replicas {
			spare = append(spare, member)
		}
	}
	return spare
}

// makeMaster empties a replica that is one too many, when there are too few masters and no vacant nodes: replicas were traded
// for masters.
func (s *survey) makeMaster() Step {
	staying := 0
	for _, id := range s.targets() {
		if s.wanted(s.byID[id]) {
			staying++
		}
	}
	if staying >= s.want.Masters {
		return nil
	}
	for _, replica := range s.spare(s.countReplicas()) {
		if inSync(replica) {
			return Reset{replica}
		}
	}
	return nil
}

// leaveByHandover lets a master that is to stay one, but whose pod is to go, hand over to a replica in a pod that stays.
func (s *survey) leaveByHandover() Step {
	for _, id := range s.targets() {
		master := s.byID[id]
		if s.wanted(master) {
			continue
		}
		if replica := s.heir(id, func(member *Member) bool { return s.wanted(member) }); replica != nil {
			return TakeOver{Replica: replica, How: HandedOver}
		}
	}
	return nil
}

// heir is the best replica to take over from a master, of those that suit.
func (s *survey) heir(id string, suits func(*Member) bool) *Member {
	candidates := slices.DeleteFunc(s.replicas(id), func(member *Member) bool { return !inSync(member) || !suits(member) })
	if len(candidates) == 0 {
		return nil
	}
	return slices.MaxFunc(candidates, func(a, b *Member) int {
		return cmp.Or(cmp.Compare(a.View.Offset, b.View.Offset), -cmp.Compare(a.Ordinal, b.Ordinal))
	})
}
