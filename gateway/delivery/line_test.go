package delivery

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/codec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// got is what a sink was given.
type got struct {
	position int64
	d        *codec.Shared
	own      bool
}

// sink is a receiver that remembers what it is given.
type sink struct {
	number  uint64
	lane    int
	flushes atomic.Int64

	mu  sync.Mutex
	all []got
}

func (s *sink) Number() uint64 { return s.number }
func (s *sink) Lane() int      { return s.lane }
func (s *sink) Flush()         { s.flushes.Add(1) }

func (s *sink) Accept(position int64, d *codec.Shared) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, got{position, d, false})
	return true
}

func (s *sink) AcceptOwn(position int64, d *Delivery) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, got{position, d.Own, true})
	return true
}

// safe is a journal that never fails.
type safe struct{}

func (safe) Append(context.Context, []journal.Entry) error { return nil }

func newLine(t testing.TB, j Journal, lanes, historyBytes int) *Line {
	t.Helper()
	l := NewLine(j, Config{Lanes: lanes, HistoryBytes: historyBytes}, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { l.Close(context.Background()) })
	return l
}

func sinks(l *Line, n int) []*sink {
	list := make([]*sink, n)
	for i := range list {
		list[i] = &sink{number: uint64(i + 1), lane: l.NextLane()}
	}
	return list
}

func audience(list []*sink) *Audience {
	receivers := make([]Receiver, len(list))
	for i, s := range list {
		receivers[i] = s
	}
	return NewAudience(receivers)
}

func dispatch(n int) *codec.Shared {
	return codec.NewDispatch("X", json.RawMessage(strconv.Itoa(n)))
}

// Each receiver is given what is for it, once, in the order of the line, and the history gives it the same again.
func TestEachReceiverGetsItsOwnInTheLinesOrder(t *testing.T) {
	t.Parallel()
	l := newLine(t, safe{}, 3, 64<<20)
	all := sinks(l, 20)
	var mu sync.Mutex // of a view: who submits holds it
	want := make(map[*sink][]got)
	var views sync.WaitGroup
	for view := range 4 {
		views.Go(func() {
			random := rand.New(rand.NewPCG(uint64(view), 1))
			for n := range 500 {
				l.Room()
				d := &Delivery{}
				if random.IntN(4) > 0 {
					d.Entry = journal.Entry{Kind: journal.Event, Log: 1, Seq: int64(n)}
				}
				mu.Lock()
				to := make([]*sink, 0, len(all))
				for _, s := range all {
					if random.IntN(2) == 0 {
						to = append(to, s)
					}
				}
				switch shared := dispatch(n); {
				case random.IntN(5) == 0:
					s := all[random.IntN(len(all))]
					d.Alone, d.Own = s, shared
					want[s] = append(want[s], got{d: shared, own: true})
				default:
					half := random.IntN(len(to) + 1)
					other := dispatch(-n)
					d.Parts = []Part{{shared, audience(to[:half])}, {other, audience(to[half:])}}
					for i, s := range to {
						if i < half {
							want[s] = append(want[s], got{d: shared})
						} else {
							want[s] = append(want[s], got{d: other})
						}
					}
				}
				l.Submit(d)
				mu.Unlock()
			}
		})
	}
	views.Wait()
	l.Close(t.Context())
	for _, s := range all {
		if len(s.all) != len(want[s]) {
			t.Fatalf("receiver %d was given %d dispatches, want %d", s.number, len(s.all), len(want[s]))
		}
		var last int64
		var shared []got
		for i, g := range s.all {
			if g.d != want[s][i].d || g.own != want[s][i].own || g.position <= last {
				t.Fatalf("dispatch %d of receiver %d is another, or has position %d after %d", i, s.number, g.position, last)
			}
			last = g.position
			if !g.own {
				shared = append(shared, g)
			}
		}
		if s.flushes.Load() == 0 {
			t.Errorf("receiver %d was not flushed", s.number)
		}
		mustMiss(t, l, s, 0, last, shared)
		middle := shared[len(shared)/2].position
		mustMiss(t, l, s, middle, last-1, within(shared, middle, last-1))
	}
}

