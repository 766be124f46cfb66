package session

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// state is what a session's record says as far as it changes.
type state struct {
	compress bool // payloads
	from     int64

	guilds []snowflake.ID // that the session is in, ascending
	at     int64          // position at which they became these

	recorded bool  // there is a record
	saving   bool  // somebody brings it up to date
	savedAt  int64 // position of the guilds that the record has
	restless bool  // the presence has changed and is to be saved

	subscribed bool // likewise the subscriptions
}

// A barrier keeps a dispatch that changes the session's guilds, and all after it, from being sent until the record says so.
// Thus whatever position a client has reached: the guilds that the session had there are those of its record and of the
// journal's entries above that position.
type barrier int64

// barred reports whether the dispatch at a position must wait. The lock is held.
func (s *Session) barred(position int64) bool {
	return len(s.barriers) > 0 && position >= int64(s.barriers[0])
}

// applyGuild applies an entry that changes the session's guilds. The lock is held.
func (s *Session) applyGuild(position int64, entry journal.Entry) {
	i, found := slices.BinarySearch(s.state.guilds, entry.Log)
	switch {
	case entry.Kind == journal.Entered && !found:
		s.state.guilds = slices.Insert(s.state.guilds, i, entry.Log)
	case entry.Kind == journal.Left && found:
		s.state.guilds = slices.Delete(s.state.guilds, i, i+1)
		s.forgetGuild(entry.Log)
	default:
		return
	}
	s.state.at = max(s.state.at, position)
}

// noteGuild applies an entry that the lane has brought, and bars the way until the record says so. The lock is held.
func (s *Session) noteGuild(position int64, entry journal.Entry) {
	if s.applyGuild(position, entry); s.state.at == position {
		s.barriers = append(s.barriers, barrier(position))
		s.wantSave()
	}
}

// wantSave has the record brought up to date. The lock is held.
func (s *Session) wantSave() {
	if s.state.recorded && !s.state.saving && !s.ended {
		s.state.saving = true
		s.host.save(s)
	}
}

// unsaved returns what the record does not say yet; false if it is up to date.
func (s *Session) unsaved() (journal.Change, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var c journal.Change
	if s.state.at > s.state.savedAt {
		c.Guilds = &journal.Guilds{IDs: slices.Clone(s.state.guilds), At: s.state.at}
	}
	if s.state.restless {
		c.Presence = s.presenceJSON()
		s.state.restless = false
	}
	if s.state.subscribed {
		c.Subscriptions = s.subscriptionsJSON()
		s.state.subscribed = false
	}
	more := (c.Guilds != nil || c.Presence != nil || c.Subscriptions != nil) && !s.ended
	s.state.saving = more
	return c, more
}

// presenceChanged has the record say what the session says of itself now.
func (s *Session) presenceChanged() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.restless = true
	s.wantSave()
}

func (s *Session) presenceJSON() json.RawMessage {
	n := s.presence.Load()
	if n == nil {
		return nil
	}
	raw, err := json.Marshal(n.current())
	if err != nil {
		return nil // what was read from JSON is JSON
	}
	return raw
}

// saved lets out what waited for the record to have the guilds as of a position.
func (s *Session) saved(at int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.savedAt = max(s.state.savedAt, at)
	n := 0
	for n < len(s.barriers) && int64(s.barriers[n]) <= at {
		n++
	}
	if s.barriers = s.barriers[n:]; len(s.barriers) == 0 {
		s.barriers = nil
	}
	if n > 0 && s.link != nil {
		s.link.conn.Wake()
	}
}

// isBarred reports whether something waits for the record.
func (s *Session) isBarred() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.barriers) > 0
}

const (
	// savePause is the least time between two writes of a record: guilds that are entered together are saved together.
	savePause = 2 * time.Millisecond
	// saveRetryMax is the longest pause before a write is tried again.
	saveRetryMax = time.Second
	// saveTimeout is how long a session whose guilds change waits for its record; then it ends.
	saveTimeout = 10 * time.Second
	// recordTimeout bounds one access to a record.
	recordTimeout = 2 * time.Second
)

