package session

import "guildhall.chat/guildhall/internal/codec"

// queued is a dispatch on its way to the client.
type queued struct {
	position int64
	d        *codec.Shared
	backlog  bool // counts in the backlog
}

// size is what a dispatch counts while the session has it, in bytes.
func size(d *codec.Shared) int {
	const overhead = 64
	return d.Len() + overhead
}

// queue is what the connection has yet to take, ascending. Drained, it holds nothing.
type queue struct {
	entries []queued
	bytes   int
	backlog int // those of them that come at others' pace: a client that is slow is known by them
	first   [2]queued
}

func (q *queue) add(e queued) {
	if q.entries == nil {
		q.entries = q.first[:0]
	}
	q.entries = append(q.entries, e)
	q.count(e, 1)
}

func (q *queue) count(e queued, sign int) {
	n := sign * size(e.d)
	q.bytes += n
	if e.backlog {
		q.backlog += n
	}
}

// putInFront adds entries before those that are there.
func (q *queue) putInFront(entries []queued) {
	for _, e := range entries {
		q.count(e, 1)
	}
	q.entries = append(entries, q.entries...)
	q.first = [2]queued{}
}

// drop takes away the first n entries.
func (q *queue) drop(n int) {
	for _, e := range q.entries[:n] {
		q.count(e, -1)
	}
	clear(q.entries[:n])
	if q.entries = q.entries[n:]; len(q.entries) == 0 {
		q.entries = nil
	}
}

func (q *queue) clear() { *q = queue{} }
