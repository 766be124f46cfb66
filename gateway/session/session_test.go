package session

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/gateway/fanout"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/gateway/socket"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeConn is a connection whose client reads when the test says so; with eager, as soon as there is something.
type fakeConn struct {
	eager func([]socket.Dispatch)

	mu     sync.Mutex
	source socket.Source
	codes  []discord.CloseCode
	ops    []discord.Opcode
	taking sync.Mutex
}

func (c *fakeConn) Send(op discord.Opcode, _ any) {
	c.mu.Lock()
	c.ops = append(c.ops, op)
	c.mu.Unlock()
}

func (c *fakeConn) Attach(s socket.Source) {
	c.mu.Lock()
	c.source = s
	c.mu.Unlock()
	c.Wake()
}

// Wake, as that of a socket, may be called with locks held.
func (c *fakeConn) Wake() {
	if c.eager != nil {
		go c.Flush()
	}
}

func (c *fakeConn) Flush() {
	if c.eager == nil {
		return
	}
	c.taking.Lock()
	defer c.taking.Unlock()
	for batch := c.take(); len(batch) > 0; batch = c.take() {
		c.eager(batch)
	}
}

func (c *fakeConn) CompressPayloads() {}
func (c *fakeConn) Close(code discord.CloseCode, _ string) {
	c.mu.Lock()
	c.codes = append(c.codes, code)
	c.source = nil
	c.mu.Unlock()
}
func (c *fakeConn) CloseWith(code discord.CloseCode) { c.Close(code, "") }
func (c *fakeConn) Expect(time.Time)                 {}

func (c *fakeConn) closed() []discord.CloseCode {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.codes
}

// take is what a writer does once.
func (c *fakeConn) take() []socket.Dispatch {
	c.mu.Lock()
	source := c.source
	c.mu.Unlock()
	if source == nil {
		return nil
	}
	return source.Next(nil)
}

// safe is a journal that never fails.
type safe struct{}

func (safe) Append(context.Context, []journal.Entry) error { return nil }

// rig is a line with sessions, each of which gets everything that is delivered.
type rig struct {
	t    testing.TB
	line *delivery.Line
	host *host

	mu    sync.Mutex
	ended map[*Session]string
}

func newRig(t testing.TB) *rig {
	r := &rig{t: t, ended: map[*Session]string{}}
	log := slog.New(slog.DiscardHandler)
	r.line = delivery.NewLine(safe{}, delivery.Config{Lanes: 2, HistoryBytes: 64 << 20}, log)
	t.Cleanup(func() { r.line.Close(context.Background()) })
	r.host = &host{
		line: r.line, window: time.Hour, maxBacklog: DefaultMaxBacklog,
		save: func(s *Session) { go s.savedAll() },
		over: func(s *Session, why string) {
			r.mu.Lock()
			r.ended[s] = why
			r.mu.Unlock()
		},
	}
	return r
}

// savedAll does what the server does once the record is written.
func (s *Session) savedAll() {
	for change, more := s.unsaved(); more; change, more = s.unsaved() {
		if change.Guilds != nil {
			s.saved(change.Guilds.At)
		}
	}
}

func (r *rig) session() *Session { return newSession(r.host, "id", Account{}, fanout.Profile{}) }

// opened is a session whose READY is on its way to conn.
func (r *rig) opened(conn *fakeConn) (*Session, *link, *codec.Shared) {
	s, ready := r.session(), codec.NewDispatch(discord.EventReady, nil)
	l := s.open(conn, opening{first: ready, number: 1})
	s.recorded(s.start)
	conn.Attach(l)
	return s, l, ready
}

// deliver is what a view does.
func (r *rig) deliver(d *codec.Shared, to ...*Session) {
	receivers := make([]delivery.Receiver, len(to))
	for i, s := range to {
		receivers[i] = s
	}
	r.line.Submit(&delivery.Delivery{Parts: []delivery.Part{{Dispatch: d, To: delivery.NewAudience(receivers)}}})
}

