package journal

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrGone says that a journal can't tell what came after a position: it has expired or was trimmed, has a hole, or may have
// lost its end.
var ErrGone = errors.New("journal: gone")

const (
	// maxCached bounds the entries of all journals that are kept in memory, of some 70 bytes each.
	maxCached = 2_000_000
	// maxTails bounds the journals that are kept in memory.
	maxTails = 64
	// keepUnused is how long a journal is kept in memory that nobody reads.
	keepUnused = 2 * time.Minute
)

// Reader reads the journals of other processes. Safe for concurrent use: who reads the same journal at the same time shares
// one reading of it.
type Reader struct {
	rdb *redis.ClusterClient

	mu    sync.Mutex
	tails map[Process]*tail
	sweep *time.Timer // nil: none is set
}

// NewReader returns a reader.
func NewReader(rdb *redis.ClusterClient) *Reader {
	return &Reader{rdb: rdb, tails: map[Process]*tail{}}
}

// Read returns a process' journal, with all that was acknowledged to its writer before Read was called. The error is
// ErrGone if it can't tell everything that came after the position.
//
// A position above the journal's last is that of a dispatch without an entry. It is good up to MaxSilent above, as long as
// the Redis master is the one that acknowledged the last batch; else the end of the journal may have been lost in a
// failover.
func (r *Reader) Read(ctx context.Context, process Process, after int64) (*Journal, error) {
	j, err := r.latest(ctx, process)
	if err == nil && !j.reaches(after) {
		err = ErrGone
	}
	switch {
	case errors.Is(err, ErrGone):
		reads.WithLabelValues("gone").Inc()
		return nil, err
	case err != nil:
		reads.WithLabelValues("failed").Inc()
		return nil, err
	}
	reads.WithLabelValues("ok").Inc()
	return j, nil
}

// tail is a journal that is kept in memory, and followed while somebody reads it. Its fields are under the reader's lock.
type tail struct {
	journal *Journal // the last that was read; nil: none yet
	running bool
	next    *flight // which begins after the one that is running; nil: nobody waits
	used    time.Time
}

// flight is one reading, shared by all who came before it began.
type flight struct {
	done    chan struct{}
	journal *Journal
	err     error
}

// latest waits for a reading that begins after it was called.
func (r *Reader) latest(ctx context.Context, process Process) (*Journal, error) {
	f := r.board(process)
	select {
	case <-f.done:
		return f.journal, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// board returns the next flight, and starts it if none is under way.
func (r *Reader) board(process Process) *flight {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tails[process]
	if t == nil {
		t = &tail{}
		r.tails[process] = t
	}
	t.used = time.Now()
	if t.next == nil {
		t.next = &flight{done: make(chan struct{})}
	}
	f := t.next
	if !t.running {
		t.running = true
		go r.fly(process, t)
	}
	return f
}

// fly makes readings while somebody waits for one.
func (r *Reader) fly(process Process, t *tail) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for t.next != nil {
		f, known := t.next, t.journal
		t.next = nil
		r.mu.Unlock()
		began := time.Now()
		f.journal, f.err = r.load(process, known)
		loadSeconds.Observe(time.Since(began).Seconds())
		close(f.done)
		r.mu.Lock()
		if f.err == nil || errors.Is(f.err, ErrGone) {
			t.journal = f.journal
		}
	}
	t.running = false
	r.evict(maxCached)
	r.schedule()
}

// evict drops journals that are not being read until the rest is within the bounds, those first that were not read for the
// longest time, and those without anything in them. The lock is held.
func (r *Reader) evict(bound int) {
	total := 0
	for process, t := range r.tails {
		switch {
		case t.running:
		case t.journal == nil, time.Since(t.used) >= keepUnused:
			delete(r.tails, process)
			continue
		}
		total += t.size()
	}
	for total > bound || len(r.tails) > maxTails {
		var oldest Process
		for process, t := range r.tails {
			if !t.running && (oldest == "" || t.used.Before(r.tails[oldest].used)) {
				oldest = process
			}
		}
		if oldest == "" {
			return
		}
		total -= r.tails[oldest].size()
		delete(r.tails, oldest)
	}
}

func (t *tail) size() int {
	if t.journal == nil {
		return 0
	}
	return len(t.journal.entries)
}

// schedule has what is not used dropped later. The lock is held.
func (r *Reader) schedule() {
	if r.sweep != nil || len(r.tails) == 0 {
		return
	}
	r.sweep = time.AfterFunc(keepUnused, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.sweep = nil
		r.evict(maxCached)
		r.schedule()
	})
}
