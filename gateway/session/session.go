package session

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/gateway/fanout"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/presence"
)

const (
	// maxHeld bounds what is held back until READY or RESUMED is out, in bytes.
	maxHeld = 16 << 20
	// maxKept bounds what is kept of what was made for the session alone and is sent but not acknowledged, in bytes.
	maxKept = 16 << 20
)

// host is what the sessions of a server have in common.
type host struct {
	line       *delivery.Line
	window     time.Duration // how long a session waits without a connection
	maxBacklog int           // bytes of shared dispatches that may wait for a client that is connected
	save       func(*Session)
	recheck    func(*Session)
	over       func(s *Session, why string)
}

// Session is a numbered stream of dispatches to one client. It is a fanout.Subscriber: it takes its dispatches from one lane
// of the pod's line, and a dispatch's number is its position and the session's base.
type Session struct {
	host    *host
	number  uint64
	lane    int
	start   int64 // position of READY, or of the RESUMED of a session that has moved here: before all that is delivered
	profile fanout.Profile

	mu        sync.Mutex
	base      int64
	link      *link // nil while no connection is attached
	held      bool  // what comes is queued and not sent: READY or RESUMED is on its way
	opened    bool  // READY, or the RESUMED of a session that has moved here, was queued
	ended     bool
	why       string // it has ended
	answering bool   // somebody answers the requests
	sent      int64  // position of the last dispatch that any connection has taken
	ahead     int    // bytes of own dispatches that are still in the line
	queue     queue
	kept      kept
	barriers  []barrier     // ascending
	resuming  *resumption   // nil unless a RESUME is under way
	passing   chan struct{} // see pass
	waiting   *time.Timer   // for the end, while no connection is attached
	room      chan struct{} // closed when it is worth looking for room again; nil when nobody waits
	place     *fanout.Place // nil before it has joined, and after its end
	state     state         // what its record says
	requests  []memberRequest
	asked     int64 // number of the last request

	subscribed *subscriptions // nil: never asked for anything

	ID       string
	key      uint64 // of its entries in the journal
	Account  Account
	client   presence.Client              // the kind of program
	presence atomic.Pointer[announcement] // nil before READY
}

var sessionNumbers atomic.Uint64

// newSession returns a session that holds back what it is delivered, until it is opened.
func newSession(h *host, id string, account Account, profile fanout.Profile) *Session {
	profile.Session = id
	start := h.line.Reserve()
	return &Session{
		host: h, ID: id, key: journal.Key(id), Account: account, profile: profile,
		number: sessionNumbers.Add(1), lane: h.line.NextLane(), start: start, base: 1 - start, held: true,
		state: state{from: 1, at: start},
	}
}

// Number implements delivery.Receiver.
func (s *Session) Number() uint64 { return s.number }

// Lane implements delivery.Receiver.
func (s *Session) Lane() int { return s.lane }

// Profile tells fan-out what the session may receive.
func (s *Session) Profile() fanout.Profile { return s.profile }

// Accept implements delivery.Receiver. What comes while no connection is attached is not queued: the line's history has it.
func (s *Session) Accept(position int64, d *codec.Shared) (flush bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.enqueue(queued{position, d, true})
}

// maxNumber is the highest `s`: some libraries have 32 bits for it (Discord.Net, say). A session that gets there, when its pod has
// dispatched two thousand million events, identifies anew.
const maxNumber = math.MaxInt32

// enqueue queues a dispatch if there is a use for it; flush says that nobody is about to send it. The lock is held.
func (s *Session) enqueue(e queued) (flush bool) {
	if s.link == nil && !s.held || s.ended {
		return false
	}
	if s.base+e.position > maxNumber {
		s.Invalidate()
		return false
	}
	s.queue.add(e)
	switch {
	case s.held:
		if s.queue.bytes > maxHeld {
			s.tooMuchHeld()
		}
		return false
	case s.queue.backlog > s.host.maxBacklog:
		s.tooSlow()
		return false
	}
	return len(s.queue.entries) == 1
}

