package session

import (
	"slices"
	"sort"

	"guildhall.chat/guildhall/internal/codec"
)

// kept are the dispatches that were made for a session alone, until the client has surely received them: the line's history
// does not have them.
type kept struct {
	entries []queued // ascending
	bytes   int
	floor   int64 // position of the newest that was let go
}

func (k *kept) add(position int64, d *codec.Shared) {
	k.entries = append(k.entries, queued{position: position, d: d})
	k.bytes += size(d)
}

// putInFront adds dispatches before those that are kept already.
func (k *kept) putInFront(entries []queued) {
	for _, e := range entries {
		k.bytes += size(e.d)
	}
	k.entries = append(slices.Clip(slices.Clone(entries)), k.entries...)
}

// between returns what is kept with positions above after, up to upTo.
func (k *kept) between(after, upTo int64) []queued {
	from := sort.Search(len(k.entries), func(i int) bool { return k.entries[i].position > after })
	to := sort.Search(len(k.entries), func(i int) bool { return k.entries[i].position > upTo })
	return k.entries[from:to]
}

// letGo drops what is up to a position.
func (k *kept) letGo(upTo int64) {
	n := 0
	for n < len(k.entries) && k.entries[n].position <= upTo {
		n++
	}
	k.drop(n)
}

// trim drops the oldest until no more bytes than that are kept, but nothing that is yet to be sent: what is after sent.
func (k *kept) trim(maxBytes int, sent int64) {
	n, bytes := 0, k.bytes
	for n < len(k.entries) && bytes > maxBytes && k.entries[n].position <= sent {
		bytes -= size(k.entries[n].d)
		n++
	}
	k.drop(n)
}

func (k *kept) drop(n int) {
	if n == 0 {
		return
	}
	for _, e := range k.entries[:n] {
		k.bytes -= size(e.d)
	}
	k.floor = k.entries[n-1].position
	clear(k.entries[:n])
	if k.entries = k.entries[n:]; len(k.entries) == 0 {
		k.entries = nil
	}
}
