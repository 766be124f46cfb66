package delivery

import (
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/codec"
)

// Delivery is one dispatch on its way to whom it concerns. Once it is submitted it belongs to the line.
//
// It has parts, or it is for one receiver alone, or it is an entry only.
type Delivery struct {
	// Entry says how the dispatch can be had again; the line sets its position. Without a kind it can't be, and is not
	// journaled: typing, presence.
	Entry journal.Entry
	// Parts are what is sent, to receivers that are in one part only.
	Parts []Part
	// Alone is given Own, which may be nil, and nobody else is. Such a delivery is not in the history: it was made for this
	// receiver, which keeps it itself for as long as it may have to be sent again.
	Alone Receiver
	Own   *codec.Shared
	// At is when the change was made that the dispatch tells of, in Unix milliseconds; 0: the latency is not observed.
	At int64
	// Trace is nil unless the dispatch is traced.
	Trace *Trace

	position int64
	counted  int // what the history has counted for it
}

// Part is a dispatch as some of its receivers get it.
type Part struct {
	Dispatch *codec.Shared
	To       *Audience
}

// size is what the delivery takes in the history, in bytes: its payloads in all the forms made so far, and what keeps them.
func (d *Delivery) size() int {
	const overhead = 128
	size := overhead
	for _, p := range d.Parts {
		size += p.Dispatch.Held()
	}
	return size
}

// of returns the dispatch as r gets it, or nil if it is not for r.
func (d *Delivery) of(r Receiver) *codec.Shared {
	for _, p := range d.Parts {
		if p.To.Has(r) {
			return p.Dispatch
		}
	}
	return nil
}
