package placement

import "sync"

// Lease is one connection's place on a pod. End it with Release or Failed; only the first call counts.
type Lease struct {
	Pod   Pod
	table *Table
	once  sync.Once
}

// Release gives the place back when the connection has ended.
func (l *Lease) Release() { l.end(false) }

// Failed gives the place back because the pod did not answer, and has the pod avoided for a short time.
func (l *Lease) Failed() { l.end(true) }

func (l *Lease) end(avoid bool) {
	l.once.Do(func() {
		t := l.table
		t.mu.Lock()
		defer t.mu.Unlock()
		entry := t.load[l.Pod.Name]
		entry.connections--
		now := t.now()
		if avoid {
			entry.avoidUntil = now.Add(avoidFor)
		}
		// Names recur (StatefulSets), so what an avoided pod leaves here is bounded.
		if entry.connections == 0 && !now.Before(entry.avoidUntil) {
			delete(t.load, l.Pod.Name)
		}
	})
}