// probe is a receiver that waits for what has been submitted so far.
type probe struct {
	lane int
	came chan struct{}
}

func (p *probe) Number() uint64                           { return 0 }
func (p *probe) Lane() int                                { return p.lane }
func (p *probe) Accept(int64, *codec.Shared) bool         { return false }
func (p *probe) Flush()                                   { close(p.came) }
func (p *probe) AcceptOwn(int64, *delivery.Delivery) bool { return true }

// settle waits until the session has been given all that was submitted.
func (r *rig) settle(s *Session) {
	p := &probe{lane: s.Lane(), came: make(chan struct{})}
	r.line.Submit(&delivery.Delivery{Alone: p})
	<-p.came
}

func (r *rig) endOf(s *Session) string {
	r.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		r.mu.Lock()
		why, ended := r.ended[s]
		r.mu.Unlock()
		if ended {
			return why
		}
		if time.Now().After(deadline) {
			r.t.Fatal("the session has not ended")
		}
	}
}

func dispatchOf(n int) *codec.Shared {
	return codec.NewDispatch("X", json.RawMessage(strconv.Itoa(n)))
}

func resumedOf() *codec.Shared { return codec.NewDispatch(discord.EventResumed, json.RawMessage(`{}`)) }

func TestReadyIsFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.session()
	early := dispatchOf(1)
	r.deliver(early, s)
	r.settle(s)
	conn := &fakeConn{}
	ready := dispatchOf(0)
	conn.Attach(s.open(conn, opening{first: ready, number: 1}))
	got := conn.take()
	if len(got) != 2 || got[0].Shared != ready || got[0].Seq != 1 || got[1].Shared != early || got[1].Seq <= 1 {
		t.Errorf("got %+v", got)
	}
}

var large = codec.NewDispatch("X", json.RawMessage(`"`+strings.Repeat("x", 1<<20)+`"`))

func TestSlowReaderIsClosedAndCanResume(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	conn := &fakeConn{}
	s, _, _ := r.opened(conn)
	conn.take()
	n := 0
	for ; len(conn.closed()) == 0; n++ {
		if n > 100 {
			t.Fatal("a client that does not read was not closed")
		}
		r.deliver(large, s)
		r.settle(s)
	}
	if conn.codes[0] != discord.CloseUnknownError {
		t.Errorf("closed with %d", conn.codes[0])
	}
	next := &fakeConn{}
	l, err := s.resume(t.Context(), next, 1, resumedOf())
	if err != nil {
		t.Fatal(err)
	}
	next.Attach(l)
	r.deliver(dispatchOf(1), s)
	r.settle(s)
	got := 0
	for batch := next.take(); len(batch) > 0; batch = next.take() {
		got += len(batch)
	}
	if got != n+2 {
		t.Errorf("%d dispatches after the resume, want %d, RESUMED, and one more", got, n)
	}
}

// READY, or a guild, may be larger than all that a slow client may leave waiting.
func TestLargeReadyIsNoSlowReader(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.session()
	for range 3 {
		r.deliver(dispatchOf(1), s) // while READY is being made
	}
	conn := &fakeConn{}
	huge := codec.NewDispatch("READY", json.RawMessage(`"`+strings.Repeat("x", maxKept+1)+`"`))
	conn.Attach(s.open(conn, opening{first: huge, number: 1}))
	for range 10 {
		r.deliver(dispatchOf(2), s)
	}
	r.settle(s)
	if codes := conn.closed(); len(codes) > 0 {
		t.Fatalf("closed with %v", codes)
	}
	if got := conn.take(); len(got) != 1 || got[0].Shared != huge {
		t.Fatalf("%d dispatches before READY", len(got))
	}
	if got := conn.take(); len(got) != 13 || got[0].Seq <= 1 {
		t.Errorf("%d dispatches after READY", len(got))
	}
}

