package redis

import (
	"net/netip"
)

// Pod is a place where a node runs.
type Pod struct {
	Name     string
	Ordinal  int
	IP       netip.Addr // invalid: it has none yet
	Host     string     // the machine that it runs on, "" if not known
	Ready    bool       // Kubernetes says so
	Outdated bool       // it has to be made anew from a changed template
	Leaving  bool       // it has been told to stop
}

// Member is a pod and the view of the node in it.
type Member struct {
	Pod
	View *View // nil: it doesn't answer
	Err  error // why it doesn't
}

// View is what one node says.
type View struct {
	Self     Node
	Others   []Node
	StateOK  bool       // it takes requests: a majority of masters is in reach
	Keys     int64      // how many it holds
	LinkUp   bool       // of a replica: it has its master's data, and is told each change
	Offset   int64      // of the replication stream
	MaxEpoch int64      // the highest that it has heard of
	MasterIP netip.Addr // where a replica looks for its master; invalid: not known
}

// Picture is what all pods say, by ordinal.
type Picture []Member

// Want is the cluster that there is to be, in the pods of the lowest ordinals.
type Want struct {
	Masters  int
	Replicas int // of each master
}

// Pods is how many pods that takes.
func (w Want) Pods() int { return w.Masters * (1 + w.Replicas) }

// knows returns what the node says of another.
func (v *View) knows(id string) (Node, bool) {
	if v.Self.ID == id {
		return v.Self, true
	}
	for _, node := range v.Others {
		if node.ID == id && !node.Handshake {
			return node, true
		}
	}
	return Node{}, false
}

// fresh reports whether the node has never been a part of a cluster.
func (v *View) fresh() bool {
	return len(v.Others) == 0 && v.Self.Slots.Len() == 0 && !v.Self.Replica && v.Keys == 0
}
