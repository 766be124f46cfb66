package session

import (
	"context"
	"time"

	"guildhall.chat/guildhall/gateway/socket"
	"guildhall.chat/guildhall/internal/discord"
)

const (
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

// link is the place that one connection has reached in the session.
type link struct {
	session *Session
	conn    Transport
	next    int64 // everything up to here is taken
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
	s.link = l
	s.unsent, s.backlog = s.buffer.size(after)
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
		if !e.own {
			s.backlog -= e.size()
		}
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
