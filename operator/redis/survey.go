package redis

import (
	"cmp"
	"fmt"
	"slices"
)

// survey is a picture made sense of: who is who, and whose each slot is.
type survey struct {
	want    Want
	picture Picture
	members []*Member          // answer, and are a part of the cluster or are to be; by ordinal
	byID    map[string]*Member // of members
	known   map[string]Node    // that the members speak of and that are none of them, by id
	owner   [SlotCount]string  // id, "": nobody's
	owned   map[string]int     // number of slots, by id
	// whole says that every wanted pod answers. Then who is known and not a member is in no pod, and never comes back.
	whole bool
}

func newSurvey(picture Picture, want Want) *survey {
	s := &survey{want: want, picture: picture, byID: map[string]*Member{}, known: map[string]Node{}, owned: map[string]int{}}
	there := 0
	for i := range picture {
		member := &picture[i]
		if s.wanted(member) && member.View != nil {
			there++
			s.add(member)
		}
	}
	s.whole = there == want.Pods()
	// A pod that is to go counts for as long as one that stays knows it.
	staying := slices.Clone(s.members)
	for i := range picture {
		member := &picture[i]
		if s.wanted(member) || member.View == nil {
			continue
		}
		if slices.ContainsFunc(staying, func(other *Member) bool { return other.speaksOf(member.View.Self.ID) }) {
			s.add(member)
		}
	}
	s.findKnown()
	s.findOwners()
	return s
}

func (s *survey) add(member *Member) {
	s.members = append(s.members, member)
	s.byID[member.View.Self.ID] = member
}

// wanted reports whether the pod is one of those that there are to be.
func (s *survey) wanted(member *Member) bool { return member.Ordinal < s.want.Pods() }

func (m *Member) id() string { return m.View.Self.ID }

func (m *Member) speaksOf(id string) bool {
	_, known := m.View.knows(id)
	return known
}

// masterOf is the id of a replica's master, "" for a master.
func (m *Member) masterOf() string {
	if m.View.Self.Replica {
		return m.View.Self.Master
	}
	return ""
}

func (s *survey) findKnown() {
	for _, member := range s.members {
		for _, node := range member.View.Others {
			if node.Handshake || s.byID[node.ID] != nil {
				continue
			}
			if other, seen := s.known[node.ID]; !seen || other.Epoch < node.Epoch {
				s.known[node.ID] = node
			}
		}
	}
}

// findOwners gives each slot to whoever claims it with the highest epoch, as the nodes will agree: of who answers, its own
// word counts; of the others, what is said of them.
func (s *survey) findOwners() {
	var epoch [SlotCount]int64
	claim := func(node Node) {
		for _, r := range node.Slots {
			for slot := r.First; slot <= r.Last; slot++ {
				if s.owner[slot] == "" || node.Epoch > epoch[slot] {
					s.owner[slot], epoch[slot] = node.ID, node.Epoch
				}
			}
		}
	}
	for _, member := range s.members {
		if !member.View.Self.Replica {
			claim(member.View.Self)
		}
	}
	for _, node := range s.known {
		claim(node)
	}
	for _, id := range s.owner {
		if id != "" {
			s.owned[id]++
		}
	}
}

// uncovered are the slots that nobody who answers serves.
func (s *survey) uncovered() Slots {
	return slotsWhere(func(slot int) bool { return s.byID[s.owner[slot]] == nil })
}

// slotsOf are the slots of a node.
func (s *survey) slotsOf(id string) Slots {
	return slotsWhere(func(slot int) bool { return s.owner[slot] == id })
}

// replicas are the members that replicate a node, by ordinal.
func (s *survey) replicas(id string) []*Member {
	var replicas []*Member
	for _, member := range s.members {
		if member.masterOf() == id {
			replicas = append(replicas, member)
		}
	}
	return replicas
}

// inSync reports whether the member is a replica that could take over now.
func inSync(member *Member) bool {
	return member.View.Self.Replica && member.View.LinkUp && !member.Leaving
}

// owners are the ids of all that have slots, members or not, those with the most slots first, then by ordinal.
func (s *survey) owners() []string {
	var ids []string
	for id := range s.owned {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(cmp.Compare(s.owned[b], s.owned[a]), cmp.Compare(s.ordinal(a), s.ordinal(b)), cmp.Compare(a, b))
	})
	return ids
}

// ordinal is that of a node's pod; nodes without come last.
func (s *survey) ordinal(id string) int {
	if member := s.byID[id]; member != nil {
		return member.Ordinal
	}
	return len(s.picture)
}

// lost are the known nodes that are in no pod, by id.
func (s *survey) lost() []string {
	if !s.whole {
		return nil
	}
	unseen := slices.ContainsFunc(s.picture, func(member Member) bool { return member.View == nil })
	var ids []string
	for id := range s.known {
		if unseen && s.owned[id] > 0 {
			continue // it may be in a pod that is to go and doesn't answer
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// unsettled says what is not as it has to be before anything is changed that could wait, "" if all is.
func (s *survey) unsettled() string {
	if name, err := s.missing(); name != "" {
		return fmt.Sprintf("%s doesn't answer: %s", name, err)
	}
	for _, member := range s.members {
		switch {
		case member.Leaving:
			return member.Name + " is being deleted"
		case !member.View.StateOK:
			return member.Name + " does not reach a majority of the masters"
		case member.View.Self.Replica && !member.View.LinkUp:
			return member.Name + " is taking over its master's data"
		}
		for _, other := range s.members {
			if other == member {
				continue
			}
			if node, known := member.View.knows(other.id()); !known {
				return member.Name + " has not heard of " + other.Name
			} else if node.Failing || !node.Connected {
				return member.Name + " does not reach " + other.Name
			} else if node.Replica != other.View.Self.Replica || node.Master != other.View.Self.Master {
				return member.Name + " has not heard what " + other.Name + " has become"
			}
		}
	}
	if uncovered := s.uncovered(); len(uncovered) > 0 {
		return "slots without a master: " + uncovered.String()
	}
	return ""
}

// missing names the first wanted pod that does not answer, and why.
func (s *survey) missing() (name, why string) {
	there := map[int]bool{}
	for i := range s.picture {
		member := &s.picture[i]
		there[member.Ordinal] = true
		if s.wanted(member) && member.View == nil {
			return member.Name, member.Err.Error()
		}
	}
	for ordinal := range s.want.Pods() {
		if !there[ordinal] {
			return fmt.Sprintf("pod %d", ordinal), "it does not exist"
		}
	}
	return "", ""
}
