package journal

import "sort"

// batch is what one write appends: the entries above prev, up to last.
type batch struct {
	prev, last int64
	payload    []byte
}

// batchOverhead is what a batch counts besides its payload, in bytes, here and in Redis.
const batchOverhead = 64

func (b batch) size() int { return len(b.payload) + batchOverhead }

// ring keeps the last batches, which Redis may lose when a replica takes over.
type ring struct {
	maxBytes int
	batches  []batch // ascending, each following the one before
	bytes    int
}

func (r *ring) add(b batch) {
	r.batches = append(r.batches, b)
	r.bytes += b.size()
	n := 0
	for r.bytes > r.maxBytes && n < len(r.batches) {
		r.bytes -= r.batches[n].size()
		n++
	}
	clear(r.batches[:n])
	r.batches = r.batches[n:]
}

// after returns the batches that follow a position; false if it has not all of them.
func (r *ring) after(position int64) ([]batch, bool) {
	i := sort.Search(len(r.batches), func(i int) bool { return r.batches[i].prev >= position })
	if i == len(r.batches) || r.batches[i].prev != position {
		return nil, false
	}
	return r.batches[i:], true
}

func (r *ring) reset() { r.batches, r.bytes = nil, 0 }