// tooSlow takes the connection from a client that does not keep up. The lock is held.
func (s *Session) tooSlow() {
	slowReaders.Inc()
	s.detach().conn.Close(discord.CloseUnknownError, "The client reads too slowly.")
}

// tooMuchHeld gives up what more and more waits for. The lock is held.
func (s *Session) tooMuchHeld() {
	if s.opened {
		s.abandon()
	} else {
		s.Invalidate()
	}
	s.queue.clear()
}

// Flush implements delivery.Receiver.
func (s *Session) Flush() {
	s.mu.Lock()
	l := s.link
	s.mu.Unlock()
	if l != nil {
		l.conn.Flush()
	}
}

// DeliverOwn implements fanout.Subscriber. The session keeps the dispatch until the client has surely received it.
func (s *Session) DeliverOwn(entry journal.Entry, d *codec.Shared) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	if entry.Kind == journal.Entered && d == nil && !s.opened {
		s.applyGuild(s.start, entry)
		entry.Kind = journal.Seated // it is in READY, or the client has it from before the session moved here
	}
	if d != nil {
		s.ahead += size(d)
	}
	s.mu.Unlock()
	entry.Session = s.key
	s.host.line.Submit(&delivery.Delivery{Entry: entry, Alone: s, Own: d})
}

// AcceptOwn implements delivery.Receiver.
func (s *Session) AcceptOwn(position int64, d *delivery.Delivery) (flush bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.Own == nil && d.Entry.Kind == 0 {
		close(s.passing)
		s.passing = nil
		return false
	}
	if s.ended {
		return false
	}
	s.noteGuild(position, d.Entry)
	switch {
	case d.Own == nil:
		return false
	case d.Own.Name() == discord.EventResumed:
		s.reached(position, d.Own)
		return false
	}
	s.ahead -= size(d.Own)
	s.kept.add(position, d.Own)
	s.kept.trim(maxKept, s.sent)
	return s.enqueue(queued{position: position, d: d.Own})
}

// pass returns a channel that is closed when all that has been submitted is out of the line, and so in the journal. It is
// called once, before open: what a client knows from the beginning must be known to who continues the session elsewhere.
func (s *Session) pass() <-chan struct{} {
	s.mu.Lock()
	s.passing = make(chan struct{})
	passed := s.passing
	s.mu.Unlock()
	s.host.line.Submit(&delivery.Delivery{Alone: s})
	return passed
}

// opening is how a session's stream begins on this pod.
type opening struct {
	first  *codec.Shared // READY, or RESUMED
	number int64         // s of first
	// What comes right after READY; nil: nothing. Its position was reserved before the session joined.
	second   *codec.Shared
	secondAt int64
	// Of a session that has moved here: what the client has, and what it is sent again ahead of first.
	has    int64
	replay []numbered
}

// numbered is a dispatch with the number that it has, or had.
type numbered struct {
	s int64
	d *codec.Shared
}

// open begins the stream on a connection; what was held back follows. It returns nil if the session has ended.
func (s *Session) open(conn Transport, o opening) *link {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil
	}
	s.base, s.state.from = o.number-s.start, o.number
	s.sent = o.has - s.base
	s.kept.floor = s.sent
	first := make([]queued, 0, len(o.replay)+1)
	for _, n := range o.replay {
		first = append(first, queued{position: n.s - s.base, d: n.d})
	}
	keep := first
	first = append(first, queued{position: s.start, d: o.first})
	if o.second != nil {
		first = append(first, queued{position: o.secondAt, d: o.second})
	}
	if o.first.Name() != discord.EventResumed { // which must not be sent again
		keep = first
	}
	s.kept.putInFront(keep)
	s.queue.putInFront(first)
	s.opened = true
	return s.attach(conn)
}
