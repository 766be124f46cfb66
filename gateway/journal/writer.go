package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrDegraded says that entries are not journaled because Redis has not been answering since an earlier Append failed.
// Nothing was sent: the positions need not jump again.
var ErrDegraded = errors.New("journal: degraded")

var (
	errClosed = errors.New("journal: closed")
	// errMoved says that the journal in Redis is neither where it should be nor where it was.
	errMoved = errors.New("journal: moved by somebody else")
)

// Config bounds a journal in Redis, beside the window.
type Config struct {
	// MaxEntries and MaxBytes are how much is kept; the oldest goes first, and clients that are away for longer than
	// what is kept lasts can't resume elsewhere. 0: 1,000,000 entries, 16 MiB.
	MaxEntries int
	MaxBytes   int
}

const (
	defaultMaxEntries = 1_000_000
	defaultMaxBytes   = 16 << 20
)

const (
	// patience is how long an Append waits for Redis.
	patience = 2 * time.Second
	// ringBytes bounds what is kept to be sent again.
	ringBytes = 4 << 20
	// A write that fails is tried again after retryMin, then twice that, and so on up to retryMax.
	retryMin = 10 * time.Millisecond
	retryMax = 200 * time.Millisecond
	// maxTouchEvery is the longest time that a journal is left alone: it may have lost its end without a word.
	maxTouchEvery = 10 * time.Second
	// refreshEvery is how often a batch carries more than itself: how long the journal lives, and which master has it.
	refreshEvery = time.Second
	// touchTimeout is short because an Append may wait for it.
	touchTimeout = 500 * time.Millisecond
)

// state is how the journal in Redis is to what was dispatched.
type state int

const (
	whole   state = iota // it has everything up to last
	away                 // Redis does not answer; nothing is sent but by restore
	severed              // Redis answers, but the journal must begin anew
)

// Writer writes the journal of this process. Safe for concurrent use, but entries must come in the order of their positions.
type Writer struct {
	rdb     *redis.ClusterClient
	keys    []string
	process Process
	window  time.Duration
	log     *slog.Logger

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	work sync.WaitGroup
	lost chan struct{} // holds a token when there is something to restore

	mu       sync.Mutex // held over a round trip
	closed   bool
	state    state
	last     int64 // last position that was dispatched and could have been journaled
	restarts int64 // how often the journal has begun anew, or was tried to
	heads    heads // as they are at last
	ring     ring
	kept     retention
	written  time.Time // the last batch
	// refreshed is when Redis was told last how long the journal lives.
	refreshed time.Time
	args      []any // of the last script, to be used again
	changes   heads // of the last batch, to be used again
}

// NewWriter returns the writer of p's journal, which lives for the window after its last write. rdb must have
// ContextTimeoutEnabled: else it waits for longer than Append promises. Close ends it.
func NewWriter(rdb *redis.ClusterClient, p Process, window time.Duration, limits Config, log *slog.Logger) *Writer {
	w := &Writer{
		rdb: rdb, keys: []string{p.entriesKey(), p.headsKey()}, process: p, window: window, log: log,
		lost:  make(chan struct{}, 1),
		heads: heads{}, changes: heads{},
		ring: ring{maxBytes: ringBytes},
		kept: retention{
			window:     window,
			maxEntries: int64(cmp.Or(limits.MaxEntries, defaultMaxEntries)),
			maxBytes:   int64(cmp.Or(limits.MaxBytes, defaultMaxBytes)),
		},
	}
	w.ctx, w.stop = context.WithCancel(context.Background())
	w.work.Go(w.run)
	return w
}

// Append writes entries, ascending by position, and returns nil when Redis has them. It takes one round trip, and gives up
// after two seconds without an answer; from then on it fails at once, with ErrDegraded, until Redis is back.
//
// What follows an error: after ErrDegraded nothing; after any other error the positions of these entries, and all later
// ones, must rise by Jump.
func (w *Writer) Append(ctx context.Context, entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errClosed
	}
	prev, last := w.last, entries[len(entries)-1].Position
	w.heads.apply(entries)
	if w.state == away {
		w.last = last
		entriesSkipped.Add(float64(len(entries)))
		return ErrDegraded
	}
	payload, err := encode(prev, entries)
	if err != nil {
		return w.giveUp(last, len(entries), err)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w.last = last
	err = w.persist(ctx, batch{prev, last, payload}, entries)
	now := time.Now()
	appendSeconds.Observe(now.Sub(began).Seconds())
	if err != nil {
		return w.giveUp(last, len(entries), err)
	}
	entriesWritten.Add(float64(len(entries)))
	bytesWritten.Add(float64(len(payload)))
	w.keep(now, batch{prev, last, payload}, len(entries))
	return nil
}