// While its client is away, a session keeps nothing of what others get, too, and what it has of its own is bounded: a client
// that comes back later than that must find another way.
func TestAwaySessionKeepsLittle(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	conn := &fakeConn{}
	s, l, _ := r.opened(conn)
	conn.take()
	s.disconnected(l)
	for range 20 {
		r.deliver(large, s)
	}
	r.settle(s)
	if s.queue.bytes != 0 || len(s.queue.entries) != 0 {
		t.Errorf("%d bytes are queued", s.queue.bytes)
	}
	for range 100 {
		r.deliver(large, s)
	}
	r.settle(s)
	if _, err := s.resume(t.Context(), &fakeConn{}, 1, resumedOf()); !errors.Is(err, errBehind) {
		t.Errorf("a resume from behind the history: %v", err)
	}
}

// A session gives back what it needed while something was queued.
func TestDrainedSessionHoldsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	conn := &fakeConn{}
	s, _, _ := r.opened(conn)
	for i := range 1000 {
		r.deliver(dispatchOf(i), s)
	}
	r.settle(s)
	var last int64
	for batch := conn.take(); len(batch) > 0; batch = conn.take() {
		last = batch[len(batch)-1].Seq
	}
	s.acknowledge(last)
	if s.queue.entries != nil || s.queue.bytes != 0 || s.kept.entries != nil || s.kept.bytes != 0 {
		t.Errorf("queue %+v, kept %+v", s.queue, s.kept)
	}
}

func TestTooMuchBeforeReadyInvalidates(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.session()
	for range maxHeld/large.Len() + 2 {
		r.deliver(large, s)
	}
	if why := r.endOf(s); why != "invalidated" {
		t.Errorf("ended: %s", why)
	}
}

func TestNumbersFit31Bits(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s, conn := r.session(), &fakeConn{}
	conn.Attach(s.open(conn, opening{first: resumedOf(), number: maxNumber - 1, has: maxNumber - 2}))
	s.recorded(s.start)
	r.deliver(dispatchOf(1), s)
	r.deliver(dispatchOf(2), s)
	if why := r.endOf(s); why != "invalidated" {
		t.Errorf("ended: %s", why)
	}
	for _, d := range conn.take() {
		if d.Seq > maxNumber {
			t.Errorf("s = %d", d.Seq)
		}
	}
}

func TestInvalidatedSessionTellsItsClient(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	conn := &fakeConn{}
	s, _, _ := r.opened(conn)
	s.Invalidate()
	r.endOf(s)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		conn.mu.Lock()
		told := len(conn.ops) == 1 && conn.ops[0] == discord.OpInvalidSession
		conn.mu.Unlock()
		if told {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("op 9 was not sent")
		}
	}
	r.deliver(dispatchOf(1), s)
	r.settle(s)
	if got := conn.take(); len(got) > 0 {
		t.Errorf("still gets %d dispatches", len(got))
	}
}

func TestRoom(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	conn := &fakeConn{}
	s, _, _ := r.opened(conn)
	if err := s.Room(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.DeliverOwn(journal.Entry{}, large)
	s.DeliverOwn(journal.Entry{}, large) // still in the line, perhaps
	got := make(chan error, 1)
	go func() { got <- s.Room(t.Context()) }()
	r.settle(s)
	for batch := conn.take(); len(batch) > 0; batch = conn.take() {
	}
	if err := <-got; err != nil {
		t.Errorf("after the client has read: %v", err)
	}
	s.DeliverOwn(journal.Entry{}, large)
	s.DeliverOwn(journal.Entry{}, large)
	go func() { got <- s.Room(t.Context()) }()
	s.End("test")
	if err := <-got; !errors.Is(err, ErrEnded) {
		t.Errorf("after the end: %v", err)
	}
}

// What changes a session's guilds waits for the record, and so does all after it.
func TestGuildsAreRecordedBeforeTheyAreTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	asked := make(chan struct{}, 10)
	r.host.save = func(*Session) { asked <- struct{}{} }
	conn := &fakeConn{}
	s, _, _ := r.opened(conn)
	conn.take()
	before, entered, after := dispatchOf(1), dispatchOf(2), dispatchOf(3)
	r.deliver(before, s)
	s.DeliverOwn(journal.Entry{Kind: journal.Entered, Log: 7}, entered)
	r.deliver(after, s)
	r.settle(s)
	if got := conn.take(); len(got) != 1 || got[0].Shared != before {
		t.Fatalf("got %d dispatches before the record is written", len(got))
	}
	<-asked
	change, more := s.unsaved()
	if !more || len(change.Guilds.IDs) != 1 || change.Guilds.IDs[0] != 7 {
		t.Fatalf("to save: %+v, %v", change, more)
	}
	s.saved(change.Guilds.At)
	if got := conn.take(); len(got) != 2 || got[0].Shared != entered || got[1].Shared != after {
		t.Errorf("got %d dispatches afterwards", len(got))
	}
	if _, more = s.unsaved(); more {
		t.Error("there is still something to save")
	}
	s.DeliverOwn(journal.Entry{Kind: journal.Left, Log: 7}, dispatchOf(4))
	r.settle(s)
	if got := conn.take(); len(got) != 0 {
		t.Errorf("a left guild is told before it is recorded")
	}
	<-asked
	if change, _ = s.unsaved(); len(change.Guilds.IDs) != 0 {
		t.Errorf("still in %v", change.Guilds.IDs)
	}
	s.saved(change.Guilds.At)
	if got := conn.take(); len(got) != 1 {
		t.Errorf("got %d dispatches", len(got))
	}
}

