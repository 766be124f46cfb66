package journal

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestProcessNamesDiffer(t *testing.T) {
	t.Parallel()
	a, b := NewProcess("gateway-0-1"), NewProcess("gateway-0-1")
	if a == b || !strings.HasPrefix(string(a), "gateway-0-1.") || len(a) != len("gateway-0-1.")+bootLetters {
		t.Errorf("%q, %q", a, b)
	}
}

// Whatever Redis loses at random moments, a journal has every entry once and in order, or refuses.
func TestJournalIsExact(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(5, 6))
	w.append(w.random(rng, 3)...)
	known := w.dump()
	for range 400 {
		switch n := rng.IntN(20); {
		case n < 14:
			w.append(w.random(rng, 1+rng.IntN(40))...)
		case n < 16:
			known = w.dump()
		case n < 17:
			w.lose(known)
			w.append(w.random(rng, 1)...)
		case n < 18 && rng.IntN(5) == 0:
			w.writer.ring.reset() // the ring is full, so to say
			w.lose(known)
			if last := w.last(); w.dumpedAt(known) != last {
				w.floor, w.entries = last, nil
			}
			w.append(w.random(rng, 2)...)
			known = w.dump()
		default:
			w.check()
		}
	}
	w.check()
}

// dumpedAt returns the position to which a dump reaches, which is what Redis has.
func (w *world) dumpedAt(dump) int64 {
	last, err := w.rdb.HGet(w.t.Context(), w.process.headsKey(), "last").Int64()
	if err != nil {
		w.t.Fatal(err)
	}
	return last
}

// A journal that is lost as a whole is whole again if all of it is still in the ring; else it goes on without what was.
func TestLostJournalGoesOn(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 8))
	w := newWorld(t)
	for range 50 {
		w.append(w.random(rng, 5)...)
	}
	w.forget()
	if _, err := w.reader.Read(t.Context(), w.process, w.last()); !errors.Is(err, ErrGone) {
		t.Errorf("read what is lost: %v", err)
	}
	w.append(w.random(rng, 5)...)
	w.check()

	w.writer.ring.maxBytes = 3 * batchOverhead
	w.append(w.random(rng, 5)...)
	w.check()
	w.forget()
	w.floor, w.entries = w.last(), nil
	w.append(w.random(rng, 5)...)
	w.check()
}

// Redis may evict one of the two keys.
func TestJournalWithoutHeadsGoesOn(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(9, 10))
	w := newWorld(t)
	w.append(w.random(rng, 5)...)
	w.append(w.random(rng, 5)...)
	w.rdb.Del(t.Context(), w.process.headsKey())
	w.append(w.random(rng, 5)...)
	w.check()
	w.rdb.Del(t.Context(), w.process.entriesKey())
	w.floor, w.entries = w.last(), nil
	w.append(w.random(rng, 5)...)
	w.checkFresh()
}

// The connection ends after Redis has done what it was asked, and go-redis asks again.
func TestBatchIsAppendedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hook := &loseAnswers{}
	w.rdb.AddHook(hook)
	rng := rand.New(rand.NewPCG(11, 12))
	for range 20 {
		w.append(w.random(rng, 5)...)
		w.append(w.random(rng, 1)...)
		hook.lose = 2
	}
	w.check()
	if hook.lost < 30 {
		t.Errorf("only %d answers lost", hook.lost)
	}
}

// loseAnswers makes a client ask again what was answered.
type loseAnswers struct {
	redis.Hook
	lose, lost int
}

func (l *loseAnswers) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l *loseAnswers) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		for ; l.lose > 0; l.lose-- {
			l.lost++
			err = next(ctx, cmd)
		}
		return err
	}
}

func (l *loseAnswers) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func TestJournalIsTrimmed(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, newClient(t), NewProcess("gateway-0-0"), time.Minute, Config{MaxEntries: 2000})
	rng := rand.New(rand.NewPCG(13, 14))
	for range 1000 {
		w.append(w.random(rng, 10)...)
	}
	// Redis drops whole nodes of a stream, of 100 entries.
	batches := w.rdb.XLen(t.Context(), w.process.entriesKey()).Val()
	if batches < 190 || batches > 310 {
		t.Errorf("%d batches kept, want some 200", batches)
	}
	first := w.entries[len(w.entries)-10*int(batches)]
	w.entries = w.entries[len(w.entries)-10*int(batches):]
	w.floor = w.lastBefore(first.Position)
	w.checkFresh()
}

// lastBefore returns the position that the oldest retained batch says it follows.
func (w *world) lastBefore(position int64) int64 {
	page := w.rdb.XRangeN(w.t.Context(), w.process.entriesKey(), "-", "+", 1).Val()
	payload, _ := page[0].Values["b"].(string)
	entries, prev, _, err := decode(nil, []byte(payload))
	if err != nil || entries[0].Position != position {
		w.t.Fatalf("oldest batch begins with %d, want %d: %v", entries[0].Position, position, err)
	}
	return prev
}

func TestJournalIsDroppedByAge(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, newClient(t), NewProcess("gateway-0-0"), 600*time.Millisecond, Config{})
	rng := rand.New(rand.NewPCG(15, 16))
	eventually(t, "what is past the window is gone, and the rest is not", func() bool {
		for range 50 {
			w.append(w.random(rng, 1)...)
		}
		_, old := NewReader(w.rdb).Read(t.Context(), w.process, 0)
		_, recent := NewReader(w.rdb).Read(t.Context(), w.process, w.last()-1)
		return errors.Is(old, ErrGone) && recent == nil
	})
}

// A pod without traffic is alive all the same.
func TestQuietJournalLives(t *testing.T) {
	t.Parallel()
	const window = 500 * time.Millisecond
	rng := rand.New(rand.NewPCG(17, 18))
	rdb := newClient(t)
	quiet, dead := newWorldWith(t, rdb, NewProcess("quiet"), window, Config{}), newWorldWith(t, rdb, NewProcess("dead"), window, Config{})
	quiet.append(quiet.random(rng, 3)...)
	dead.append(dead.random(rng, 3)...)
	known := quiet.dump()
	dead.writer.stop()
	eventually(t, "the dead pod's journal expires", func() bool {
		_, err := dead.reader.Read(t.Context(), dead.process, dead.last())
		return errors.Is(err, ErrGone)
	})
	quiet.check()

	// What Redis has lost comes back without an Append, too.
	quiet.append(quiet.random(rng, 3)...)
	quiet.lose(known)
	eventually(t, "the end is there again", func() bool { return quiet.compare(quiet.reader) == nil })
	quiet.check()
}

func TestClosedJournalLivesForTheWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(19, 20))
	w.append(w.random(rng, 3)...)
	w.rdb.PExpire(t.Context(), w.process.entriesKey(), time.Second)
	w.writer.Close()
	w.writer.Close()
	if ttl := w.rdb.PTTL(t.Context(), w.process.entriesKey()).Val(); ttl < 50*time.Second {
		t.Errorf("lives for %v", ttl)
	}
	w.check()
	if err := w.writer.Append(t.Context(), w.random(rng, 1)); err == nil {
		t.Error("appended to a closed journal")
	}
}

// A batch that can't be written is given up like one that Redis does not take.
func TestEntriesOutOfOrderAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(w.event(1, 1))
	if err := w.try(Entry{Position: 1, Kind: Event, Log: 1, Seq: 2}); !errors.Is(err, errEntry) {
		t.Fatal(err)
	}
	eventually(t, "restored", func() bool { return w.try(w.event(1, 3)) == nil })
	w.append(w.event(1, 4))
	w.check()
}
