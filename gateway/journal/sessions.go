package journal

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/snowflake"
)

var (
	// ErrNoSession says that there is no record of a session.
	ErrNoSession = errors.New("journal: no such session")
	// ErrClaimed says that another process has the session.
	ErrClaimed = errors.New("journal: session claimed by another process")
	// ErrTooLarge says that a record is over its bounds.
	ErrTooLarge = errors.New("journal: record too large")
)

// Sessions keeps the records of sessions, for six hours after Put, Claim, Update or Keep. Safe for concurrent use; the
// changes of one session must come one after the other.
type Sessions struct {
	rdb redis.UniversalClient
}

// NewSessions returns the records in Redis.
func NewSessions(rdb redis.UniversalClient) *Sessions { return &Sessions{rdb: rdb} }

// Put writes a new session's record.
func (s *Sessions) Put(ctx context.Context, id string, r Record) error { return errors.ErrUnsupported }

// Get returns a session's record, or ErrNoSession.
func (s *Sessions) Get(ctx context.Context, id string) (Record, error) {
	return Record{}, errors.ErrUnsupported
}

// Claim replaces the record of a session that from still has. Of several that claim it one succeeds; the others get
// ErrClaimed. ErrNoSession if there is none.
func (s *Sessions) Claim(ctx context.Context, id string, from Process, to Record) error {
	return errors.ErrUnsupported
}

// Change is what may change while a process has a session; what is nil stays as it is.
type Change struct {
	Guilds        *Guilds
	Presence      json.RawMessage
	Subscriptions json.RawMessage
}

// Guilds are a session's guilds as of a position of the owner's line.
type Guilds struct {
	IDs []snowflake.ID // in any order
	At  int64
}

// Update changes the record of a session that owner still has; else ErrClaimed, or ErrNoSession. Guilds older than those of
// the record are ignored: a call that has failed may come to pass later.
func (s *Sessions) Update(ctx context.Context, id string, owner Process, c Change) error {
	return errors.ErrUnsupported
}

// Remove deletes the record of a session if owner still has it. It is no error if there is none.
func (s *Sessions) Remove(ctx context.Context, id string, owner Process) error {
	return errors.ErrUnsupported
}

// Keep has the records live for another six hours. missing are those that Redis has lost. It goes on after an error, which
// is the first.
func (s *Sessions) Keep(ctx context.Context, ids []string) (missing []string, err error) {
	return nil, errors.ErrUnsupported
}
