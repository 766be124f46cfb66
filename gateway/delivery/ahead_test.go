package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/codec"
)

// outcomes is a journal that answers as it is told, and then nil.
type outcomes struct {
	mu      sync.Mutex
	errs    []error
	entries []journal.Entry // that were given
}

func (o *outcomes) Append(_ context.Context, entries []journal.Entry) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.entries = append(o.entries, entries...)
	if len(o.errs) == 0 {
		return nil
	}
	err := o.errs[0]
	o.errs = o.errs[1:]
	return err
}

// positions is a receiver that tells the positions of what it is given.
type positions chan int64

func (positions) Number() uint64 { return 1 }
func (positions) Lane() int      { return 0 }
func (positions) Flush()         {}
func (p positions) Accept(position int64, _ *codec.Shared) bool {
	p <- position
	return true
}
func (p positions) AcceptOwn(position int64, _ *Delivery) bool { return p.Accept(position, nil) }

func TestPositionsJumpOnceAnOutage(t *testing.T) {
	t.Parallel()
	failed := errors.New("no answer")
	j := &outcomes{errs: []error{nil, failed, journal.ErrDegraded, journal.ErrDegraded, nil, failed, nil}}
	line := NewLine(j, Config{Lanes: 1, HistoryBytes: 1 << 20}, slog.New(slog.DiscardHandler))
	receiver := make(positions, 1)
	to := NewAudience([]Receiver{receiver})
	var got []int64
	for range 7 {
		line.Submit(&Delivery{
			Entry: journal.Entry{Kind: journal.Event, Log: 1, Seq: 1},
			Parts: []Part{{codec.NewDispatch("TEST", json.RawMessage(`{}`)), to}},
		})
		got = append(got, <-receiver)
	}
	line.Close(t.Context())
	want := []int64{1, 2 + Jump, 3 + Jump, 4 + Jump, 5 + Jump, 6 + 2*Jump, 7 + 2*Jump}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// However many dispatches have no entry, the journal knows how far the line is.
func TestSilentLineTicks(t *testing.T) {
	t.Parallel()
	j := &outcomes{}
	line := NewLine(j, Config{Lanes: 1, HistoryBytes: 1 << 20}, slog.New(slog.DiscardHandler))
	const n = 3*tickAfter + 5
	line.Submit(&Delivery{Entry: journal.Entry{Kind: journal.Event, Log: 1, Seq: 1}})
	for range n {
		line.Submit(&Delivery{})
	}
	line.Close(t.Context())
	last := j.entries[len(j.entries)-1]
	if last.Kind != journal.Tick || last.Position < n-tickAfter || last.Position > n+1 {
		t.Errorf("after %d dispatches the last entry is %+v", n, last)
	}
	if !slices.IsSortedFunc(j.entries, func(a, b journal.Entry) int { return int(a.Position - b.Position) }) {
		t.Errorf("entries out of order: %v", j.entries)
	}
}
