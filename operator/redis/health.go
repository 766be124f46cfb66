package redis

// Health is how well the cluster serves.
type Health struct {
	Ready     int   // nodes that take requests, or have all of their master's data
	Masters   int   // masters that answer and have slots
	Formed    bool  // slots have been assigned, whoever has them
	Uncovered Slots // that nobody serves
}

// Health returns how well the cluster that the picture shows serves.
func (p Picture) Health(want Want) Health {
	s := newSurvey(p, want)
	health := Health{Formed: len(s.owned) > 0, Uncovered: s.uncovered()}
	for _, member := range s.members {
		if s.owned[member.id()] > 0 {
			health.Masters++
		}
		if s.wanted(member) && member.View.StateOK && (!member.View.Self.Replica || member.View.LinkUp) {
			health.Ready++
		}
	}
	return health
}
