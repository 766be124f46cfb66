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
	// batchBytes and batchEntries bound what is taken at once.
	batchBytes   = 64 << 10
	batchEntries = 256
)

// Transport is the connection of a session; see socket.Conn.
type Transport interface {
	Send(op discord.Opcode, d any)
	Attach(socket.Source)
	Wake()
	Flush()
	CompressPayloads()
	Close(code discord.CloseCode, reason string)
	CloseWith(code discord.CloseCode)
	Expect(until time.Time)
}

// link ties a session to one connection: the session has one that is live at most.
type link struct {
	session *Session
	conn    Transport
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
	n, bytes := 0, 0
	for _, e := range s.queue.entries {
		if bytes >= batchBytes || n >= batchEntries || s.barred(e.position) {
			break
		}
		bytes += size(e.d)
		s.sent = max(s.sent, e.position)
		batch = append(batch, socket.Dispatch{Seq: s.base + e.position, Shared: e.d})
		n++
	}
	s.queue.drop(n)
	if s.queue.bytes > 0 {
		queueDepth.Observe(float64(s.queue.bytes))
	}
	if s.room != nil && s.hasRoom() {
		s.signalRoom()
	}
	return batch
}

// hasRoom reports whether little is unsent. The lock is held.
func (s *Session) hasRoom() bool { return s.queue.bytes+s.ahead < roomBelow }

func (s *Session) signalRoom() {
	if s.room != nil {
		close(s.room)
		s.room = nil
	}
}

// Room waits until little is unsent, so that what can be had later, as guilds after READY or the chunks of a member list,
// is not made before it can be sent. It fails when the session has ended or ctx has.
func (s *Session) Room(ctx context.Context) error {
	for {
		s.mu.Lock()
		if s.ended {
			s.mu.Unlock()
			return ErrEnded
		}
		if !s.opened || s.link != nil && s.hasRoom() {
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

// acknowledge is told the seq of a heartbeat: the client has surely received everything until then.
func (s *Session) acknowledge(seq int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.letGo(min(seq-s.base, s.sent))
}
