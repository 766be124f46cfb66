package journal

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/redistest"
	"guildhall.chat/guildhall/internal/snowflake"
)

// deadline bounds how long a test waits for what must come.
const deadline = 30 * time.Second

// world is a journal, and what should be in it.
type world struct {
	t       testing.TB
	rdb     *redis.ClusterClient
	process Process
	writer  *Writer
	reader  *Reader

	entries []Entry // dispatched
	floor   int64   // what came before can't be resumed
	heads   map[snowflake.ID]int64
}

func newWorld(t testing.TB) *world { return newWorldOn(t, newClient(t)) }

// newClient returns a client of the cluster that all tests share, made as the gateway makes its own.
func newClient(t testing.TB) *redis.ClusterClient {
	t.Helper()
	return clientOf(t, redistest.Cluster)
}

func clientOf(t testing.TB, cluster func(testing.TB) ([]string, string)) *redis.ClusterClient {
	t.Helper()
	addrs, password := cluster(t)
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs, Password: password, ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

func newWorldOn(t testing.TB, rdb *redis.ClusterClient) *world {
	return newWorldWith(t, rdb, NewProcess("gateway-0-0"), time.Minute, Config{})
}

func newWorldWith(t testing.TB, rdb *redis.ClusterClient, p Process, window time.Duration, c Config) *world {
	t.Helper()
	w := &world{
		t: t, rdb: rdb, process: p, reader: NewReader(rdb), heads: map[snowflake.ID]int64{},
		writer: NewWriter(rdb, p, window, c, slog.New(slog.DiscardHandler)),
	}
	t.Cleanup(w.writer.Close)
	return w
}

// last is the position of what was dispatched last.
func (w *world) last() int64 {
	if len(w.entries) == 0 {
		return w.floor
	}
	return w.entries[len(w.entries)-1].Position
}

// append journals entries, and fails the test if that does.
func (w *world) append(entries ...Entry) {
	w.t.Helper()
	if err := w.try(entries...); err != nil {
		w.t.Fatal(err)
	}
}

// try journals entries as a line does: if that fails, positions jump.
func (w *world) try(entries ...Entry) error {
	w.t.Helper()
	err := w.writer.Append(w.t.Context(), entries)
	last := entries[len(entries)-1].Position
	switch {
	case err == nil:
		w.entries = append(w.entries, entries...)
	case errors.Is(err, ErrDegraded):
		w.floor, w.entries = last, nil
	default:
		w.floor, w.entries = last+Jump, nil
	}
	for _, e := range entries {
		switch e.Kind {
		case Event, Opened:
			w.heads[e.Log] = e.Seq
		case Closed:
			delete(w.heads, e.Log)
		}
	}
	return err
}

// event is the next entry: an event of a log.
func (w *world) event(log snowflake.ID, seq int64) Entry {
	return Entry{Position: w.last() + 1, Kind: Event, Log: log, Seq: seq}
}

// check compares the journal with what should be in it, as a new reader and one that has read before see it. The latter may
// still know what Redis has lost.
func (w *world) check() {
	w.t.Helper()
	if err := w.compare(w.reader); err != nil {
		w.t.Fatalf("follower: %v", err)
	}
	w.checkFresh()
}

// checkFresh compares what is in Redis with what should be in it.
func (w *world) checkFresh() {
	w.t.Helper()
	fresh := NewReader(w.rdb)
	err := w.compare(fresh)
	if err == nil {
		err = w.compareSessions(fresh)
	}
	if err != nil {
		w.t.Fatalf("fresh: %v", err)
	}
}

func (w *world) compare(r *Reader) error {
	ctx, p := w.t.Context(), w.process
	j, err := r.Read(ctx, p, w.floor)
	if err != nil {
		return fmt.Errorf("read after %d: %w", w.floor, err)
	}
	if j.Last() != w.last() {
		return fmt.Errorf("reaches to %d, want %d", j.Last(), w.last())
	}
	if got := j.After(w.floor); !slices.EqualFunc(got, w.entries, same) {
		return fmt.Errorf("after %d: got %v, want %v", w.floor, got, w.entries)
	}
	for log := snowflake.ID(0); log < 25; log++ {
		want, open := w.heads[log]
		if got, ok := j.Head(log); ok != open || got != want {
			return fmt.Errorf("head of %d: %d, %v; want %d, %v", log, got, ok, want, open)
		}
	}
	return nil
}

func (w *world) compareSessions(r *Reader) error {
	ctx, p := w.t.Context(), w.process
	j, err := r.Read(ctx, p, w.floor)
	if err != nil {
		return err
	}
	for key := range uint64(6) {
		var want []Entry
		for _, e := range w.entries {
			if key > 0 && e.Session == key {
				want = append(want, e)
			}
		}
		if got := j.Session(key); !slices.EqualFunc(got, want, same) {
			return fmt.Errorf("of session %d: got %v, want %v", key, got, want)
		}
	}
	if w.floor > 0 {
		if _, err := r.Read(ctx, p, w.floor-1); !errors.Is(err, ErrGone) {
			return fmt.Errorf("read across the hole before %d: %w", w.floor, err)
		}
	}
	return nil
}

func same(a, b Entry) bool {
	return a.Position == b.Position && a.Kind == b.Kind && a.Log == b.Log && a.Seq == b.Seq && a.Session == b.Session &&
		bytes.Equal(a.Data, b.Data)
}

// dump is what Redis has of a journal at a moment.
type dump struct{ entries, heads string }

func (w *world) dump() (d dump) {
	w.t.Helper()
	var err error
	if d.entries, err = w.rdb.Dump(w.t.Context(), w.process.entriesKey()).Result(); err != nil {
		w.t.Fatal(err)
	}
	if d.heads, err = w.rdb.Dump(w.t.Context(), w.process.headsKey()).Result(); err != nil {
		w.t.Fatal(err)
	}
	return d
}

// lose makes Redis go back to what it had before, as a replica does that takes over.
func (w *world) lose(d dump) {
	w.t.Helper()
	for key, value := range map[string]string{w.process.entriesKey(): d.entries, w.process.headsKey(): d.heads} {
		if err := w.rdb.RestoreReplace(w.t.Context(), key, time.Minute, value).Err(); err != nil {
			w.t.Fatal(err)
		}
	}
}

// forget makes Redis lose the journal.
func (w *world) forget() {
	w.t.Helper()
	if err := w.rdb.Del(w.t.Context(), w.process.entriesKey(), w.process.headsKey()).Err(); err != nil {
		w.t.Fatal(err)
	}
}

// eventually polls what no signal tells: the state of another process.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !cond(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never came: ", what)
		}
	}
}

func (w *world) random(rng *rand.Rand, n int) []Entry { return randomEntries(rng, w.last(), n) }
