package journal

import "time"

// samples is into how many parts the window and the bounds are divided: by so much may more be kept.
const samples = 64

// retention works out what a journal no longer needs.
type retention struct {
	window     time.Duration
	maxEntries int64
	maxBytes   int64

	marks          []mark // ascending
	entries, bytes int64  // since the journal began
	floor          int64  // position up to which nothing is needed any more; 0: everything is
	dropped        mark   // the mark of floor
}

// mark is how far the journal had come at a time.
type mark struct {
	at             time.Time
	position       int64
	entries, bytes int64
}

// add counts a batch, and raises the floor.
func (r *retention) add(now time.Time, last int64, entries, bytes int) {
	r.entries += int64(entries)
	r.bytes += int64(bytes)
	if r.due(now) {
		r.marks = append(r.marks, mark{now, last, r.entries, r.bytes})
	}
	n := 0
	for n < len(r.marks) && r.needless(now, n) {
		r.dropped = r.marks[n]
		r.floor = r.dropped.position
		n++
	}
	r.marks = append(r.marks[:0], r.marks[n:]...)
	retainedEntries.Set(float64(r.entries - r.dropped.entries))
	retainedBytes.Set(float64(r.bytes - r.dropped.bytes))
}

// due reports whether enough has come since the last mark for another.
func (r *retention) due(now time.Time) bool {
	last := r.dropped
	if len(r.marks) > 0 {
		last = r.marks[len(r.marks)-1]
	}
	return now.Sub(last.at) >= r.window/samples ||
		(r.entries-last.entries)*samples >= r.maxEntries || (r.bytes-last.bytes)*samples >= r.maxBytes
}

// needless reports whether what came before mark n is too old, or too much.
func (r *retention) needless(now time.Time, n int) bool {
	m, kept := r.marks[n], r.dropped
	if n > 0 {
		kept = r.marks[n-1]
	}
	return now.Sub(m.at) >= r.window || r.entries-kept.entries > r.maxEntries || r.bytes-kept.bytes > r.maxBytes
}

func (r *retention) reset() {
	*r = retention{window: r.window, maxEntries: r.maxEntries, maxBytes: r.maxBytes, marks: r.marks[:0]}
}