// save brings a session's record up to date. It does not give up while Redis does not answer, but what waits for it does.
func (s *Server) save(session *Session) {
	pause, failing := savePause, time.Time{}
	for {
		change, more := session.unsaved()
		if !more {
			return
		}
		err := s.update(session, change)
		switch {
		case err == nil:
			if change.Guilds != nil {
				session.saved(change.Guilds.At)
			}
			pause, failing = savePause, time.Time{}
		case errors.Is(err, journal.ErrClaimed):
			s.lost(session)
			return
		case failing.IsZero():
			failing = time.Now()
		case time.Since(failing) > saveTimeout && session.isBarred():
			s.log.Warn("session ended: its record can't be written", "error", err)
			session.Invalidate()
			return
		}
		if err != nil {
			session.unsave(change)
			pause = min(2*pause, saveRetryMax)
		}
		select {
		case <-time.After(pause):
		case <-s.ctx.Done():
			return
		}
	}
}

// unsave notes that a change has not come to pass.
func (s *Session) unsave(c journal.Change) {
	s.mu.Lock()
	s.state.restless = s.state.restless || c.Presence != nil
	s.state.subscribed = s.state.subscribed || c.Subscriptions != nil
	s.mu.Unlock()
}

// update writes a change; a record that Redis has lost is written anew.
func (s *Server) update(session *Session, change journal.Change) error {
	ctx, cancel := context.WithTimeout(s.ctx, recordTimeout)
	defer cancel()
	err := s.records.Update(ctx, session.ID, s.process, change)
	if errors.Is(err, journal.ErrNoSession) && !session.over() {
		return s.records.Put(ctx, session.ID, s.recordOf(session))
	}
	return err
}

// recordOf returns what it takes to continue the session elsewhere.
func (s *Server) recordOf(session *Session) journal.Record {
	about := session.presenceJSON()
	session.mu.Lock()
	defer session.mu.Unlock()
	shard := session.profile.Shard
	return journal.Record{
		Owner: s.process, Base: session.base, From: session.state.from,
		User: session.Account.User, Login: session.Account.login, Bot: session.Account.Bot,
		Application: session.Account.Application, AppFlags: session.Account.AppFlags,
		Intents: session.profile.Intents, Shard: &shard, LargeThreshold: session.profile.LargeThreshold,
		Compress: session.state.compress, Client: string(session.client), Presence: about,
		Capabilities: session.profile.Capabilities, Subscriptions: session.subscriptionsJSON(),
		Guilds: slices.Clone(session.state.guilds), GuildsAt: max(session.state.at, session.start),
	}
}

// isRecorded reports whether there is a record.
func (s *Session) isRecorded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.recorded
}

// isOpen reports whether the session has a record and is not over.
func (s *Session) isOpen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.recorded && !s.ended
}

// in puts a session that moves here into its guilds, before it is seated there.
func (s *Session) in(guilds []snowflake.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.guilds, s.state.at = slices.Clone(guilds), s.start
}

// compresses reports whether the client wants its payloads compressed.
func (s *Session) compresses() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.compress
}

// recorded is told that there is a record now, with the guilds as of a position.
func (s *Session) recorded(at int64) {
	s.mu.Lock()
	s.state.recorded = true
	s.mu.Unlock()
	s.saved(at)
	s.mu.Lock()
	if s.state.at > at || s.state.restless || s.state.subscribed {
		s.wantSave()
	}
	s.mu.Unlock()
}

// lost ends a session that another pod has.
func (s *Server) lost(session *Session) {
	if l := session.end("claimed"); l != nil {
		l.conn.Send(discord.OpInvalidSession, false)
	}
}

// keepEvery is how often the records of all sessions are kept from expiring.
const keepEvery = time.Hour

// keepRecords keeps the records of sessions for as long as the pod has them.
func (s *Server) keepRecords() {
	ticker := time.NewTicker(keepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.keepOnce()
		case <-s.ctx.Done():
			return
		}
	}
}

func (s *Server) keepOnce() {
	var ids []string
	for _, session := range s.sessions.all() {
		if session.isOpen() {
			ids = append(ids, session.ID)
		}
	}
	missing, err := s.records.Keep(s.ctx, ids)
	if err != nil {
		s.log.Warn("records of sessions not kept", "error", err)
	}
	for _, id := range missing {
		if session := s.sessions.find(id); session != nil {
			if err := s.update(session, journal.Change{}); errors.Is(err, journal.ErrClaimed) {
				s.lost(session)
			}
		}
	}
}
