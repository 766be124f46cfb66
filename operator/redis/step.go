package redis

import (
	"fmt"
	"strings"
)

// Step is what is to be done next. Its text says that to people.
type Step interface{ String() string }

// Settled is what is left when the cluster is as wanted.
type Settled struct{}

// Wait is for what happens by itself.
type Wait struct{ For string }

// Assign gives slots that nobody has to nodes.
type Assign struct{ Shares []Share }

// Share is the slots for one node.
type Share struct {
	To    *Member
	Slots Slots
	Epoch int64 // for a node that has none yet
}

// Meet introduces nodes to each other at their present addresses.
type Meet struct{ Pairs [][2]*Member }

// Forget makes nodes forget others that are gone.
type Forget struct {
	IDs []string
	At  []*Member
}

// Replicate makes nodes replicas. They have no slots.
type Replicate struct{ Pairs []Pair }

// Pair is a replica and its new master.
type Pair struct{ Replica, Master *Member }

// TakeOver makes a replica the master.
type TakeOver struct {
	Replica *Member
	How     Manner
}

// Manner is how a replica takes over.
type Manner string

// The arguments of CLUSTER FAILOVER.
const (
	HandedOver Manner = ""         // the master lives, and nothing is lost
	Voted      Manner = "FORCE"    // the master is gone, most others live
	Alone      Manner = "TAKEOVER" // the master is gone, and so are most others
)

// Move moves slots, with their keys, from one master to another.
type Move struct {
	From, To *Member
	Slots    Slots
}

// Close ends the move of slots that have arrived, or never left.
type Close struct {
	At    *Member
	Slots Slots
}

// Reset makes a node one that knows nobody: it is empty, or a replica that is one too many.
type Reset struct{ Node *Member }

// Restart makes a pod anew. That is the caller's to do.
type Restart struct {
	Pod Pod
	Why string
}

// Release lets the pods go that are no longer wanted. That is the caller's to do.
type Release struct{ Pods int }

func (Settled) String() string { return "everything is as wanted" }

func (w Wait) String() string { return "waiting: " + w.For }

func (a Assign) String() string {
	var parts []string
	for _, share := range a.Shares {
		parts = append(parts, fmt.Sprintf("%s to %s", share.Slots, share.To.Name))
	}
	return "assigning slots " + list(parts)
}

func (m Meet) String() string {
	var parts []string
	for _, pair := range m.Pairs {
		parts = append(parts, pair[0].Name+" and "+pair[1].Name)
	}
	return "introducing " + list(parts)
}

func (f Forget) String() string { return "forgetting lost nodes " + list(f.IDs) }

func (r Replicate) String() string {
	var parts []string
	for _, pair := range r.Pairs {
		parts = append(parts, fmt.Sprintf("%s a replica of %s", pair.Replica.Name, pair.Master.Name))
	}
	return "making " + list(parts)
}

func (t TakeOver) String() string {
	if t.How == HandedOver {
		return "handing a master over to " + t.Replica.Name
	}
	return t.Replica.Name + " takes over from its lost master"
}

func (m Move) String() string {
	return fmt.Sprintf("moving slots %s from %s to %s", m.Slots, m.From.Name, m.To.Name)
}

func (c Close) String() string { return fmt.Sprintf("closing slots %s at %s", c.Slots, c.At.Name) }

func (r Reset) String() string { return "taking " + r.Node.Name + " out of the cluster" }

func (r Restart) String() string { return "restarting " + r.Pod.Name + ": " + r.Why }

func (r Release) String() string { return fmt.Sprintf("scaling to %d pods", r.Pods) }

// listed bounds what a text lists.
const listed = 6

func list(parts []string) string {
	if len(parts) > listed {
		parts = append(parts[:listed:listed], fmt.Sprintf("and %d more", len(parts)-listed))
	}
	return strings.Join(parts, ", ")
}
