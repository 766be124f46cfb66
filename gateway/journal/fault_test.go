package journal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/redistest"
)

func newWorldThatBreaks(t testing.TB) (*world, *redistest.Instance) {
	t.Helper()
	instance := redistest.New(t)
	rdb := clientOf(t, func(testing.TB) ([]string, string) { return instance.Addrs(), instance.Password() })
	return newWorldOn(t, rdb), instance
}

// freeze stops the journal's master until it is told to go on.
func (w *world) freeze() (thaw func()) {
	w.t.Helper()
	node, err := w.rdb.MasterForKey(w.t.Context(), w.process.entriesKey())
	if err != nil {
		w.t.Fatal(err)
	}
	pid, err := strconv.Atoi(node.InfoMap(w.t.Context(), "server").Val()["Server"]["process_id"])
	if err != nil {
		w.t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		w.t.Fatal(err)
	}
	thaw = sync.OnceFunc(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	w.t.Cleanup(thaw)
	return thaw
}

// A master that hangs holds up one Append, and what was dispatched without it can't be resumed. What it was sent while it
// hung, it does when it goes on: neither late batches nor late restarts do any harm.
func TestMasterHangsAndGoesOn(t *testing.T) {
	t.Parallel()
	w, _ := newWorldThatBreaks(t)
	rng := rand.New(rand.NewPCG(31, 32))
	restarts := func() int64 {
		w.writer.mu.Lock()
		defer w.writer.mu.Unlock()
		return w.writer.restarts
	}
	for round := range 3 {
		for range 20 {
			w.append(w.random(rng, 5)...)
		}
		w.check()
		before, begun := w.last(), restarts()
		thaw := w.freeze()
		if err := w.try(w.random(rng, 5)...); err == nil || errors.Is(err, ErrDegraded) {
			t.Fatalf("first Append while the master hangs: %v", err)
		}
		for range 100 {
			if err := w.try(w.random(rng, 5)...); !errors.Is(err, ErrDegraded) {
				t.Fatalf("Append while degraded: %v", err)
			}
		}
		eventually(t, "two restarts are on their way", func() bool { return restarts() >= begun+2 })
		thaw()
		if round == 0 {
			// Without another Append, the journal is whole again at what was dispatched last.
			eventually(t, "restored", func() bool {
				_, err := w.reader.Read(t.Context(), w.process, w.last())
				return err == nil
			})
		} else {
			eventually(t, "restored", func() bool { return w.try(w.random(rng, 5)...) == nil })
		}
		w.check()
		if _, err := w.reader.Read(t.Context(), w.process, before); !errors.Is(err, ErrGone) {
			t.Errorf("read across the hole: %v", err)
		}
	}
}

// A master that is killed and comes back has all that it acknowledged.
func TestMasterIsKilledAndComesBack(t *testing.T) {
	t.Parallel()
	w, instance := newWorldThatBreaks(t)
	rng := rand.New(rand.NewPCG(33, 34))
	w.append(w.random(rng, 5)...)
	for master := range instance.Addrs() {
		instance.Kill(t, master)
	}
	failed := w.last()
	if _, err := w.reader.Read(t.Context(), w.process, failed); err == nil || errors.Is(err, ErrGone) {
		t.Errorf("read while Redis is down: %v", err)
	}
	if err := w.try(w.random(rng, 5)...); err == nil || errors.Is(err, ErrDegraded) {
		t.Fatalf("Append while Redis is down: %v", err)
	}
	for master := range instance.Addrs() {
		instance.Restart(t, master)
	}
	eventually(t, "restored", func() bool { return w.try(w.random(rng, 5)...) == nil })
	w.append(w.random(rng, 5)...)
	w.check()
}

func TestAppendEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w, _ := newWorldThatBreaks(t)
	w.append(w.event(1, 1))
	w.freeze()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.writer.Append(ctx, []Entry{w.event(1, 2)}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A replica that takes over has lost the end of the journal; the writer sends it again, and nobody notices.
func TestReplicaTakesOver(t *testing.T) {
	t.Parallel()
	w, instance := newWorldThatBreaks(t)
	rng := rand.New(rand.NewPCG(35, 36))
	w.append(w.random(rng, 5)...)
	node, err := w.rdb.MasterForKey(t.Context(), w.process.entriesKey())
	if err != nil {
		t.Fatal(err)
	}
	replica := instance.Replica(t, node)
	w.append(w.random(rng, 5)...)
	synced := w.last()
	eventually(t, "the replica has the journal", func() bool {
		return reaches(t, replica, w) == synced
	})
	replica.CutOff(t)
	for range 20 {
		w.append(w.random(rng, 5)...)
	}
	w.check()
	if got := reaches(t, replica, w); got != synced {
		t.Fatalf("replica reaches to %d, want %d", got, synced)
	}
	resent := testutil.ToFloat64(batchesResent)
	if err := replica.Client.Do(t.Context(), "CLUSTER", "FAILOVER", "TAKEOVER").Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replica is the master", func() bool {
		w.rdb.ReloadState(t.Context())
		now, err := w.rdb.MasterForKey(t.Context(), w.process.entriesKey())
		return err == nil && now.Options().Addr == replica.Client.Options().Addr
	})

	// Until the writer has been there, nobody can know what came after the end that is left.
	fresh := NewReader(w.rdb)
	if _, err := fresh.Read(t.Context(), w.process, w.last()); !errors.Is(err, ErrGone) {
		t.Errorf("read beyond the end that is left: %v", err)
	}
	if j, err := fresh.Read(t.Context(), w.process, 0); err != nil || j.Last() != synced {
		t.Errorf("read of what is left: %v", err)
	}
	if _, err := w.reader.Read(t.Context(), w.process, w.last()); err != nil {
		t.Errorf("who has read the end before knows it: %v", err)
	}

	w.append(w.random(rng, 5)...)
	w.check()
	if n := testutil.ToFloat64(batchesResent) - resent; n < 20 {
		t.Errorf("%v batches sent again, want 20", n)
	}
	for range 20 {
		w.append(w.random(rng, 5)...)
	}
	w.check()
}

// reaches returns how far the replica has the journal.
func reaches(t testing.TB, r redistest.Replica, w *world) int64 {
	t.Helper()
	conn := r.Client.Conn() // READONLY is of a connection
	defer func() { _ = conn.Close() }()
	if err := conn.Do(t.Context(), "READONLY").Err(); err != nil {
		t.Fatal(err)
	}
	last, err := conn.HGet(t.Context(), w.process.headsKey(), "last").Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		t.Fatal(fmt.Errorf("ask the replica: %w", err))
	}
	return last
}

// Redis loses a whole journal while nobody can append.
func TestEverythingIsLostWhileDegraded(t *testing.T) {
	t.Parallel()
	w, _ := newWorldThatBreaks(t)
	rng := rand.New(rand.NewPCG(37, 38))
	w.append(w.random(rng, 50)...)
	thaw := w.freeze()
	if err := w.try(w.random(rng, 5)...); err == nil {
		t.Fatal("appended to a master that hangs")
	}
	thaw()
	w.forget()
	eventually(t, "restored", func() bool { return w.try(w.random(rng, 5)...) == nil })
	w.append(w.random(rng, 5)...)
	w.check()
}