func within(list []got, after, upTo int64) (some []got) {
	for _, g := range list {
		if g.position > after && g.position <= upTo {
			some = append(some, g)
		}
	}
	return some
}

func mustMiss(t *testing.T, l *Line, s *sink, after, upTo int64, want []got) {
	t.Helper()
	missed, reaches := l.Missed(s, after, upTo)
	if !reaches || len(missed) != len(want) {
		t.Fatalf("missed %d (reaches: %v), want %d", len(missed), reaches, len(want))
	}
	for i, m := range missed {
		if m.Position != want[i].position || m.Dispatch != want[i].d {
			t.Fatalf("missed dispatch %d at %d, want %d", i, m.Position, want[i].position)
		}
	}
}

// The history is bounded, and knows what it has dropped.
func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	const maxBytes = 100_000
	l := newLine(t, safe{}, 1, maxBytes)
	s := sinks(l, 1)
	to := audience(s)
	payload := json.RawMessage(`"` + strings.Repeat("x", 1000) + `"`)
	for range 300 {
		l.Submit(&Delivery{Parts: []Part{{codec.NewDispatch("X", payload), to}}})
		l.Submit(&Delivery{Alone: s[0], Own: codec.NewDispatch("OWN", payload)}) // does not count
	}
	l.Close(t.Context())
	h := l.history
	if h.bytes > maxBytes || len(h.kept) < 50 || len(h.kept) > 100 {
		t.Errorf("%d dispatches with %d bytes are kept", len(h.kept), h.bytes)
	}
	last := s[0].all[len(s[0].all)-1].position
	if _, reaches := l.Missed(s[0], h.floor-1, last); reaches {
		t.Error("the history claims to reach back behind its floor")
	}
	if missed, reaches := l.Missed(s[0], h.floor, last); !reaches || len(missed) != len(h.kept) {
		t.Errorf("from its floor on the history has %d of %d", len(missed), len(h.kept))
	}
}

// A receiver is given nothing by a part that it is not in.
func TestAudience(t *testing.T) {
	t.Parallel()
	l := newLine(t, safe{}, 3, 1<<20)
	all := sinks(l, 9)
	a := audience([]*sink{all[4], all[0], all[8]})
	for i, s := range all {
		if a.Has(s) != (i%4 == 0) {
			t.Errorf("has receiver %d: %v", i, a.Has(s))
		}
	}
	if a.Len() != 3 || audience(nil).Len() != 0 || audience(nil).Has(all[0]) {
		t.Errorf("%d receivers", a.Len())
	}
}

// A reserved position is before all that is submitted later, and nobody else's.
func TestReserve(t *testing.T) {
	t.Parallel()
	l := newLine(t, safe{}, 2, 1<<20)
	s := sinks(l, 1)
	to := audience(s)
	taken := map[int64]bool{}
	var reserved []int64
	for n := range 100 {
		position := l.Reserve()
		reserved = append(reserved, position)
		l.Submit(&Delivery{Parts: []Part{{dispatch(n), to}}})
	}
	l.Close(t.Context())
	for i, g := range s[0].all {
		taken[g.position] = true
		if g.position <= reserved[i] {
			t.Errorf("position %d, reserved before it was %d", g.position, reserved[i])
		}
	}
	for _, position := range reserved {
		if taken[position] {
			t.Errorf("position %d was given twice", position)
		}
	}
}

// gated is a journal that answers when it may.
type gated struct {
	asked chan struct{}
	may   chan struct{}
}

