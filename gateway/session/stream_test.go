package session

import (
	"context"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/gateway/socket"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

// observer is a client that checks what it gets: everything once and in order, under numbers that rise and never change.
type observer struct {
	fatal   func(format string, args ...any)
	mu      sync.Mutex
	last    int64           // the client's seq
	seen    []*codec.Shared // without RESUMED
	numbers map[*codec.Shared]int64
}

func (o *observer) receive(batch []socket.Dispatch) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range batch {
		if d.Seq <= o.last {
			o.fatal("seq %d after %d", d.Seq, o.last)
		}
		o.last = d.Seq
		if d.Name() != discord.EventResumed {
			o.note(d)
			o.seen = append(o.seen, d.Shared)
		}
	}
}

// note remembers the number of a dispatch that was sent, received or not.
func (o *observer) note(d socket.Dispatch) {
	if before, known := o.numbers[d.Shared]; known && before != d.Seq {
		o.fatal("number %d became %d", before, d.Seq)
	}
	o.numbers[d.Shared] = d.Seq
}

func (o *observer) at() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

func (o *observer) mustHave(delivered []*codec.Shared) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.seen) != len(delivered) {
		o.fatal("%d seen, %d delivered", len(o.seen), len(delivered))
	}
	for i := range o.seen {
		if o.seen[i] != delivered[i] {
			o.fatal("dispatch %d is out of order", i)
		}
	}
}

// Whatever happens to connections, and wherever in a batch they break, a client that resumes from what it has seen gets
// everything once and in order.
func TestNothingIsLostOrRepeated(t *testing.T) {
	t.Parallel()
	rig := newRig(t)
	rapid.Check(t, func(t *rapid.T) {
		conn := &fakeConn{}
		s, l, ready := rig.opened(conn)
		client := &observer{fatal: t.Fatalf, numbers: map[*codec.Shared]int64{}}
		delivered := []*codec.Shared{ready}
		t.Repeat(map[string]func(*rapid.T){
			"deliver": func(t *rapid.T) {
				d := dispatchOf(len(delivered))
				delivered = append(delivered, d)
				switch rapid.IntRange(0, 3).Draw(t, "kind") {
				case 0:
					s.DeliverOwn(journal.Entry{}, d)
				case 1:
					kind := rapid.SampledFrom([]journal.Kind{journal.Entered, journal.Left}).Draw(t, "change")
					s.DeliverOwn(journal.Entry{Kind: kind, Log: 7}, d)
				default:
					rig.deliver(d, s)
				}
			},
			"settle": func(*rapid.T) { rig.settle(s) },
			"read":   func(*rapid.T) { client.receive(conn.take()) },
			"beat":   func(*rapid.T) { s.acknowledge(client.last) },
			"break": func(t *rapid.T) {
				batch := conn.take()
				for _, d := range batch {
					client.note(d)
				}
				client.receive(batch[:rapid.IntRange(0, len(batch)).Draw(t, "arrived")])
				if rapid.Bool().Draw(t, "noticed") {
					s.disconnected(l)
				}
				if rapid.Bool().Draw(t, "given up") {
					// The next RESUME may find this one anywhere on its way.
					ctx, cancel := context.WithCancel(context.Background())
					go cancel()
					_, _ = s.resume(ctx, &fakeConn{}, client.last, resumedOf())
				}
				old := conn
				conn = &fakeConn{}
				var err error
				if l, err = s.resume(context.Background(), conn, client.last, resumedOf()); err != nil {
					t.Fatalf("resume at %d: %v", client.last, err)
				}
				conn.Attach(l)
				if got := old.take(); len(got) > 0 {
					t.Fatalf("the old connection still gets %d dispatches", len(got))
				}
			},
		})
		rig.settle(s)
		for deadline := time.Now().Add(10 * time.Second); len(client.seen) < len(delivered); {
			client.receive(conn.take())
			if time.Now().After(deadline) {
				break
			}
		}
		client.receive(conn.take())
		client.mustHave(delivered)
		s.End("test")
	})
}

// The same with everything at once: deliveries from several sides, connections that break and compete, and nothing that
// looks for what was forgotten to be sent.
func TestResumesRaceDeliveries(t *testing.T) {
	t.Parallel()
	rig := newRig(t)
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	for range rounds {
		raceOnce(t, rig)
	}
}

func raceOnce(t *testing.T, rig *rig) {
	t.Helper()
	client := &observer{fatal: t.Errorf, numbers: map[*codec.Shared]int64{}}
	connect := func() *fakeConn { return &fakeConn{eager: client.receive} }
	conn := connect()
	s, _, ready := rig.opened(conn)
	defer s.End("test")

	const n = 300
	var order sync.Mutex // of the view
	delivered := []*codec.Shared{ready}
	var views sync.WaitGroup
	for view := range 3 {
		views.Go(func() {
			for i := range n {
				d := dispatchOf(i)
				order.Lock()
				delivered = append(delivered, d)
				switch {
				case view == 0 && i%20 == 0:
					s.DeliverOwn(journal.Entry{Kind: journal.Entered + journal.Kind(i/20%2), Log: 7}, d)
				case view == 0:
					s.DeliverOwn(journal.Entry{}, d)
				default:
					rig.deliver(d, s)
				}
				order.Unlock()
			}
		})
	}
	for range 20 {
		// The connection ends; then nothing more of it arrives at the client.
		conn.mu.Lock()
		conn.source = nil
		conn.mu.Unlock()
		conn.taking.Lock()
		conn.taking.Unlock() //nolint:staticcheck // waits for the last that is on its way
		// Two of the client's attempts compete; one of them it has given up.
		ctx, cancel := context.WithCancel(t.Context())
		var lost sync.WaitGroup
		lost.Go(func() { _, _ = s.resume(ctx, &fakeConn{}, client.at(), resumedOf()) })
		lost.Go(cancel)
		next := connect()
		l, err := s.resume(t.Context(), next, client.at(), resumedOf())
		lost.Wait()
		for err != nil || !l.live() {
			next = connect()
			l, err = s.resume(t.Context(), next, client.at(), resumedOf())
		}
		conn = next
		conn.Attach(l)
	}
	views.Wait()
	rig.settle(s)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		client.mu.Lock()
		done := len(client.seen) >= len(delivered)
		client.mu.Unlock()
		if done {
			break
		}
	}
	client.mustHave(delivered)
}
