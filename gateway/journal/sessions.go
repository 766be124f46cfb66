package journal

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

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

const (
	// recordLife is how long a record lives after it was written or kept.
	recordLife = 6 * time.Hour
	// keepBatch is how many records are kept with one round trip.
	keepBatch = 500
)

// Sessions keeps the records of sessions, for six hours after Put, Claim, Update or Keep. Safe for concurrent use; the
// changes of one session must come one after the other.
type Sessions struct {
	rdb redis.UniversalClient
}

// NewSessions returns the records in Redis.
func NewSessions(rdb redis.UniversalClient) *Sessions { return &Sessions{rdb: rdb} }

func recordKey(id string) string { return "session:{" + id + "}" }

// Put writes a new session's record.
func (s *Sessions) Put(ctx context.Context, id string, r Record) error {
	return s.put(ctx, id, "", 0, r)
}

// Claim replaces a session's record by to if it still has the owner and the base of from. Of several that claim it one
// succeeds; the others get ErrClaimed. ErrNoSession if there is none.
func (s *Sessions) Claim(ctx context.Context, id string, from, to Record) error {
	return s.put(ctx, id, from.Owner, from.Base, to)
}

func (s *Sessions) put(ctx context.Context, id string, owner Process, base int64, r Record) error {
	fields, err := r.fields()
	if err != nil {
		return err
	}
	args := append([]any{string(owner), base, recordLife.Milliseconds(), rand.Text()}, fields...)
	return s.run(ctx, "put", putScript, id, args)
}

// run makes an error of what a script says.
func (s *Sessions) run(ctx context.Context, what string, script *redis.Script, id string, args []any) error {
	done, err := script.Run(ctx, s.rdb, []string{recordKey(id)}, args...).Int()
	switch {
	case err != nil:
		return fmt.Errorf("%s session record: %w", what, err)
	case done == 0:
		return ErrNoSession
	case done < 0:
		return ErrClaimed
	}
	return nil
}

// Get returns a session's record, or ErrNoSession.
func (s *Sessions) Get(ctx context.Context, id string) (Record, error) {
	hash, err := s.rdb.HGetAll(ctx, recordKey(id)).Result()
	if err != nil {
		return Record{}, fmt.Errorf("get session record: %w", err)
	}
	if len(hash) == 0 {
		return Record{}, ErrNoSession
	}
	return recordOf(hash)
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
	if len(c.Presence) > maxPresence || len(c.Subscriptions) > maxSubscriptions {
		return ErrTooLarge
	}
	args := []any{string(owner), recordLife.Milliseconds(), "", ""}
	if c.Guilds != nil {
		if len(c.Guilds.IDs) > maxGuilds {
			return ErrTooLarge
		}
		args[2], args[3] = c.Guilds.At, encodeIDs(c.Guilds.IDs)
	}
	if c.Presence != nil {
		args = append(args, fieldPresence, []byte(c.Presence))
	}
	if c.Subscriptions != nil {
		args = append(args, fieldSubscriptions, []byte(c.Subscriptions))
	}
	return s.run(ctx, "update", updateScript, id, args)
}

// Remove deletes the record of a session if owner still has it. It is no error if there is none.
func (s *Sessions) Remove(ctx context.Context, id string, owner Process) error {
	return s.run(ctx, "remove", removeScript, id, []any{string(owner)})
}

// Keep has the records live for another six hours. missing are those that Redis has lost. It goes on after an error, which
// is the first.
func (s *Sessions) Keep(ctx context.Context, ids []string) (missing []string, err error) {
	for batch := range slices.Chunk(ids, keepBatch) {
		cmds := make([]*redis.BoolCmd, len(batch))
		// A node that is down fails its own commands; the others' answers are good.
		_, _ = s.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for i, id := range batch {
				cmds[i] = pipe.PExpire(ctx, recordKey(id), recordLife)
			}
			return nil
		})
		for i, cmd := range cmds {
			switch kept, cmdErr := cmd.Result(); {
			case cmdErr != nil && err == nil:
				err = fmt.Errorf("keep session record: %w", cmdErr)
			case cmdErr == nil && !kept:
				missing = append(missing, batch[i])
			}
		}
	}
	return missing, err
}
