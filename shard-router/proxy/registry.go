package proxy

import (
	"maps"
	"slices"
	"sync"
)

// registry holds the open links.
type registry struct {
	max int

	mu       sync.Mutex
	links    map[*link]struct{}
	draining bool
	empty    chan struct{} // closed when draining and none is left
}

func newRegistry(most int) registry {
	return registry{max: most, links: make(map[*link]struct{}), empty: make(chan struct{})}
}

// add takes a link in, or returns why not: a label of the refusals counter.
func (r *registry) add(l *link) (refused string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.draining:
		return refusedDraining
	case len(r.links) >= r.max:
		return refusedFull
	}
	r.links[l] = struct{}{}
	return ""
}

// remove forgets a link that has ended. It is the last thing a link does.
func (r *registry) remove(l *link) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.links, l)
	if r.draining && len(r.links) == 0 {
		r.closeEmpty()
	}
}

// drain refuses new links from now on, and returns those there are.
func (r *registry) drain() []*link {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining = true
	if len(r.links) == 0 {
		r.closeEmpty()
	}
	return slices.Collect(maps.Keys(r.links))
}

func (r *registry) closeEmpty() {
	select {
	case <-r.empty:
	default:
		close(r.empty)
	}
}

// isDraining tells whether new links are refused.
func (r *registry) isDraining() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.draining
}
