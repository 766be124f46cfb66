package journal

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/snowflake"
)

// ErrGone says that a journal can't tell what came after a position: it has expired or was trimmed, has a hole, or may have
// lost its end.
var ErrGone = errors.New("journal: gone")

// Reader reads the journals of other processes. Safe for concurrent use: who reads the same journal at the same time shares
// one reading of it.
type Reader struct {
	rdb *redis.ClusterClient
}

// NewReader returns a reader.
func NewReader(rdb *redis.ClusterClient) *Reader { return &Reader{rdb: rdb} }

// Read returns a process' journal, with all that was acknowledged to its writer before Read was called. The error is
// ErrGone if it can't tell everything that came after the position.
//
// A position above the journal's last is that of a dispatch without an entry. It is good up to MaxSilent above, as long as
// the Redis master is the one that acknowledged the last batch; else the end of the journal may have been lost in a
// failover.
func (r *Reader) Read(ctx context.Context, process Process, after int64) (*Journal, error) {
	return nil, errors.ErrUnsupported
}

// Journal is what a process has journaled, at one moment. It does not change.
type Journal struct{}

// After returns the entries above a position that Read was called with, or a higher one. They must not be changed.
func (j *Journal) After(position int64) []Entry { return nil }

// Session returns all retained entries of a session (Entered, Left, Asked, Answered), ascending; see Key.
func (j *Journal) Session(key uint64) []Entry { return nil }

// Head returns the last seq of a log that is in the journal; false if the process did not follow the log at the end.
func (j *Journal) Head(log snowflake.ID) (seq int64, ok bool) { return 0, false }

// Last returns the position that the journal reaches to.
func (j *Journal) Last() int64 { return 0 }
