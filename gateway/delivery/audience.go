package delivery

import (
	"cmp"
	"slices"

	"guildhall.chat/guildhall/internal/codec"
)

// Receiver is a session as the line sees it.
type Receiver interface {
	// Number tells receivers apart: it rises from one to the next and is never used again.
	Number() uint64
	// Lane is the lane that the receiver belongs to; see Line.NextLane. It never changes.
	Lane() int
	// Accept queues a dispatch. Only the receiver's lane calls it, with rising positions. It must not block. The result says
	// that Flush is to be called when the batch is queued.
	Accept(position int64, d *codec.Shared) (flush bool)
	// AcceptOwn is Accept for a delivery to this receiver alone. It must not change d.
	AcceptOwn(position int64, d *Delivery) (flush bool)
	// Flush sends what is queued, as far as that is possible without blocking.
	Flush()
}

// Audience is a set of receivers. It is immutable: many dispatches share one.
type Audience struct {
	lanes [][]Receiver // each ascending by number
	size  int
}

// NewAudience returns the set of the receivers, each of which must be given once, in any order.
func NewAudience(receivers []Receiver) *Audience {
	a := &Audience{size: len(receivers)}
	for _, r := range receivers {
		for len(a.lanes) <= r.Lane() {
			a.lanes = append(a.lanes, nil)
		}
		a.lanes[r.Lane()] = append(a.lanes[r.Lane()], r)
	}
	for _, lane := range a.lanes {
		slices.SortFunc(lane, func(x, y Receiver) int { return cmp.Compare(x.Number(), y.Number()) })
	}
	return a
}

// Len returns how many receivers there are.
func (a *Audience) Len() int { return a.size }

// Has reports whether r is one of them.
func (a *Audience) Has(r Receiver) bool {
	_, found := slices.BinarySearchFunc(a.lane(r.Lane()), r.Number(),
		func(x Receiver, number uint64) int { return cmp.Compare(x.Number(), number) })
	return found
}

func (a *Audience) lane(i int) []Receiver {
	if i >= len(a.lanes) {
		return nil
	}
	return a.lanes[i]
}
