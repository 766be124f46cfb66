package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

// Kinds of RESUME.
const (
	kindHere      = "here"
	kindElsewhere = "elsewhere"
)

// refusal says why a session can't be continued exactly: it is errRefused with a label of the metric.
type refusal string

func (r refusal) Error() string        { return "session can't be continued: " + string(r) }
func (r refusal) Is(target error) bool { return target == errRefused }

// errLater says that a RESUME can't be judged now; the client tries again.
var errLater = errors.New("try again")

// resume serves op 6.
func (c *Client) resume(d json.RawMessage) error {
	r, err := parseResume(d)
	if err != nil {
		return err
	}
	return c.begin(func(ctx context.Context) error {
		begun := time.Now()
		kind, err := c.server.resume(ctx, c, r)
		err = honest(err)
		resumes.WithLabelValues(kind, outcome(err)).Inc()
		resumeSeconds.WithLabelValues(kind).Observe(time.Since(begun).Seconds())
		var why refusal
		if errors.As(err, &why) {
			resumeRefusals.WithLabelValues(string(why)).Inc()
		}
		if err != nil {
			c.server.log.Debug("resume refused", "kind", kind, "error", err)
		}
		return err
	})
}

// honest returns the error of a RESUME as the client is told of it: what is not known to be refused is to be tried again.
func honest(err error) error {
	var code closeError
	if err == nil || errors.Is(err, errRefused) || errors.As(err, &code) {
		return err
	}
	return fmt.Errorf("%w: %w", errLater, err)
}

// resume gives the client's session this connection, wherever the session is.
func (s *Server) resume(ctx context.Context, c *Client, r resume) (kind string, err error) {
	kind = kindHere
	account, err := s.authenticate(ctx, r.Token)
	if errors.Is(err, errToken) {
		return kind, closeError(discord.CloseAuthenticationFailed)
	}
	if err != nil {
		return kind, err
	}
	if _, ours := s.keys.PodOf(r.SessionID); !ours {
		return kind, refusal("unknown")
	}
	done, err := s.resuming.take(ctx, r.SessionID)
	if err != nil {
		return kind, err
	}
	defer done()
	session := s.sessions.find(r.SessionID)
	if session != nil && session.Account.User != account.User {
		return kind, refusal("unknown")
	}
	record, err := s.owned(ctx, r.SessionID, session)
	if err != nil {
		return kind, err
	}
	if record.User != account.User || record.Bot != account.Bot {
		return kind, refusal("unknown")
	}
	if r.Seq == nil || *r.Seq < 0 || *r.Seq > maxSeq {
		return kind, closeError(discord.CloseInvalidSeq)
	}
	seq := int64(*r.Seq)
	if session != nil && record.Owner == s.process {
		err := s.resumeHere(ctx, c, session, seq)
		if !errors.Is(err, errBehind) {
			return kind, err
		}
		// The journal reaches further back than the history. It must not say yet that nobody follows the logs any more.
		session.end("moved")
		defer session.leavePlace()
	} else if session != nil {
		s.lost(session)
	}
	return kindElsewhere, s.resumeElsewhere(c, move{id: r.SessionID, account: account, record: record, seq: seq})
}

// maxSeq is the highest number that clients in JavaScript tell exactly.
const maxSeq = 1 << 53

// owned returns the record of a session, which says who has it. It waits for Redis to answer. A record that Redis has lost is
// written anew if the session is here.
func (s *Server) owned(ctx context.Context, id string, session *Session) (journal.Record, error) {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		record, err := s.records.Get(ctx, id)
		switch {
		case err == nil:
			return record, nil
		case errors.Is(err, journal.ErrNoSession) && (session == nil || !session.isOpen()):
			return record, refusal("unknown")
		case errors.Is(err, journal.ErrNoSession):
			record = s.recordOf(session)
			if err = s.records.Put(ctx, id, record); err == nil {
				return record, nil
			}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return record, err
		}
	}
}

// resumeHere continues a session of this process.
func (s *Server) resumeHere(ctx context.Context, c *Client, session *Session, seq int64) error {
	l, err := session.resume(ctx, c.conn, seq, s.resumed())
	if errors.Is(err, ErrEnded) {
		return refusal("ended")
	}
	if err != nil {
		return err
	}
	if session.compresses() {
		c.conn.CompressPayloads()
	}
	c.take(l)
	return nil
}

// resumed makes a RESUMED.
func (s *Server) resumed() *codec.Shared {
	data, err := json.Marshal(struct {
		Trace []string `json:"_trace"`
	}{[]string{s.config.Pod}})
	if err != nil {
		panic(err) // a list of strings can be encoded
	}
	return codec.NewDispatch(discord.EventResumed, data)
}