// A session that has moved here sends again under the old numbers, and goes on above.
func TestOpeningWithAReplay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.session()
	held := dispatchOf(9)
	r.deliver(held, s)
	r.settle(s)
	conn := &fakeConn{}
	again, later, resumed := dispatchOf(1), dispatchOf(2), resumedOf()
	conn.Attach(s.open(conn, opening{
		first: resumed, number: 1001, has: 100, replay: []numbered{{101, again}, {1000, later}},
	}))
	want := []*codec.Shared{again, later, resumed, held}
	check := func(got []socket.Dispatch, want ...*codec.Shared) {
		t.Helper()
		last := int64(100)
		for i, d := range got {
			if i < len(want) && d.Shared != want[i] || d.Seq <= last {
				t.Errorf("dispatch %d has number %d after %d, or is another", i, d.Seq, last)
			}
			last = d.Seq
		}
		if len(got) != len(want) {
			t.Errorf("got %d dispatches, want %d", len(got), len(want))
		}
	}
	got := conn.take()
	check(got, want...)
	if got[0].Seq != 101 || got[1].Seq != 1000 || got[2].Seq != 1001 {
		t.Errorf("numbers %d, %d, %d", got[0].Seq, got[1].Seq, got[2].Seq)
	}
	// The client may have lost all of it.
	conn = &fakeConn{}
	once := resumedOf()
	l, err := s.resume(t.Context(), conn, 100, once)
	if err != nil {
		t.Fatal(err)
	}
	conn.Attach(l)
	check(conn.take(), again, later, held, once)
	if _, err := s.resume(t.Context(), &fakeConn{}, 99, resumedOf()); !errors.Is(err, errBehind) {
		t.Errorf("from before the move: %v", err)
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	w := window{limit: 3, every: time.Minute, began: begun, n: 1} // one was passed by the router
	for i, want := range []bool{true, true, false, false} {
		if got := w.take(begun.Add(time.Second)); got != want {
			t.Errorf("action %d: %v", i+2, got)
		}
	}
	if !w.take(begun.Add(time.Minute)) {
		t.Error("the next window refuses its first action")
	}
}

// Delivering to a session whose client keeps up.
func BenchmarkAccept(b *testing.B) {
	r := newRig(b)
	conn := &fakeConn{}
	s, l, _ := r.opened(conn)
	d := codec.NewDispatch("MESSAGE_CREATE", json.RawMessage(`"`+strings.Repeat("x", 1000)+`"`))
	batch := make([]socket.Dispatch, 0, batchEntries)
	position := s.start
	b.ReportAllocs()
	for b.Loop() {
		position++
		s.Accept(position, d)
		batch = l.Next(batch[:0])
	}
}
