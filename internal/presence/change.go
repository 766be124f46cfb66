package presence

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Presences reads and writes presences in Redis. Safe for concurrent use.
type Presences struct {
	rdb redis.UniversalClient
}

// New returns the Presences in Redis.
func New(rdb redis.UniversalClient) *Presences { return &Presences{rdb: rdb} }

// outcome is what a change of a session did to the user's presence.
type outcome struct {
	before, after Presence
	version       int64
	known         bool // the session was under the lease before
}

// change writes a session under the lease, or removes it if it has no status, and copies the user's presence to the guilds.
//
// The copies are spared where they can only be what is there already: an update that changes nothing, or the end of a
// session that others don't notice. The first word of a session is always copied, since the guilds may be new, or Redis may
// have lost them.
func (p *Presences) change(
	ctx context.Context, lease string, user snowflake.ID, s Session, guilds []snowflake.ID,
) (presence Presence, changed bool, err error) {
	o, err := p.changeSession(ctx, lease, user, s)
	if err != nil {
		return Presence{}, false, err
	}
	changed = !same(o.before, o.after)
	ends := s.Status == ""
	if changed || ends && o.after.Status == Offline || !ends && !o.known {
		if err := p.copyTo(ctx, guilds, user, o.version, o.after); err != nil {
			return o.after, changed, err
		}
	}
	if ends {
		// Last of all: until then, Expire would do again what may have failed.
		if err := p.rdb.SRem(ctx, leftKey(lease), left(user, s.ID)).Err(); err != nil {
			return o.after, changed, fmt.Errorf("presence: forget a session of %s: %w", user, err)
		}
	}
	return o.after, changed, nil
}

// left is what leftKey's set has for a session.
func left(user snowflake.ID, session string) string { return user.String() + "/" + session }

func (p *Presences) changeSession(ctx context.Context, lease string, user snowflake.ID, s Session) (outcome, error) {
	entry, err := encodeEntry(lease, s)
	if err != nil {
		return outcome{}, err
	}
	keys, args := []string{userKey(user)}, []any{s.ID, entry, lease, maxSessions}
	pipe := p.rdb.Pipeline()
	if entry != "" {
		pipe.SAdd(ctx, leftKey(lease), left(user, s.ID))
	}
	cmd := changeScript.EvalSha(ctx, pipe, keys, args...)
	if _, err := pipe.Exec(ctx); redis.HasErrorPrefix(cmd.Err(), "NOSCRIPT") {
		cmd = changeScript.Eval(ctx, p.rdb, keys, args...)
	} else if err != nil {
		return outcome{}, fmt.Errorf("presence: change a session of %s: %w", user, err)
	}
	o, err := readOutcome(cmd, s.ID, entry)
	if err != nil {
		return outcome{}, fmt.Errorf("presence: change a session of %s: %w", user, err)
	}
	return o, nil
}

// readOutcome reads the script's answer and works out what the session's new entry made of it.
func readOutcome(cmd *redis.Cmd, session, entry string) (outcome, error) {
	answer, err := cmd.Slice()
	if err != nil {
		return outcome{}, err
	}
	if len(answer) != 4 {
		return outcome{}, fmt.Errorf("script answered %d values", len(answer))
	}
	done, ok1 := answer[0].(int64)
	known, ok2 := answer[1].(int64)
	version, ok3 := answer[2].(int64)
	flat, ok4 := answer[3].([]any)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return outcome{}, fmt.Errorf("script answered %T, %T, %T, %T", answer...)
	}
	if done < 0 {
		return outcome{}, ErrTooManySessions
	}
	fields := make(map[string]string, len(flat)/2)
	for pair := range slices.Chunk(flat, 2) {
		field, _ := pair[0].(string)
		fields[field], _ = pair[1].(string)
	}
	before, err := decodeSessions(fields)
	if err != nil {
		return outcome{}, err
	}
	switch {
	case entry != "":
		fields[session] = entry
	case done == 1:
		delete(fields, session)
	}
	after, err := decodeSessions(fields)
	if err != nil {
		return outcome{}, err
	}
	return outcome{Aggregate(before), Aggregate(after), version, known == 1}, nil
}

// encodeEntry returns a session's entry, empty if it has no status.
func encodeEntry(lease string, s Session) (string, error) {
	if s.Status == "" {
		return "", nil
	}
	text, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("presence: encode a session: %w", err)
	}
	return lease + "\n" + string(text), nil
}

// decodeSessions reads a user's hash.
func decodeSessions(fields map[string]string) ([]Session, error) {
	var sessions []Session
	for id, entry := range fields {
		if id == versionField {
			continue
		}
		_, text, _ := strings.Cut(entry, "\n")
		s := Session{ID: id}
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			return nil, fmt.Errorf("presence: decode a session: %w", err)
		}
		sessions = append(sessions, s)
	}
	return sessions, nil
}
