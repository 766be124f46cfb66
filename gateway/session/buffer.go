package session

import (
	"sort"

	"guildhall.chat/guildhall/internal/codec"
)

// entry is a numbered dispatch. Its payload is usually shared with other sessions.
type entry struct {
	seq int64
	d   *codec.Shared // nil: not to be sent again
	own bool          // made for this session alone: the buffer is all that keeps it
}

// buffer holds a session's last dispatches, ascending. Those that are dropped can no longer be replayed.
type buffer struct {
	entries []entry
	bytes   int
	floor   int64 // seq of the newest that was dropped
}

// overhead is what an entry counts besides its payload, in bytes.
const overhead = 64

func (e entry) size() int {
	if e.d == nil {
		return 0
	}
	return e.d.Len() + overhead
}

func (b *buffer) add(e entry) {
	b.entries = append(b.entries, e)
	b.bytes += e.size()
}

// after returns the entries with a seq above seq.
func (b *buffer) after(seq int64) []entry {
	i := sort.Search(len(b.entries), func(i int) bool { return b.entries[i].seq > seq })
	return b.entries[i:]
}

// size returns the bytes of the entries after seq, and how many of them are shared with other sessions.
func (b *buffer) size(seq int64) (all, shared int) {
	for _, e := range b.after(seq) {
		all += e.size()
		if !e.own {
			shared += e.size()
		}
	}
	return all, shared
}

// trim drops the oldest entries until the rest is within the bounds, but none after keep.
func (b *buffer) trim(maxEntries, maxBytes int, keep int64) {
	n := 0
	for n < len(b.entries) && (len(b.entries)-n > maxEntries || b.bytes > maxBytes) {
		if b.entries[n].seq > keep {
			break
		}
		b.bytes -= b.entries[n].size()
		n++
	}
	b.drop(n)
}

// acknowledge is told the last seq that the client has surely received. What was made for this session alone is large,
// and let go then, with all before it.
func (b *buffer) acknowledge(seq int64) {
	n := 0
	for i, e := range b.entries {
		if e.seq > seq {
			break
		}
		if e.own {
			n = i + 1
		}
	}
	for _, e := range b.entries[:n] {
		b.bytes -= e.size()
	}
	b.drop(n)
}

func (b *buffer) drop(n int) {
	if n == 0 {
		return
	}
	b.floor = b.entries[n-1].seq
	clear(b.entries[:n])
	b.entries = b.entries[n:]
}
