package session

import (
	"context"
	"errors"
	"slices"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

// resumption is a RESUME of a session that is here. RESUMED goes through the line like any dispatch: where it comes out, all
// that is before it is in the history or kept, and all after it is held back.
type resumption struct {
	resumed  *codec.Shared
	position int64         // of RESUMED once it has come out of the line, else 0
	here     chan struct{} // closed when it has, or will not
}

var (
	// errBehind says that a session no longer has all that a client has missed.
	errBehind = errors.New("behind what is kept")
	// errSuperseded says that another RESUME of the session has begun, or that it has ended meanwhile.
	errSuperseded = errors.New("superseded")
)

// resume continues the session on conn after seq: the dispatches since then, RESUMED, and what comes. The connection that
// it had is closed. The error is a closeError, ErrEnded, errBehind, or that of ctx.
func (s *Session) resume(ctx context.Context, conn Transport, seq int64, resumed *codec.Shared) (*link, error) {
	r, after, err := s.beginResume(seq, resumed)
	if err != nil {
		return nil, err
	}
	s.host.line.Submit(&delivery.Delivery{Alone: s, Own: resumed})
	select {
	case <-r.here:
	case <-ctx.Done():
		s.giveUp(r)
		return nil, ctx.Err()
	}
	if r.position == 0 {
		return nil, errSuperseded
	}
	missed, reaches := s.host.line.Missed(s, max(after, s.start), r.position)
	if !reaches {
		s.giveUp(r)
		return nil, errBehind
	}
	return s.finishResume(r, conn, after, missed)
}

// beginResume detaches the session: from now on all that comes is to be had again, until RESUMED comes.
func (s *Session) beginResume(seq int64, resumed *codec.Shared) (r *resumption, after int64, err error) {
	s.mu.Lock()
	if s.ended || !s.opened {
		s.mu.Unlock()
		return nil, 0, ErrEnded
	}
	after = seq - s.base
	switch {
	case after > s.sent:
		s.mu.Unlock()
		return nil, 0, closeError(discord.CloseInvalidSeq)
	case after < s.kept.floor:
		s.mu.Unlock()
		return nil, 0, errBehind
	}
	s.abandon()
	old := s.detach()
	r = &resumption{resumed: resumed, here: make(chan struct{})}
	s.resuming = r
	s.mu.Unlock()
	if old != nil {
		old.conn.Close(discord.CloseUnknownError, "The session was resumed on another connection.")
	}
	return r, after, nil
}

// reached is told that a RESUMED has come out of the line. The lock is held.
func (s *Session) reached(position int64, resumed *codec.Shared) {
	r := s.resuming
	if r == nil || r.resumed != resumed {
		return // of a RESUME that was given up
	}
	r.position, s.held = position, true
	s.enqueue(queued{position: position, d: resumed})
	close(r.here)
}

// finishResume puts what was missed in front of what was held back.
func (s *Session) finishResume(r *resumption, conn Transport, after int64, missed []delivery.Missed) (*link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resuming != r {
		return nil, errSuperseded
	}
	again := merge(missed, s.kept.between(after, r.position))
	replayed.Add(float64(len(again)))
	s.queue.putInFront(again)
	s.resuming = nil
	return s.attach(conn), nil
}

// abandon gives up the RESUME that is under way, if there is one. The lock is held.
func (s *Session) abandon() {
	r := s.resuming
	if r == nil {
		return
	}
	s.resuming, s.held = nil, false
	s.queue.clear()
	if r.position == 0 {
		close(r.here)
	}
}

// giveUp abandons r, if nobody has yet.
func (s *Session) giveUp(r *resumption) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resuming == r {
		s.abandon()
	}
}

// merge returns the shared and the own dispatches in the order of their positions.
func merge(missed []delivery.Missed, own []queued) []queued {
	all := make([]queued, 0, len(missed)+len(own))
	for _, m := range missed {
		for len(own) > 0 && own[0].position < m.Position {
			all, own = append(all, own[0]), own[1:]
		}
		all = append(all, queued{position: m.Position, d: m.Dispatch})
	}
	return slices.Concat(all, own)
}
