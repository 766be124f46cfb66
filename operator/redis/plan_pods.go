package redis

import "slices"

// letGo takes the nodes in pods that are to go out of the cluster, when they have no slots left, and then lets the pods go.
func (s *survey) letGo() Step {
	step := Forget{}
	for _, member := range s.members {
		if s.wanted(member) {
			step.At = append(step.At, member)
		} else {
			step.IDs = append(step.IDs, member.id())
		}
	}
	for _, member := range step.At {
		if slices.Contains(step.IDs, member.masterOf()) {
			return Wait{member.Name + " replicates a master that is to go, and none that stays needs it"}
		}
	}
	switch {
	case len(step.IDs) > 0:
		return step
	case slices.ContainsFunc(s.picture, func(member Member) bool { return !s.wanted(&member) && !member.Leaving }):
		return Release{s.want.Pods()}
	}
	return nil
}

// restartBroken makes a pod anew that can't run as it is: the template has changed since, perhaps to mend that. Kubernetes
// leaves it.
func (s *survey) restartBroken() Step {
	for _, member := range s.picture {
		if member.Outdated && !member.Ready && !member.Leaving && member.View == nil {
			return Restart{Pod: member.Pod, Why: "it doesn't run, and its template has changed"}
		}
	}
	return nil
}

// restartOutdated makes pods of an older template anew, one at a time: replicas first, masters after they have handed over.
func (s *survey) restartOutdated() Step {
	for _, member := range s.members {
		if !member.Ready {
			return Wait{member.Name + " to be ready"}
		}
	}
	for _, master := range []bool{false, true} {
		for _, member := range slices.Backward(s.members) {
			if !member.Outdated || master != (s.owned[member.id()] > 0) {
				continue
			}
			if !master || s.want.Replicas == 0 {
				return Restart{Pod: member.Pod, Why: "its template has changed"}
			}
			if heir := s.heir(member.id(), func(heir *Member) bool { return !heir.Outdated }); heir != nil {
				return TakeOver{Replica: heir, How: HandedOver}
			}
			return Wait{member.Name + " has no replica to hand over to"}
		}
	}
	return nil
}

// spread parts a master and a replica that run on one host: the replica changes places with one of another master, if then
// all four are apart.
func (s *survey) spread() Step {
	for _, replica := range s.members {
		master := s.byID[replica.masterOf()]
		if master == nil || !replica.sharesHost(master) {
			continue
		}
		for _, other := range s.members {
			otherMaster := s.byID[other.masterOf()]
			if otherMaster == nil || otherMaster == master || other.sharesHost(master) || replica.sharesHost(otherMaster) {
				continue
			}
			return Replicate{[]Pair{{replica, otherMaster}, {other, master}}}
		}
	}
	return nil
}
