package images

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// largestPart of what is held may be a single picture, one in so many.
const largestPart = 16

// held keeps the variants that were asked for last, within a bound of bytes. It may be used by many goroutines.
type held struct {
	mu    sync.Mutex
	bytes int
	most  int
	last  *simplelru.LRU[variant, made]
}

func newHeld(most int) *held {
	h := &held{most: most}
	// Bounded by bytes alone: each costs entryBytes at least.
	h.last, _ = simplelru.NewLRU(most/entryBytes+1, func(_ variant, m made) { h.bytes -= cost(m) })
	return h
}

// entryBytes is what a variant costs besides its picture.
const entryBytes = 256

func cost(m made) int { return len(m.Bytes) + entryBytes }

func (h *held) get(v variant) (made, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last.Get(v)
}

func (h *held) add(v variant, m made) {
	if cost(m) > h.most/largestPart {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last.Remove(v)
	h.bytes += cost(m)
	h.last.Add(v, m)
	for h.bytes > h.most {
		h.last.RemoveOldest()
	}
}
