package session

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"guildhall.chat/guildhall/gateway/socket"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeConn is a connection whose client reads when the test says so.
type fakeConn struct {
	mu     sync.Mutex
	source socket.Source
	codes  []discord.CloseCode
	ops    []discord.Opcode
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
}
func (c *fakeConn) Wake()             {}
func (c *fakeConn) CompressPayloads() {}
func (c *fakeConn) Close(code discord.CloseCode, _ string) {
	c.mu.Lock()
	c.codes = append(c.codes, code)
	c.mu.Unlock()
}
func (c *fakeConn) CloseWith(code discord.CloseCode) { c.Close(code, "") }
func (c *fakeConn) Expect(time.Time)                 {}

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

func newSession() (s *Session, ended chan struct{}) {
	ended = make(chan struct{})
	return &Session{ID: "id", window: time.Hour, onEnd: func(*Session) { close(ended) }}, ended
}

func numbered(n int) *codec.Shared {
	return codec.NewDispatch("X", json.RawMessage(strconv.Itoa(n)))
}

var resumed = codec.NewDispatch(discord.EventResumed, json.RawMessage(`{}`))

// Whatever happens to connections, and wherever in a batch they break, a client that resumes from what it has seen gets
// everything once and in order, under numbers that never change.
func TestNothingIsLostOrRepeated(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, _ := newSession()
		conn := &fakeConn{}
		l := s.start(conn)
		s.Open(numbered(0))
		conn.Attach(l)
		delivered := []*codec.Shared{s.buffer.entries[0].d}
		var seen []*codec.Shared // without RESUMED
		numbers := map[*codec.Shared]int64{}
		var last int64 // the client's seq
		receive := func(batch []socket.Dispatch) {
			for _, d := range batch {
				if d.Seq <= last {
					t.Fatalf("seq %d after %d", d.Seq, last)
				}
				last = d.Seq
				if d.Shared == resumed {
					continue
				}
				if before, known := numbers[d.Shared]; known && before != d.Seq {
					t.Fatalf("number %d became %d", before, d.Seq)
				}
				seen = append(seen, d.Shared)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"deliver": func(t *rapid.T) {
				d := numbered(len(delivered))
				delivered = append(delivered, d)
				if rapid.Bool().Draw(t, "own") {
					s.DeliverOwn(d)
				} else {
					s.Deliver(d)
				}
			},
			"read": func(*rapid.T) { receive(conn.take()) },
			"beat": func(*rapid.T) { s.acknowledge(last) },
			"break": func(t *rapid.T) {
				batch := conn.take()
				for _, d := range batch {
					numbers[d.Shared] = d.Seq
				}
				receive(batch[:rapid.IntRange(0, len(batch)).Draw(t, "arrived")])
				if rapid.Bool().Draw(t, "noticed") {
					s.disconnected(l)
				}
				old := conn
				conn = &fakeConn{}
				var err error
				if l, err = s.resume(conn, last, resumed); err != nil {
					t.Fatalf("resume at %d: %v", last, err)
				}
				conn.Attach(l)
				if got := old.take(); len(got) > 0 {
					t.Fatalf("the old connection still gets %d dispatches", len(got))
				}
			},
		})
		for batch := conn.take(); len(batch) > 0; batch = conn.take() {
			receive(batch)
		}
		if len(seen) != len(delivered) {
			t.Fatalf("%d seen, %d delivered", len(seen), len(delivered))
		}
		for i := range seen {
			if seen[i] != delivered[i] {
				t.Fatalf("dispatch %d is out of order", i)
			}
		}
	})
}

func TestReadyIsFirst(t *testing.T) {
	t.Parallel()
	s, _ := newSession()
	early := numbered(1)
	s.Deliver(early)
	conn := &fakeConn{}
	ready := numbered(0)
	l := s.start(conn)
	s.Open(ready)
	conn.Attach(l)
	got := conn.take()
	if len(got) != 2 || got[0].Shared != ready || got[0].Seq != 1 || got[1].Shared != early {
		t.Errorf("got %+v", got)
	}
}

var large = codec.NewDispatch("X", json.RawMessage(`"`+strings.Repeat("x", 1<<20)+`"`))

