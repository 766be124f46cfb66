package session

import (
	"errors"
	"time"

	"guildhall.chat/guildhall/gateway/fanout"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// ErrEnded says that the session is over.
var ErrEnded = errors.New("session has ended")

// attach makes conn the session's connection, and lets out what was held back. The lock is held.
func (s *Session) attach(conn Transport) *link {
	if s.waiting != nil {
		s.waiting.Stop()
		s.waiting = nil
	}
	s.held = false
	s.link = &link{session: s, conn: conn}
	return s.link
}

// detach takes the connection away, if there is one, and what it has not taken: all of that is to be had again. The resume
// window begins. The lock is held.
func (s *Session) detach() *link {
	l := s.link
	s.link, s.held = nil, false
	s.queue.clear()
	if s.waiting == nil {
		s.waiting = time.AfterFunc(s.host.window, s.expire)
	}
	return l
}

// expire ends the session if it still waits.
func (s *Session) expire() {
	s.mu.Lock()
	if s.link != nil || s.ended {
		s.mu.Unlock()
		return
	}
	s.close("expired")
	s.mu.Unlock()
	s.ending("expired")
}

// disconnected is told that l's connection is gone.
func (s *Session) disconnected(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == l && !s.ended {
		s.detach()
	}
}

// leave ends the session if l is still its connection: the client has closed it for good.
func (s *Session) leave(l *link) {
	if l.live() {
		s.End("left")
	}
}

// CheckCredentials has the session closed if what it has identified with is no longer good. It may be called with locks
// held.
func (s *Session) CheckCredentials() { go s.host.recheck(s) }

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
	s.close(why)
	s.mu.Unlock()
	if l != nil {
		l.conn.Attach(nil)
	}
	s.ending(why)
	return l
}

// close marks the session as ended. The lock is held.
func (s *Session) close(why string) {
	s.abandon()
	s.ended, s.why, s.held = true, why, false
	s.link, s.kept, s.barriers, s.requests = nil, kept{}, nil, nil
	s.queue.clear()
	if s.waiting != nil {
		s.waiting.Stop()
	}
	s.signalRoom()
}

// ending takes an ended session out of where it was.
func (s *Session) ending(why string) {
	sessionsEnded.WithLabelValues(why).Inc()
	s.host.over(s, why)
}

// over reports whether the session has ended.
func (s *Session) over() bool {
	_, ended := s.cause()
	return ended
}

// cause returns why the session has ended, if it has.
func (s *Session) cause() (why string, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why, s.ended
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

// leavePlace takes the session out of the fan-out.
func (s *Session) leavePlace() {
	s.mu.Lock()
	place := s.place
	s.place = nil
	s.mu.Unlock()
	if place != nil {
		place.Leave()
	}
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
