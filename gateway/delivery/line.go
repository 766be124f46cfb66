package delivery

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/trace"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/tracing"
)

// Journal is where entries are written ahead; see journal.Writer.
type Journal interface {
	// Append returns nil when the entries, ascending by position, are safe. Else they are not journaled, and what
	// is dispatched from now on must be told from what was by a jump of the positions; journal.ErrDegraded says that it
	// is already.
	Append(ctx context.Context, entries []journal.Entry) error
}

// Jump is by how much positions rise when a batch could not be journaled, once until the journal works again.
const Jump = journal.Jump

// tickAfter is how many positions without an entry are too many.
const tickAfter = journal.MaxSilent / 4

// Config bounds a line.
type Config struct {
	Lanes        int // goroutines that queue and write; one a core
	HistoryBytes int // payloads that are kept for resumes
}

// Line is the order of a pod's dispatches. Safe for concurrent use.
type Line struct {
	journal Journal
	log     *slog.Logger
	history *history
	lanes   []*lane
	next    atomic.Uint64 // lane of the next receiver
	ctx     context.Context
	stop    context.CancelFunc
	tasks   sync.WaitGroup

	journaled int64 // position of the last entry; of run

	mu       sync.Mutex
	position int64 // last given
	pending  []*Delivery
	closed   bool
	room     sync.Cond     // signalled when pending shrinks
	wake     chan struct{} // holds a token while something is pending, or the line closes
}

// maxPending is from how many pending dispatches on Room waits.
const maxPending = 8192

// NewLine returns a line whose first position is 1. Close ends it.
func NewLine(j Journal, c Config, log *slog.Logger) *Line {
	l := &Line{journal: j, log: log, history: newHistory(c.HistoryBytes), wake: make(chan struct{}, 1)}
	l.room.L = &l.mu
	l.ctx, l.stop = context.WithCancel(context.Background())
	for i := range max(1, c.Lanes) {
		lane := newLane(i)
		l.lanes = append(l.lanes, lane)
		l.tasks.Go(lane.run)
	}
	l.tasks.Go(l.run)
	return l
}

// NextLane returns the lane of a new receiver.
func (l *Line) NextLane() int { return int(l.next.Add(1) % uint64(len(l.lanes))) }

// Reserve returns a position that nothing else will have: before all that is submitted later, after all that was.
func (l *Line) Reserve() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.position++
	return l.position
}

// Submit adds a dispatch at the end of the line. It does not block: whoever holds the lock under which the receivers were
// found keeps it over the call, and thereby the order.
func (l *Line) Submit(d *Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.position++
	d.position = l.position
	l.pending = append(l.pending, d)
	l.signal()
}

// Room waits while too much is pending. Who brings dispatches in from outside calls it before, holding no lock.
func (l *Line) Room() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.pending) >= maxPending && !l.closed {
		l.room.Wait()
	}
}

// signal wakes run. The lock is held.
func (l *Line) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run takes batches through the journal to the history and the lanes.
func (l *Line) run() {
	defer func() {
		for _, lane := range l.lanes {
			close(lane.batches)
		}
	}()
	for range l.wake {
		l.mu.Lock()
		batch, closed := l.pending, l.closed
		l.pending = nil
		l.room.Broadcast()
		l.mu.Unlock()
		if len(batch) > 0 {
			l.writeAhead(batch, traced(batch, len(l.lanes)))
			l.history.add(batch)
			for _, lane := range l.lanes {
				lane.batches <- batch
			}
			batchSize.Observe(float64(len(batch)))
		}
		if closed {
			return
		}
	}
}

// writeAhead journals a batch, whose spans are those of what is traced in it. If that fails, the batch and all later positions jump.
func (l *Line) writeAhead(batch []*Delivery, traced []trace.Span) {
	var entries []journal.Entry
	for _, d := range batch {
		if d.Entry.Kind != 0 {
			d.Entry.Position = d.position
			entries = append(entries, d.Entry)
		}
	}
	entries = l.tick(entries, batch[len(batch)-1].position)
	if len(entries) == 0 {
		return
	}
	ctx := l.ctx
	if traced != nil {
		var span trace.Span
		ctx, span = tracing.Together(ctx, "write journal", traced)
		defer span.End()
	}
	err := l.journal.Append(ctx, entries)
	if err == nil || errors.Is(err, journal.ErrDegraded) {
		return
	}
	jumps.Inc()
	l.journaled += Jump
	l.mu.Lock()
	defer l.mu.Unlock()
	l.position += Jump
	for _, d := range l.pending {
		d.position += Jump
	}
	for _, d := range batch {
		d.position += Jump
	}
}

// tick adds an entry if a batch, which ends at last, would leave too many positions without one.
func (l *Line) tick(entries []journal.Entry, last int64) []journal.Entry {
	if n := len(entries); n > 0 {
		l.journaled = entries[n-1].Position
	}
	if last-l.journaled > tickAfter {
		entries = append(entries, journal.Entry{Position: last, Kind: journal.Tick})
		l.journaled = last
	}
	return entries
}

// Missed returns what r was to be sent with positions above after, up to upTo, ascending; false if the history does not
// reach back so far.
func (l *Line) Missed(r Receiver, after, upTo int64) ([]Missed, bool) {
	return l.history.missed(r, after, upTo)
}

// Close ends the line when all that was submitted is with the receivers, or ctx ends: then what waits for the journal goes
// on without it.
func (l *Line) Close(ctx context.Context) {
	l.mu.Lock()
	l.closed = true
	l.room.Broadcast()
	l.signal()
	l.mu.Unlock()
	stopWaiting := context.AfterFunc(ctx, l.stop)
	defer stopWaiting()
	l.tasks.Wait()
	l.stop()
}
