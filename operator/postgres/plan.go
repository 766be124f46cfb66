package postgres

import (
	"fmt"
	"slices"
	"strings"
)

// Wanted is what the picture is compared with.
type Wanted struct {
	Instances int
	Config    map[string]any // Settings.Dynamic
}

// Action is what a step does.
type Action int

// Actions of a step.
const (
	Done       Action = iota // everything is as wanted
	Wait                     // for what Patroni or Kubernetes is doing
	Stuck                    // nothing happens by itself: somebody has to act
	Configure                // patch the shared configuration
	Restart                  // PostgreSQL of the instance, for changed parameters
	Replace                  // delete the instance's pod: it comes back as the StatefulSet now says
	Switchover               // from the primary to the instance
	Shrink                   // to Instances: the last one goes
)

// Step is the next thing to do.
type Step struct {
	Action    Action
	Instance  string         // of Restart, Replace, Switchover
	Patch     map[string]any // of Configure
	Instances int            // of Shrink
	Why       string         // for people; of Wait and Stuck, what is missing
}

// Plan returns the next step. Standbys come before the primary, one at a time, and only while all others serve, so that
// there is always one to take over.
func Plan(p Picture, want Wanted) (Step, error) {
	for _, i := range p.Instances {
		if i.Terminating {
			return Step{Action: Wait, Why: i.Name + " to end"}, nil
		}
	}
	// What serves nobody can be replaced at once: that is how a bad image or a bad value is got rid of.
	for _, i := range p.Instances {
		if i.Outdated && !i.Ready && i.Name != p.Primary {
			return Step{Action: Replace, Instance: i.Name, Why: "it does not serve, and is not as the spec says"}, nil
		}
	}
	if p.Paused {
		return Step{Action: Stuck, Why: "Patroni is paused: end that with patronictl resume"}, nil
	}
	if p.Primary == "" {
		return Step{Action: Wait, Why: "a primary: " + states(p)}, nil
	}
	if p.Config != nil {
		patch, err := Patch(p.Config, want.Config)
		if err != nil {
			return Step{}, err
		}
		if patch != nil {
			return Step{Action: Configure, Patch: patch, Why: "other parameters are wanted"}, nil
		}
	}
	if len(p.Instances) > want.Instances {
		return shrink(p), nil
	}
	if why := missing(p, want.Instances); why != "" {
		return Step{Action: Wait, Why: why}, nil
	}
	if synchronous(p) && len(p.Instances) > 1 && !slices.ContainsFunc(p.Instances, func(i Instance) bool { return i.Synchronous }) {
		return Step{Action: Wait, Why: "a standby that commits wait for"}, nil
	}
	if step, due := restart(p); due {
		return step, nil
	}
	if step, due := replace(p); due {
		return step, nil
	}
	return Step{Action: Done}, nil
}

// shrink takes the last instance away, once it is not the primary and the others do without it.
func shrink(p Picture) Step {
	last := len(p.Instances) - 1
	rest := p
	rest.Instances = p.Instances[:last]
	if why := missing(rest, last); why != "" {
		return Step{Action: Wait, Why: why}
	}
	if p.Instances[last].Name == p.Primary {
		return switchover(rest, "the last instance goes")
	}
	return Step{Action: Shrink, Instances: last, Why: "fewer instances are wanted"}
}

// restart has parameters taken over that need one. It takes a primary 2 or 3 seconds, less than a switchover would.
func restart(p Picture) (Step, bool) {
	const why = "a parameter has changed that needs a restart"
	primary := p.Of(p.Primary)
	if primary.PendingRestart && p.LowersLimit {
		return Step{Action: Restart, Instance: p.Primary, Why: why}, true
	}
	for _, i := range p.Instances {
		if i.PendingRestart && i.Name != p.Primary {
			return Step{Action: Restart, Instance: i.Name, Why: why}, true
		}
	}
	return Step{Action: Restart, Instance: p.Primary, Why: why}, primary.PendingRestart
}

// replace has pods come back as the spec now says.
func replace(p Picture) (Step, bool) {
	const why = "it is not as the spec says"
	for _, i := range p.Instances {
		if i.Outdated && i.Name != p.Primary {
			return Step{Action: Replace, Instance: i.Name, Why: why}, true
		}
	}
	if !p.Of(p.Primary).Outdated {
		return Step{}, false
	}
	if len(p.Instances) == 1 {
		return Step{Action: Replace, Instance: p.Primary, Why: why + ", and there is no standby"}, true
	}
	return switchover(p, "the primary is not as the spec says"), true
}

// switchover hands over to a standby, one that commits wait for if there are such.
func switchover(p Picture, why string) Step {
	candidate := ""
	for _, i := range p.Instances {
		switch {
		case i.Name == p.Primary || !p.Serves(i):
		case i.Synchronous:
			return Step{Action: Switchover, Instance: i.Name, Why: why}
		case candidate == "" && !synchronous(p):
			candidate = i.Name
		}
	}
	if candidate == "" {
		return Step{Action: Wait, Why: "a standby that can take over"}
	}
	return Step{Action: Switchover, Instance: candidate, Why: why}
}

// synchronous reports whether Patroni hands over only to standbys that commits wait for.
func synchronous(p Picture) bool {
	on, _ := p.Config["synchronous_mode"].(bool)
	return on
}

// missing says which of the wanted instances don't serve, "" if all do.
func missing(p Picture, wanted int) string {
	var all []string
	for _, i := range p.Instances {
		if !p.Serves(i) {
			all = append(all, i.describe())
		}
	}
	if n := wanted - len(p.Instances); n > 0 {
		all = append(all, fmt.Sprintf("%d more", n))
	}
	return strings.Join(all, ", ")
}

func states(p Picture) string {
	var all []string
	for _, i := range p.Instances {
		all = append(all, i.describe())
	}
	if len(all) == 0 {
		return "there are no pods"
	}
	return strings.Join(all, ", ")
}

// describe says in what way an instance does not serve.
func (i Instance) describe() string {
	switch {
	case i.Addr == "":
		return i.Name + " (not started)"
	case !i.Answers:
		return i.Name + " (Patroni does not answer)"
	case !runs(i.State):
		return i.Name + " (" + i.State + ")"
	case !i.Streaming && i.Ready:
		return i.Name + " (does not follow the primary)"
	case i.Lag > maxLag:
		return fmt.Sprintf("%s (%d MB behind)", i.Name, i.Lag/mebi)
	}
	return i.Name + " (not ready)"
}

// Describe says what the step does, or what it waits for.
func (s Step) Describe() string {
	switch s.Action {
	case Wait:
		return "waiting for " + s.Why
	case Configure:
		return "telling Patroni other parameters"
	case Restart:
		return "restarting PostgreSQL of " + s.Instance
	case Replace:
		return "replacing " + s.Instance
	case Switchover:
		return "switching over to " + s.Instance
	case Shrink:
		return fmt.Sprintf("going down to %d instances", s.Instances)
	}
	return s.Why
}
