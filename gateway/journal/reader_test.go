package journal

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestUnknownJournalIsGone(t *testing.T) {
	t.Parallel()
	r := NewReader(newClient(t))
	for range 3 {
		if _, err := r.Read(t.Context(), NewProcess("gateway-0-0"), 5); !errors.Is(err, ErrGone) {
			t.Errorf("got %v", err)
		}
	}
	eventually(t, "what is not there is forgotten", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.tails) == 0
	})
}

// Dispatches without an entry have positions, too.
func TestPositionAboveTheLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(w.event(1, 1), Entry{Position: 10, Kind: Event, Log: 1, Seq: 2})
	for after, want := range map[int64]error{
		-1: ErrGone, 0: nil, 9: nil, 10: nil, 11: nil, 10 + MaxSilent: nil, 11 + MaxSilent: ErrGone, 10 + Jump: ErrGone,
	} {
		if _, err := w.reader.Read(t.Context(), w.process, after); !errors.Is(err, want) {
			t.Errorf("after %d: %v, want %v", after, err, want)
		}
	}
}

// A master that has taken over may have lost the end; what is above it could have been anything.
func TestPositionAboveTheLastOfAnotherMaster(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(w.event(1, 1))
	w.append(w.event(1, 2))
	w.rdb.HSet(t.Context(), w.process.headsKey(), "master", "another")
	for _, r := range []*Reader{w.reader, NewReader(w.rdb)} {
		if _, err := r.Read(t.Context(), w.process, 3); !errors.Is(err, ErrGone) {
			t.Errorf("above the last: %v", err)
		}
		for _, after := range []int64{0, 1, 2} {
			if _, err := r.Read(t.Context(), w.process, after); err != nil {
				t.Errorf("after %d: %v", after, err)
			}
		}
	}
	w.writer.mu.Lock()
	w.writer.refresh(t.Context())
	w.writer.mu.Unlock()
	if _, err := w.reader.Read(t.Context(), w.process, 3); err != nil {
		t.Errorf("after the writer has been at the master: %v", err)
	}
}

func TestBrokenJournalIsGone(t *testing.T) {
	t.Parallel()
	breaks := map[string]func(w *world) error{
		"a batch is missing": func(w *world) error {
			return w.rdb.XDel(t.Context(), w.process.entriesKey(), "3-0").Err()
		},
		"the last batch is missing": func(w *world) error {
			return w.rdb.XDel(t.Context(), w.process.entriesKey(), "5-0").Err()
		},
		"a batch is malformed": func(w *world) error {
			return w.rdb.XAdd(t.Context(), &redis.XAddArgs{
				Stream: w.process.entriesKey(), ID: "7-0", Values: []string{"b", "\x02new version"},
			}).Err()
		},
	}
	for name, harm := range breaks {
		w := newWorld(t)
		for i := int64(1); i <= 5; i++ {
			w.append(w.event(1, i))
		}
		w.checkFresh()
		if err := harm(w); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := NewReader(w.rdb).Read(t.Context(), w.process, 1); !errors.Is(err, ErrGone) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// A read sees all that was acknowledged before it, however many share it.
func TestReadsAreFresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(23, 24))
	w.append(w.random(rng, 10)...)
	var acknowledged atomic.Int64
	acknowledged.Store(w.last())
	stop := make(chan struct{})
	var reading sync.WaitGroup
	for range 50 {
		reading.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				at := acknowledged.Load()
				j, err := w.reader.Read(t.Context(), w.process, at)
				if err != nil {
					t.Errorf("after %d: %v", at, err)
					return
				}
				if j.Last() < at {
					t.Errorf("reaches to %d, but %d was acknowledged before", j.Last(), at)
					return
				}
				last := at
				for _, e := range j.After(at) {
					if e.Position <= last {
						t.Errorf("%d after %d", e.Position, last)
						return
					}
					last = e.Position
				}
				j.Session(1)
				j.Head(1)
			}
		})
	}
	for range 500 {
		w.append(w.random(rng, 1+rng.IntN(20))...)
		acknowledged.Store(w.last())
	}
	close(stop)
	reading.Wait()
	w.check()
}

// When a pod dies, all its sessions come at once.
func TestManyReadTheJournalOfADeadPod(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(25, 26))
	for range 3 * pageBatches / 2 {
		w.append(w.random(rng, 4)...)
	}
	counter := &countScripts{}
	w.rdb.AddHook(counter)
	const sessions = 10_000
	var reading sync.WaitGroup
	for range sessions {
		reading.Go(func() {
			if _, err := w.reader.Read(t.Context(), w.process, w.last()); err != nil {
				t.Error(err)
			}
		})
	}
	reading.Wait()
	if n := counter.n.Load(); n > sessions/10 {
		t.Errorf("%d scripts run for %d sessions", n, sessions)
	}
	w.check()
}

type countScripts struct{ n atomic.Int64 }

func (c *countScripts) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *countScripts) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.n.Add(1)
		return next(ctx, cmd)
	}
}

func (c *countScripts) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// Who waits for a reading can go.
func TestReadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(w.event(1, 1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.reader.Read(ctx, w.process, 1)
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	w.check()
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	rdb := newClient(t)
	r := NewReader(rdb)
	const journals = maxTails + 10
	for range journals {
		w := newWorldOn(t, rdb)
		w.append(w.event(1, 1))
		w.append(w.event(1, 2))
		if _, err := r.Read(t.Context(), w.process, 0); err != nil {
			t.Fatal(err)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.tails) > maxTails+1 {
		t.Errorf("%d journals kept", len(r.tails))
	}
	r.evict(10)
	total := 0
	for _, tail := range r.tails {
		total += tail.size()
	}
	if total > 10 {
		t.Errorf("%d entries kept, 10 allowed", total)
	}
}