func TestSlowReaderIsClosedAndCanResume(t *testing.T) {
	t.Parallel()
	s, _ := newSession()
	conn := &fakeConn{}
	l := s.start(conn)
	s.Open(numbered(0))
	conn.Attach(l)
	conn.take()
	n := 0
	for ; len(conn.codes) == 0; n++ {
		if n > 100 {
			t.Fatal("a client that does not read was not closed")
		}
		s.Deliver(large)
	}
	if conn.codes[0] != discord.CloseUnknownError {
		t.Errorf("closed with %d", conn.codes[0])
	}
	next := &fakeConn{}
	l, err := s.resume(next, 1, resumed)
	if err != nil {
		t.Fatal(err)
	}
	next.Attach(l)
	got := 0
	for batch := next.take(); len(batch) > 0; batch = next.take() {
		got += len(batch)
	}
	if got != n+1 {
		t.Errorf("%d dispatches after the resume, want %d and RESUMED", got, n)
	}
}

// READY, or a guild, may be larger than all that a slow client may leave waiting.
func TestLargeReadyIsNoSlowReader(t *testing.T) {
	t.Parallel()
	s, _ := newSession()
	conn := &fakeConn{}
	for range 3 {
		s.Deliver(numbered(1)) // while READY is being made
	}
	l := s.start(conn)
	huge := codec.NewDispatch("READY", json.RawMessage(`"`+strings.Repeat("x", maxBytes+1)+`"`))
	s.Open(huge)
	conn.Attach(l)
	for range 10 {
		s.Deliver(numbered(2))
	}
	if len(conn.codes) > 0 {
		t.Fatalf("closed with %v", conn.codes)
	}
	if got := conn.take(); len(got) != 1 || got[0].Shared != huge {
		t.Fatalf("%d dispatches before READY", len(got))
	}
	if got := conn.take(); len(got) != 13 || got[0].Seq != 2 {
		t.Errorf("%d dispatches after READY", len(got))
	}
}

// Over the bound the session of a client that is away ends: it could not be told everything.
func TestOverflowWhileAwayEndsTheSession(t *testing.T) {
	t.Parallel()
	s, ended := newSession()
	conn := &fakeConn{}
	l := s.start(conn)
	s.Open(numbered(0))
	conn.Attach(l)
	conn.take()
	s.disconnected(l)
	for range maxBytes/large.Len() + 2 {
		s.Deliver(large)
	}
	<-ended
	if _, err := s.resume(&fakeConn{}, 1, resumed); !errors.Is(err, ErrEnded) {
		t.Errorf("resume: %v", err)
	}
}

func TestOverflowBeforeReadyInvalidates(t *testing.T) {
	t.Parallel()
	s, ended := newSession()
	for range maxBytes/large.Len() + 2 {
		s.Deliver(large)
	}
	<-ended
}

func TestInvalidatedSessionTellsItsClient(t *testing.T) {
	t.Parallel()
	s, ended := newSession()
	conn := &fakeConn{}
	l := s.start(conn)
	s.Open(numbered(0))
	conn.Attach(l)
	s.Invalidate()
	<-ended
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
	s.Deliver(numbered(1))
	if got := conn.take(); len(got) > 0 {
		t.Errorf("still gets %d dispatches", len(got))
	}
}

func TestRoom(t *testing.T) {
	t.Parallel()
	s, _ := newSession()
	conn := &fakeConn{}
	l := s.start(conn)
	s.Open(numbered(0))
	conn.Attach(l)
	if err := s.Room(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Deliver(large)
	s.Deliver(large)
	got := make(chan error, 1)
	go func() { got <- s.Room(t.Context()) }()
	for batch := conn.take(); len(batch) > 0; batch = conn.take() {
	}
	if err := <-got; err != nil {
		t.Errorf("after the client has read: %v", err)
	}
	s.Deliver(large)
	s.Deliver(large)
	go func() { got <- s.Room(t.Context()) }()
	s.End("test")
	if err := <-got; !errors.Is(err, ErrEnded) {
		t.Errorf("after the end: %v", err)
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
func BenchmarkDeliver(b *testing.B) {
	s, _ := newSession()
	conn := &fakeConn{}
	l := s.start(conn)
	s.Open(numbered(0))
	conn.Attach(l)
	d := codec.NewDispatch("MESSAGE_CREATE", json.RawMessage(`"`+strings.Repeat("x", 1000)+`"`))
	batch := make([]socket.Dispatch, 0, batchEntries)
	b.ReportAllocs()
	for b.Loop() {
		s.Deliver(d)
		batch = conn.source.Next(batch[:0])
	}
}
