package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

// resume serves op 6.
func (c *Client) resume(d json.RawMessage) error {
	r, err := parseResume(d)
	if err != nil {
		return err
	}
	return c.begin(func(ctx context.Context) error {
		err := c.server.resume(ctx, c, r)
		resumes.WithLabelValues(outcome(err)).Inc()
		return err
	})
}

// resume gives the client's session this connection. The error is a closeError, or any other when the client is to identify
// anew.
func (s *Server) resume(ctx context.Context, c *Client, r resume) error {
	account, err := s.authenticate(ctx, r.Token)
	if errors.Is(err, errToken) {
		return closeError(discord.CloseAuthenticationFailed)
	}
	if err != nil {
		return err
	}
	if _, ours := s.keys.PodOf(r.SessionID); !ours {
		return fmt.Errorf("%w: session id", errRefused)
	}
	session := s.sessions.claim(r.SessionID)
	if session == nil || session.Account.User != account.User {
		return fmt.Errorf("%w: no such session", errRefused)
	}
	if r.Seq == nil || *r.Seq < 0 {
		return closeError(discord.CloseInvalidSeq)
	}
	resumed, err := json.Marshal(struct {
		Trace []string `json:"_trace"`
	}{[]string{s.config.Pod}})
	if err != nil {
		return err
	}
	l, err := session.resume(c.conn, *r.Seq, codec.NewDispatch(discord.EventResumed, resumed))
	if err != nil {
		return err
	}
	c.take(l)
	return nil
}

// resume continues the session on conn after seq: the dispatches since then, RESUMED, and what comes. The connection that
// it had is closed.
func (s *Session) resume(conn Transport, seq int64, resumed *codec.Shared) (*link, error) {
	s.mu.Lock()
	if s.ended || !s.opened {
		s.mu.Unlock()
		return nil, ErrEnded
	}
	switch {
	case seq > s.sent:
		s.mu.Unlock()
		return nil, closeError(discord.CloseInvalidSeq)
	case seq < s.buffer.floor:
		s.mu.Unlock()
		s.End("overflow")
		return nil, fmt.Errorf("%w: behind the buffer", errRefused)
	}
	missed := s.buffer.after(seq)
	replayed.Add(float64(len(missed)))
	for i := range missed {
		// The RESUMED of a resume that the client may not have seen succeed would end the replay too early.
		if missed[i].d != nil && missed[i].d.Name() == discord.EventResumed {
			s.buffer.bytes -= missed[i].size()
			missed[i].d = nil
		}
	}
	old := s.link
	l := s.attach(conn, seq)
	s.append(resumed, true)
	s.mu.Unlock()
	if old != nil {
		old.conn.Close(discord.CloseUnknownError, "The session was resumed on another connection.")
	}
	return l, nil
}
