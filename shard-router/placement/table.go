package placement

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// avoidFor is how long a pod that did not answer is passed over while others can serve: long enough that a dead pod
// does not cost every client a failed dial, short enough that a restarted one is back before it is missed.
const avoidFor = 3 * time.Second

// AnyShard is the Shard of a Want that does not care.
const AnyShard = -1

// Want says where a connection belongs.
type Want struct {
	// Shard is the shard whose pods get the client's guilds anyway, or AnyShard: that of Pod, then, if there is one.
	Shard int
	// Pod is the name of the pod that made the client's session, and has it most likely, or empty.
	Pod string
}

// Table places connections. Safe for concurrent use.
type Table struct {
	source    Source
	maxPerPod int
	now       func() time.Time

	mu   sync.Mutex
	load map[string]*load // by pod name; only pods that have connections or are avoided
}

type load struct {
	connections int
	avoidUntil  time.Time
}

// NewTable returns a table that puts at most maxPerPod connections of this router on a pod of the source.
func NewTable(source Source, maxPerPod int) *Table {
	return &Table{source: source, maxPerPod: maxPerPod, now: time.Now, load: make(map[string]*load)}
}

// Place reserves a connection on the best pod whose name was not tried, or returns false if there is none.
//
// The pods that answer come first, of them the one that holds the session, then those of the shard; last come the pods that
// did not answer lately: any pod can continue a session. Among equals the least loaded is best. One that is there for
// resumes only is asked for the sessions that it holds alone.
func (t *Table) Place(want Want, tried []string) (*Lease, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	pods := t.source.Pods()
	if holder := slices.IndexFunc(pods, func(p Pod) bool { return p.Name == want.Pod }); holder >= 0 && want.Shard == AnyShard {
		want.Shard = pods[holder].Shard
	}
	var best Pod
	var bestRank rank
	candidates := 0
	for _, pod := range pods {
		if pod.ResumesOnly && pod.Name != want.Pod {
			continue
		}
		r := t.rank(pod, want, now)
		if r.connections >= t.maxPerPod || slices.Contains(tried, pod.Name) {
			continue
		}
		switch {
		case candidates == 0 || r.less(bestRank):
			best, bestRank, candidates = pod, r, 1
		case r == bestRank:
			// Equals share evenly, or several routers would all begin with the same pod.
			if candidates++; rand.IntN(candidates) == 0 {
				best = pod
			}
		}
	}
	if candidates == 0 {
		return nil, false
	}
	t.entry(best.Name).connections++
	return &Lease{Pod: best, table: t}, true
}

// Connections returns how many connections are placed on the pod of that name.
func (t *Table) Connections(name string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l := t.load[name]; l != nil {
		return l.connections
	}
	return 0
}

// rank orders pods for a Want; the least is the best.
type rank struct {
	avoided     bool
	notHolder   bool
	notOfShard  bool
	connections int
}

func (r rank) less(other rank) bool {
	switch {
	case r.avoided != other.avoided:
		return other.avoided
	case r.notHolder != other.notHolder:
		return other.notHolder
	case r.notOfShard != other.notOfShard:
		return other.notOfShard
	default:
		return r.connections < other.connections
	}
}

func (t *Table) rank(pod Pod, want Want, now time.Time) rank {
	r := rank{
		notHolder:  pod.Name != want.Pod,
		notOfShard: want.Shard != AnyShard && pod.Shard != want.Shard,
	}
	if l := t.load[pod.Name]; l != nil {
		r.connections = l.connections
		r.avoided = now.Before(l.avoidUntil)
	}
	return r
}

func (t *Table) entry(name string) *load {
	l := t.load[name]
	if l == nil {
		l = new(load)
		t.load[name] = l
	}
	return l
}