func (g *gated) Append(ctx context.Context, _ []journal.Entry) error {
	g.asked <- struct{}{}
	select {
	case <-g.may:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Nothing is given before it is journaled; what is submitted meanwhile gathers, and who brings in more than may gather waits.
func TestNothingIsGivenBeforeItIsJournaled(t *testing.T) {
	t.Parallel()
	j := &gated{asked: make(chan struct{}, 1), may: make(chan struct{})}
	l := newLine(t, j, 1, 64<<20)
	s := sinks(l, 1)
	to := audience(s)
	submit := func() {
		l.Submit(&Delivery{Entry: journal.Entry{Kind: journal.Event, Log: 1, Seq: 1}, Parts: []Part{{dispatch(1), to}}})
	}
	submit()
	<-j.asked
	for range maxPending {
		l.Room()
		submit()
	}
	s[0].mu.Lock()
	if len(s[0].all) != 0 {
		t.Errorf("%d dispatches were given", len(s[0].all))
	}
	s[0].mu.Unlock()
	let := make(chan struct{})
	go func() {
		l.Room()
		close(let)
	}()
	select {
	case <-let:
		t.Error("there is room for more")
	default:
	}
	j.may <- struct{}{}
	<-let
	<-j.asked // all the others in one batch
	close(j.may)
	l.Close(t.Context())
	if n := len(s[0].all); n != maxPending+1 {
		t.Errorf("%d dispatches were given", n)
	}
}

// A line that is closed gives what was submitted before, and no more; a journal that does not answer holds it up as long as
// ctx allows.
func TestClose(t *testing.T) {
	t.Parallel()
	j := &gated{asked: make(chan struct{}, 1), may: make(chan struct{})}
	l := newLine(t, j, 2, 1<<20)
	s := sinks(l, 2)
	to := audience(s)
	l.Submit(&Delivery{Entry: journal.Entry{Kind: journal.Event, Log: 1, Seq: 1}, Parts: []Part{{dispatch(1), to}}})
	<-j.asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l.Close(ctx)
	l.Submit(&Delivery{Parts: []Part{{dispatch(2), to}}})
	l.Room()
	l.Close(t.Context())
	for _, s := range s {
		if len(s.all) != 1 || s.all[0].position < Jump {
			t.Errorf("given %+v, want one dispatch that is known not to be journaled", s.all)
		}
	}
}

// BenchmarkLine is what a dispatch costs on its way from a view to 1,000 receivers that do nothing.
func BenchmarkLine(b *testing.B) {
	for _, tt := range []struct {
		name  string
		batch int
	}{{"one at a time", 1}, {"saturated", 256}} {
		b.Run(tt.name, func(b *testing.B) {
			const receivers = 1000
			l := newLine(b, safe{}, 2, 64<<20)
			var given sync.WaitGroup
			list := make([]Receiver, receivers)
			for i := range list {
				list[i] = &counter{number: uint64(i + 1), lane: l.NextLane(), given: &given}
			}
			to := NewAudience(list)
			d := codec.NewDispatch("MESSAGE_CREATE", json.RawMessage(`"`+strings.Repeat("x", 1000)+`"`))
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				given.Add(tt.batch * receivers)
				for range tt.batch {
					l.Submit(&Delivery{Entry: journal.Entry{Kind: journal.Event, Log: 1, Seq: 1}, Parts: []Part{{d, to}}})
				}
				given.Wait()
			}
			b.ReportMetric(float64(b.Elapsed())/float64(tt.batch*receivers*b.N), "ns/delivery")
		})
	}
}

// counter is a receiver that counts.
type counter struct {
	number uint64
	lane   int
	n      int // since the last flush
	given  *sync.WaitGroup
}

func (c *counter) Number() uint64 { return c.number }
func (c *counter) Lane() int      { return c.lane }
func (c *counter) Accept(int64, *codec.Shared) bool {
	c.n++
	return c.n == 1
}
func (c *counter) AcceptOwn(int64, *Delivery) bool { return false }
func (c *counter) Flush() {
	c.given.Add(-c.n)
	c.n = 0
}

// BenchmarkMissed is what a session costs that resumes here: a look through the history.
func BenchmarkMissed(b *testing.B) {
	l := newLine(b, safe{}, 2, 64<<20)
	all := sinks(l, 1000)
	to, without := audience(all), audience(all[1:])
	for n := range 2000 {
		part := Part{dispatch(n), to}
		if n%2 == 0 {
			part.To = without
		}
		l.Submit(&Delivery{Parts: []Part{part}})
	}
	l.Close(b.Context())
	b.ReportAllocs()
	for b.Loop() {
		if missed, ok := l.Missed(all[0], 0, 2000); !ok || len(missed) != 1000 {
			b.Fatal(len(missed), ok)
		}
	}
}
