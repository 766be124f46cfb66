package journal

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrDegraded says that entries are not journaled because Redis has not been answering since an earlier Append failed.
// Nothing was sent: the positions need not jump again.
var ErrDegraded = errors.New("journal: degraded")

// Config bounds a journal in Redis, beside the window.
type Config struct {
	// MaxEntries and MaxBytes are how much is kept; the oldest goes first, and clients that are away for longer than
	// what is kept lasts can't resume elsewhere. 0: 1,000,000 entries, 16 MiB.
	MaxEntries int
	MaxBytes   int
}

// Writer writes the journal of this process. Safe for concurrent use, but entries must come in the order of their positions.
type Writer struct {
	rdb *redis.ClusterClient
}

// NewWriter returns the writer of p's journal, which lives for the window after its last write. rdb must have
// ContextTimeoutEnabled: else it waits for longer than Append promises. Close ends it.
func NewWriter(rdb *redis.ClusterClient, p Process, window time.Duration, limits Config, log *slog.Logger) *Writer {
	return &Writer{rdb: rdb}
}

// Append writes entries, ascending by position, and returns nil when Redis has them. It takes one round trip, and gives up
// after two seconds without an answer; from then on it fails at once, with ErrDegraded, until Redis is back.
//
// What follows an error: after ErrDegraded nothing; after any other error the positions of these entries, and all later
// ones, must rise by Jump.
func (w *Writer) Append(ctx context.Context, entries []Entry) error { return errors.ErrUnsupported }

// Close ends the writer. The journal lives for another window.
func (w *Writer) Close() {}
