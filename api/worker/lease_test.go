package worker

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/redistest"
)

// counted is a job that counts who does it, and how many at once.
type counted struct {
	doing, most atomic.Int32
	mu          sync.Mutex
	by          map[string]int
	each        chan string // the holder of each step
}

func newCounted() *counted {
	return &counted{by: map[string]int{}, each: make(chan string, 1000)}
}

func (c *counted) job(holder string) job {
	return job{"counted", time.Millisecond, func() step {
		return func(context.Context) error {
			c.most.Store(max(c.most.Load(), c.doing.Add(1)))
			defer c.doing.Add(-1)
			c.mu.Lock()
			c.by[holder]++
			c.mu.Unlock()
			select {
			case c.each <- holder:
			default:
			}
			return nil
		}
	}, nil}
}

// contender runs one job of a worker until the function that it returns is called.
func (s *site) contender(name string, c *counted) (stop func()) {
	w := s.worker()
	w.holder = name
	ctx, cancel := context.WithCancel(s.t.Context())
	var running sync.WaitGroup
	running.Go(func() { w.contend(ctx, c.job(name)) })
	stop = func() {
		cancel()
		running.Wait()
	}
	s.t.Cleanup(stop)
	return stop
}

func (c *counted) waitFor(t *testing.T, holder string) {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case by := <-c.each:
			if by == holder {
				return
			}
		case <-timeout:
			t.Fatalf("%s never had the job: %v", holder, c.by)
		}
	}
}

func TestOneWorkerDoesAJob(t *testing.T) {
	t.Parallel()
	s := newSite(t, redistest.Client(t))
	c := newCounted()
	stopFirst := s.contender("first", c)
	c.waitFor(t, "first")
	s.contender("second", c)
	for range 200 {
		<-c.each
	}
	c.mu.Lock()
	if c.by["second"] != 0 || c.most.Load() != 1 {
		t.Errorf("done by %v, %d at once", c.by, c.most.Load())
	}
	c.mu.Unlock()
	// One that stops gives the job back.
	stopFirst()
	var holders int
	if err := s.db.QueryRow(t.Context(), `select count(*) from leases where holder = 'first'`).Scan(&holders); err != nil || holders != 0 {
		t.Errorf("%d leases are still held, %v", holders, err)
	}
	c.waitFor(t, "second")
}

func TestKilledHolderIsReplaced(t *testing.T) {
	t.Parallel()
	s := newSite(t, redistest.Client(t))
	// Held by a process that renews no more.
	if held, err := s.store.Lease(t.Context(), "counted", "killed", time.Second); err != nil || !held {
		t.Fatal(held, err)
	}
	if held, err := s.store.Lease(t.Context(), "counted", "other", time.Second); err != nil || held {
		t.Fatal("a lease that is held was taken", err)
	}
	c := newCounted()
	s.contender("heir", c)
	c.waitFor(t, "heir")
}

func TestHolderStopsWhenItsLeaseIsAnothers(t *testing.T) {
	t.Parallel()
	s := newSite(t, redistest.Client(t))
	c := newCounted()
	s.contender("old", c)
	c.waitFor(t, "old")
	s.exec(`update leases set holder = 'new', until = now() + interval '1 hour'`)
	s.eventually("the end of its steps", func() bool {
		c.mu.Lock()
		before := c.by["old"]
		c.mu.Unlock()
		time.Sleep(100 * time.Millisecond)
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.by["old"] == before
	})
}

func TestFailedStepIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, redistest.Client(t))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tries := 0
	s.worker().repeat(ctx, job{"failing", time.Hour, func() step {
		return func(context.Context) error {
			if tries++; tries == 2 {
				cancel()
			}
			return context.DeadlineExceeded
		}
	}, nil})
	if tries != 2 {
		t.Errorf("%d tries", tries)
	}
}
