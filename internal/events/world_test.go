package events_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/pgtest"
	"guildhall.chat/guildhall/internal/redistest"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// patience bounds how long a test waits for what must come.
const patience = time.Minute

// world is a store whose events go to a Redis Cluster unless the valve is shut.
type world struct {
	t     testing.TB
	dsn   string
	rdb   *redis.ClusterClient
	store *store.Store
	pub   *events.Publisher
	shut  atomic.Bool
}

// newWorld works on the cluster that all tests share.
func newWorld(t testing.TB) *world { return newWorldOn(t, redistest.Client(t)) }

func newWorldOn(t testing.TB, rdb *redis.ClusterClient) *world {
	t.Helper()
	dsn := pgtest.New(t, store.Migrate)
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	w := &world{t: t, dsn: dsn, rdb: rdb, store: s, pub: events.NewPublisher(rdb, s, time.Minute, discard)}
	s.PublishTo(w)
	return w
}

var discard = slog.New(slog.DiscardHandler)

func (w *world) Publish(ctx context.Context, evs []events.Event) {
	if !w.shut.Load() {
		w.pub.Publish(ctx, evs)
	}
}

// quietly runs fn while no committed event is published.
func (w *world) quietly(fn func()) {
	w.shut.Store(true)
	defer w.shut.Store(false)
	fn()
}

// newLog makes a log under an id that no other test has.
func (w *world) newLog() snowflake.ID {
	w.t.Helper()
	id := snowflake.ID(rand.Uint64N(uint64(snowflake.Max))) + 1
	err := w.store.Change(w.t.Context(), func(tx *store.Tx) error { return tx.NewLog(w.t.Context(), id) })
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// emit commits n events in one change; the data of each is its number.
func (w *world) emit(log snowflake.ID, numbers ...int) {
	w.t.Helper()
	err := w.store.Change(w.t.Context(), func(tx *store.Tx) error {
		for _, n := range numbers {
			if err := tx.Emit(log, events.Header{Type: "TEST"}, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Error(err)
	}
}

// outbox returns all events of a log.
func (w *world) outbox(log snowflake.ID) []events.Event {
	w.t.Helper()
	evs, err := w.store.Outbox(w.t.Context(), log, 0, 1<<20)
	if err != nil {
		w.t.Fatal(err)
	}
	return evs
}

// dropOutbox makes everything so far past the window.
func (w *world) dropOutbox() {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.dsn)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(w.t.Context(), `delete from outbox`); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) feeds(source events.Source) *events.Feeds {
	fs := events.NewFeeds(w.rdb, source, discard)
	w.t.Cleanup(fs.Close)
	return fs
}

// open opens a log and starts after a seq.
func (w *world) open(fs *events.Feeds, log snowflake.ID, after int64) (*events.Feed, *recorder) {
	w.t.Helper()
	f, err := fs.Open(w.t.Context(), log)
	if err != nil {
		w.t.Fatal(err)
	}
	r := newRecorder(after)
	f.Start(after, r)
	return f, r
}

// numSub asks a log's master how many connections are subscribed to it.
func (w *world) numSub(log snowflake.ID) int64 {
	w.t.Helper()
	channel := "log:{" + log.String() + "}"
	node, err := w.rdb.MasterForKey(w.t.Context(), channel)
	if err != nil {
		w.t.Fatal(err)
	}
	counts, err := node.PubSubShardNumSub(w.t.Context(), channel).Result()
	if err != nil {
		w.t.Fatal(err)
	}
	return counts[channel]
}

// eventually polls what no signal tells: the state of another process.
func (w *world) eventually(what string, cond func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !cond(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatal("never came: ", what)
		}
	}
}

// recorder checks that seqs come dense and in order.
type recorder struct {
	mu        sync.Mutex
	last      int64
	wrong     []int64 // seqs that came out of order
	data      []int
	ephemeral int
	lost      bool
	changed   chan struct{} // signals any change; capacity 1
	hold      chan struct{} // not nil: each event waits for it
}

func newRecorder(after int64) *recorder {
	return &recorder{last: after, changed: make(chan struct{}, 1)}
}

func (r *recorder) Event(e events.Event) {
	if r.hold != nil {
		<-r.hold
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.signal()
	if e.Seq == 0 {
		r.ephemeral++
		return
	}
	if e.Seq != r.last+1 {
		r.wrong = append(r.wrong, e.Seq)
	}
	r.last = e.Seq
	n, _ := strconv.Atoi(string(e.Data))
	r.data = append(r.data, n)
}

func (r *recorder) Lost() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost = true
	r.signal()
}

func (r *recorder) signal() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// until waits for a state of the recorder.
func (r *recorder) until(t testing.TB, what string, cond func() bool) {
	t.Helper()
	timeout := time.After(patience)
	for {
		r.mu.Lock()
		ok, last, lost := cond(), r.last, r.lost
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-r.changed:
		case <-timeout:
			t.Fatalf("never came: %s (last %d, lost %t)", what, last, lost)
		}
	}
}

// reaches waits for a seq and fails if those up to it did not come once and in order.
func (r *recorder) reaches(t testing.TB, seq int64) {
	t.Helper()
	r.until(t, "seq "+strconv.FormatInt(seq, 10), func() bool { return r.last >= seq })
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.wrong) > 0 || r.last != seq {
		t.Fatalf("last seq %d, want %d; out of order: %v", r.last, seq, r.wrong)
	}
}

// numbers returns the data of the events so far.
func (r *recorder) numbers() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]int(nil), r.data...)
}

func (r *recorder) isLost() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// noSource stands for a Postgres that is down: what a feed hands over came through Redis.
type noSource struct{}

func (noSource) Outbox(context.Context, snowflake.ID, int64, int) ([]events.Event, error) {
	return nil, errors.New("no outbox in this test")
}
