package session

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"guildhall.chat/guildhall/gateway/fanout"
	"guildhall.chat/guildhall/gateway/socket"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// maxEntries and maxBytes bound what a session keeps for a replay.
	maxEntries = 8192
	maxBytes   = 16 << 20
	// maxUnsent bounds what waits for a client that is connected, in bytes; one that reads more slowly is closed.
	maxUnsent = 8 << 20
	// roomBelow is how little must wait before a session is given more of what can be had later, in bytes.
	roomBelow = 1 << 20
	// batchBytes and batchEntries bound what goes into one write.
	batchBytes   = 64 << 10
	batchEntries = 256
)

// Transport is the connection of a session; see socket.Conn.
type Transport interface {
	Send(op discord.Opcode, d any)
	Attach(socket.Source)
	Wake()
	CompressPayloads()
	Close(code discord.CloseCode, reason string)
	CloseWith(code discord.CloseCode)
	Expect(until time.Time)
}

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
	link      *link // nil while no connection is attached
	waiting   *time.Timer
	ended     bool
	requests  []memberRequest // op 8s that wait
	answering bool            // somebody answers them
	room      chan struct{}   // closed when it is worth looking for room again; nil when nobody waits
}

// link is the place that one connection has reached in the session.
type link struct {
	session *Session
	conn    Transport
	next    int64 // everything up to here is taken
}

// ErrEnded says that the session is over.
var ErrEnded = errors.New("session has ended")

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
	// A single large dispatch is not the client's fault.
	overflow = s.link != nil && s.unsent > maxUnsent
	s.buffer.add(e)
	keep := s.seq - 1
	if s.link != nil {
		s.unsent += e.size()
		keep = s.link.next
	}
	s.buffer.trim(maxEntries, maxBytes, keep)
	return overflow || s.link == nil && !s.resumable()
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

// start makes conn the connection of a new session.
func (s *Session) start(conn Transport) *link {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attach(conn, 0)
}

// attach makes conn the session's connection. after is the last seq that the client has. The lock is held.
func (s *Session) attach(conn Transport, after int64) *link {
	if s.waiting != nil {
		s.waiting.Stop()
		s.waiting = nil
	}
	l := &link{session: s, conn: conn, next: after}
	s.link, s.unsent = l, s.buffer.size(after)
	return l
}

// live reports whether l is still the session's link.
func (l *link) live() bool {
	l.session.mu.Lock()
	defer l.session.mu.Unlock()
	return l.session.link == l
}

// Next implements socket.Source. A connection that is no longer the session's gets nothing.
func (l *link) Next(batch []socket.Dispatch) []socket.Dispatch {
	s := l.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link != l {
		return batch
	}
	queueDepth.Observe(float64(s.unsent))
	bytes := 0
	for _, e := range s.buffer.after(l.next) {
		if bytes >= batchBytes || len(batch) >= batchEntries {
			break
		}
		l.next = e.seq
		if e.d == nil {
			continue
		}
		bytes += e.size()
		batch = append(batch, socket.Dispatch{Seq: e.seq, Shared: e.d})
	}
	s.unsent -= bytes
	s.sent = max(s.sent, l.next)
	if s.unsent < roomBelow {
		s.signalRoom()
	}
	return batch
}

func (s *Session) signalRoom() {
	if s.room != nil {
		close(s.room)
		s.room = nil
	}
}

// Room waits until little is unsent, so that what can be had later, as guilds after READY or the chunks of a member list,
// does not fill the buffer. It fails when the session has ended or ctx has.
func (s *Session) Room(ctx context.Context) error {
	for {
		s.mu.Lock()
		if s.ended {
			s.mu.Unlock()
			return ErrEnded
		}
		if !s.opened || s.link != nil && s.unsent < roomBelow {
			s.mu.Unlock()
			return nil
		}
		if s.room == nil {
			s.room = make(chan struct{})
		}
		room := s.room
		s.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// acknowledge is told the seq of a heartbeat.
func (s *Session) acknowledge(seq int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buffer.acknowledge(min(seq, s.sent))
}

// unlink detaches the connection and begins the resume window. The lock is held.
func (s *Session) unlink() {
	s.link, s.unsent = nil, 0
	s.waiting = time.AfterFunc(s.window, s.expire)
}

// expire ends the session if it still waits.
func (s *Session) expire() {
	s.mu.Lock()
	if s.link != nil || s.ended {
		s.mu.Unlock()
		return
	}
	s.close()
	s.mu.Unlock()
	s.ending("expired")
}

// disconnected is told that l's connection is gone.
func (s *Session) disconnected(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == l && !s.ended {
		s.unlink()
	}
}

// leave ends the session if l is still its connection: the client has closed it for good.
func (s *Session) leave(l *link) {
	if l.live() {
		s.End("left")
	}
}

// sit gives the session its place in the fan-out; false if it has ended meanwhile.
func (s *Session) sit(place *fanout.Place) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.place = place
	return true
}

// takePlace returns the place, once.
func (s *Session) takePlace() *fanout.Place {
	s.mu.Lock()
	defer s.mu.Unlock()
	place := s.place
	s.place = nil
	return place
}

func (s *Session) currentPlace() *fanout.Place {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.place
}

// inGuild reports whether the session gets the guild's events.
func (s *Session) inGuild(guild snowflake.ID) bool {
	place := s.currentPlace()
	return place != nil && place.In(guild)
}

// CheckCredentials has the session closed if what it has identified with is no longer good. It may be called with locks
// held.
func (s *Session) CheckCredentials() { go s.recheck(s) }

// Invalidate ends a session that can't be kept exact, and tells the client to identify anew. It may be called with locks
// held.
func (s *Session) Invalidate() {
	go func() {
		if l := s.end("invalidated"); l != nil {
			l.conn.Send(discord.OpInvalidSession, false)
		}
	}()
}

// End ends the session. Its connection, if any, stays. why is a label of the metric.
func (s *Session) End(why string) { s.end(why) }

// end returns the link that the session had; nil too if it was over already.
func (s *Session) end(why string) *link {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return nil
	}
	l := s.link
	s.close()
	s.mu.Unlock()
	if l != nil {
		l.conn.Attach(nil)
	}
	s.ending(why)
	return l
}

// close marks the session as ended. The lock is held.
func (s *Session) close() {
	s.ended = true
	s.link, s.held, s.buffer = nil, nil, buffer{}
	if s.waiting != nil {
		s.waiting.Stop()
	}
	s.signalRoom()
}

// ending takes an ended session out of where it was.
func (s *Session) ending(why string) {
	sessionsEnded.WithLabelValues(why).Inc()
	s.onEnd(s)
}

// over reports whether the session has ended.
func (s *Session) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}
