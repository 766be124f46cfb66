package session

import (
	"sync"
	"sync/atomic"
	"time"

	"guildhall.chat/guildhall/gateway/fanout"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/presence"
)

const (
	// maxEntries and maxBytes bound what a session keeps for a replay.
	maxEntries = 8192
	maxBytes   = 16 << 20
	// maxBacklog bounds the events that wait for a client that is connected, in bytes; one that reads more slowly is
	// closed. What is made for the session alone does not count: it may be larger at once, but comes at the client's pace.
	maxBacklog = 8 << 20
)

// Session is a numbered stream of dispatches to one client. It is a fanout.Subscriber.
type Session struct {
	ID       string
	Account  Account
	profile  fanout.Profile
	window   time.Duration // how long it waits without a connection
	recheck  func(*Session)
	onEnd    func(*Session)
	client   presence.Client              // the kind of program
	presence atomic.Pointer[announcement] // nil before READY

	mu        sync.Mutex
	place     *fanout.Place // nil before it has joined, and after its end
	opened    bool          // READY is in the buffer
	held      []entry       // what came before READY; no seq yet
	heldBytes int
	buffer    buffer
	seq       int64 // last given
	sent      int64 // last that any connection has taken
	unsent    int   // bytes that the link has yet to take
	backlog   int   // those of them that other sessions get too
	link      *link // nil while no connection is attached
	waiting   *time.Timer
	ended     bool
	requests  []memberRequest // op 8s that wait
	answering bool            // somebody answers them
	room      chan struct{}   // closed when it is worth looking for room again; nil when nobody waits
}

// Profile tells fan-out what the session may receive.
func (s *Session) Profile() fanout.Profile { return s.profile }

// Deliver adds a dispatch that other sessions get too.
func (s *Session) Deliver(d *codec.Shared) { s.add(d, false) }

// DeliverOwn adds a dispatch that was made for this session.
func (s *Session) DeliverOwn(d *codec.Shared) { s.add(d, true) }

func (s *Session) add(d *codec.Shared, own bool) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	if !s.opened {
		e := entry{d: d, own: own}
		s.held = append(s.held, e)
		s.heldBytes += e.size()
		tooMuch := s.heldBytes > maxBytes || len(s.held) > maxEntries
		s.mu.Unlock()
		if tooMuch {
			s.Invalidate()
		}
		return
	}
	overflow := s.append(d, own)
	l := s.link
	if overflow && l != nil {
		s.unlink()
		slowReaders.Inc()
	}
	hopeless := overflow && !s.resumable()
	s.mu.Unlock()
	switch {
	case hopeless:
		go s.End("overflow")
	case overflow && l != nil:
		l.conn.Close(discord.CloseUnknownError, "The client reads too slowly.")
	case l != nil:
		l.conn.Wake()
	}
}

// append numbers a dispatch and adds it; it reports whether more waits than may. The lock is held.
func (s *Session) append(d *codec.Shared, own bool) (overflow bool) {
	s.seq++
	e := entry{seq: s.seq, d: d, own: own}
	s.buffer.add(e)
	if s.link == nil {
		s.buffer.trim(maxEntries, maxBytes, s.seq)
		return !s.resumable()
	}
	s.unsent += e.size()
	if !own {
		s.backlog += e.size()
	}
	s.buffer.trim(maxEntries, maxBytes, s.link.next) // what is unsent stays
	return s.backlog > maxBacklog
}

// resumable reports whether a client that has all that was sent can be given the rest. The lock is held.
func (s *Session) resumable() bool { return s.buffer.floor <= s.sent }

// Open makes READY the first dispatch, and lets what came before it follow.
func (s *Session) Open(ready *codec.Shared) {
	s.mu.Lock()
	s.opened = true
	s.append(ready, true)
	for _, e := range s.held {
		s.append(e.d, e.own)
	}
	s.held = nil
	l := s.link
	s.mu.Unlock()
	if l != nil {
		l.conn.Wake()
	}
}
