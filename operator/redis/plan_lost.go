package redis

import (
	"cmp"
	"slices"
)

// replaceMaster makes a replica take over from a master that is lost for good. One that may come back is left to the
// nodes' own failover.
func (s *survey) replaceMaster() Step {
	for _, id := range s.lost() {
		if s.owned[id] == 0 {
			continue
		}
		candidates := s.replicas(id)
		if len(candidates) == 0 {
			continue
		}
		best := slices.MaxFunc(candidates, func(a, b *Member) int {
			return cmp.Or(cmp.Compare(a.View.Offset, b.View.Offset), -cmp.Compare(a.Ordinal, b.Ordinal))
		})
		if s.majority() {
			return TakeOver{Replica: best, How: Voted}
		}
		return TakeOver{Replica: best, How: Alone}
	}
	return nil
}

// majority reports whether most masters with slots answer.
func (s *survey) majority() bool {
	answer := 0
	for id := range s.owned {
		if s.byID[id] != nil {
			answer++
		}
	}
	return answer > len(s.owned)/2
}

// forgetLost makes all nodes forget those that are in no pod. The slots of one that leaves no replica become nobody's.
func (s *survey) forgetLost() Step {
	var step Forget
	for _, id := range s.lost() {
		// A replica can't forget its master: it first gets another.
		if len(s.replicas(id)) == 0 {
			step.IDs = append(step.IDs, id)
		}
	}
	if len(step.IDs) == 0 {
		return nil
	}
	step.At = s.members
	return step
}