// keep remembers what was written. The lock is held.
func (w *Writer) keep(now time.Time, b batch, entries int) {
	w.written = now
	w.ring.add(b)
	w.kept.add(now, b.last, entries, b.size())
}

// giveUp goes on without the journal after entries up to last could not be written. The lock is held.
func (w *Writer) giveUp(last int64, entries int, err error) error {
	w.last = last + Jump
	w.state = away
	w.ring.reset()
	degraded.Set(1)
	appendFailures.Inc()
	entriesSkipped.Add(float64(entries))
	w.log.Warn("journal degraded: sessions of this pod can't move until Redis is back", "error", err)
	w.wake()
	return err
}

// wake has run restore the journal.
func (w *Writer) wake() {
	select {
	case w.lost <- struct{}{}:
	default:
	}
}

// persist writes a batch, and tries again until ctx ends. The lock is held.
func (w *Writer) persist(ctx context.Context, b batch, entries []Entry) error {
	for pause := retryMin; ; pause = min(2*pause, retryMax) {
		err := w.try(ctx, b, entries)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
		w.rdb.ReloadState(ctx)
	}
}

// try writes a batch, and before it what Redis has lost. Of a journal that can't be mended only what follows is kept. The
// lock is held, w.last and w.heads are as they are after the batch.
func (w *Writer) try(ctx context.Context, b batch, entries []Entry) error {
	if w.state == whole {
		reached, err := w.append(ctx, b, entries)
		if err != nil || reached == b.last {
			return err
		}
		if missing, ok := w.ring.after(reached); ok {
			return w.resend(ctx, missing, b, entries)
		}
		w.log.Warn("journal lost: begun anew", "reached", reached, "last", b.prev)
		w.state = severed
	}
	if err := w.restart(ctx, b); err != nil {
		return err
	}
	w.begun()
	return nil
}

// resend writes the batches that Redis has lost, and then b.
func (w *Writer) resend(ctx context.Context, missing []batch, b batch, entries []Entry) error {
	w.log.Info("journal lost its end: sent again", "batches", len(missing), "after", missing[0].prev, "last", b.prev)
	for _, m := range missing {
		lost, _, _, err := decode(nil, m.payload)
		if err != nil {
			return err
		}
		if reached, err := w.append(ctx, m, lost); err != nil {
			return err
		} else if reached != m.last {
			return errMoved
		}
		batchesResent.Inc()
	}
	w.refreshed = time.Time{} // there is another master
	reached, err := w.append(ctx, b, entries)
	if err == nil && reached != b.last {
		err = errMoved
	}
	return err
}

// append runs the script of the same name, and returns what the journal reaches to.
func (w *Writer) append(ctx context.Context, b batch, entries []Entry) (int64, error) {
	w.changes.collect(entries)
	now := time.Now()
	refresh := b.prev == b.last || now.Sub(w.refreshed) >= min(w.window/samples, refreshEvery)
	const set = 6 // index of the first head
	w.args = append(w.args[:0], b.prev, b.last, b.payload, w.kept.floor, "", 0)
	w.args = w.changes.appendTo(w.args)
	w.args[set-1] = len(w.args) - set
	w.args = w.changes.appendClosed(w.args)
	if refresh {
		w.args[4] = w.life()
	}
	reached, err := appendScript.Run(ctx, w.rdb, w.keys, w.args...).Int64()
	clear(w.args)
	if err != nil {
		return 0, fmt.Errorf("append to journal: %w", err)
	}
	if refresh && reached == b.last {
		w.refreshed = now
	}
	return reached, nil
}

// life is how long the journal lives from now on, in milliseconds: the window after the next write that does not say.
func (w *Writer) life() int64 { return (w.window + w.window/samples).Milliseconds() }

// restart begins the journal anew with b. The lock is held.
func (w *Writer) restart(ctx context.Context, b batch) error {
	w.restarts++
	return w.runRestart(ctx, w.restarts, b, w.heads.appendTo(nil))
}

func (w *Writer) runRestart(ctx context.Context, number int64, b batch, heads []any) error {
	args := append([]any{number, b.last, b.payload, w.life()}, heads...)
	done, err := restartScript.Run(ctx, w.rdb, w.keys, args...).Bool()
	if err != nil {
		return fmt.Errorf("begin journal anew: %w", err)
	}
	if !done {
		return errMoved
	}
	return nil
}

// begun notes that the journal has begun anew. The lock is held.
func (w *Writer) begun() {
	w.log.Info("journal begun anew", "position", w.last)
	w.state = whole
	w.written, w.refreshed = time.Now(), time.Now()
	w.ring.reset()
	w.kept.reset()
	holes.Inc()
	degraded.Set(0)
}
