package delivery

import (
	"slices"
	"sort"
	"sync"

	"guildhall.chat/guildhall/internal/codec"
)

// history keeps the last deliveries of a line.
type history struct {
	maxBytes int

	mu    sync.RWMutex
	kept  []*Delivery // ascending
	fresh int         // how many of kept came last: what they hold grows while they are sent
	bytes int
	floor int64 // position of the newest that was dropped
}

// Missed is a dispatch that a receiver is to be sent again.
type Missed struct {
	Position int64
	Dispatch *codec.Shared
}

func newHistory(maxBytes int) *history { return &history{maxBytes: maxBytes} }

func (h *history) add(batch []*Delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.kept[len(h.kept)-h.fresh:] {
		h.count(d)
	}
	h.fresh = 0
	for _, d := range batch {
		if len(d.Parts) > 0 {
			h.kept = append(h.kept, d)
			h.count(d)
			h.fresh++
		}
	}
	n := 0
	for h.bytes > h.maxBytes && n < len(h.kept) {
		h.bytes -= h.kept[n].counted
		h.floor = h.kept[n].position
		n++
	}
	clear(h.kept[:n])
	h.kept = h.kept[n:]
	h.fresh = min(h.fresh, len(h.kept))
	historyBytes.Set(float64(h.bytes))
}

// count brings what is counted for d up to date.
func (h *history) count(d *Delivery) {
	size := d.size()
	h.bytes += size - d.counted
	d.counted = size
}

func (h *history) missed(r Receiver, after, upTo int64) ([]Missed, bool) {
	deliveries, reaches := h.between(after, upTo)
	if !reaches {
		return nil, false
	}
	var list []Missed
	for _, d := range deliveries {
		if dispatch := d.of(r); dispatch != nil {
			list = append(list, Missed{d.position, dispatch})
		}
	}
	return list, true
}

// between returns what is kept with positions above after, up to upTo; false if that may not be all there was.
func (h *history) between(after, upTo int64) ([]*Delivery, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if after < h.floor {
		return nil, false
	}
	from := sort.Search(len(h.kept), func(i int) bool { return h.kept[i].position > after })
	to := sort.Search(len(h.kept), func(i int) bool { return h.kept[i].position > upTo })
	return slices.Clone(h.kept[from:to]), true
}
