package redis

// Plan returns the next step to the cluster that is wanted, [Settled] if there is none. What keeps slots served comes first,
// what only makes the cluster nicer last.
func Plan(picture Picture, want Want) Step {
	s := newSurvey(picture, want)
	for _, rule := range []func(*survey) Step{
		(*survey).restartBroken,
		(*survey).form,
		(*survey).meet,
		(*survey).replaceMaster,
		(*survey).forgetLost,
		(*survey).cover,
		(*survey).closeSlots,
		(*survey).resumeMove,
		(*survey).followMasters,
		(*survey).giveReplicas,
		(*survey).settle,
		(*survey).leaveByHandover,
		(*survey).makeMaster,
		(*survey).moveSlots,
		(*survey).letGo,
		(*survey).restartOutdated,
		(*survey).spread,
	} {
		if step := rule(s); step != nil {
			return step
		}
	}
	return Settled{}
}

// settle holds back the rules behind it while anything is under way or missing.
func (s *survey) settle() Step {
	if why := s.unsettled(); why != "" {
		return Wait{why}
	}
	return nil
}
