package worker

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/store"
)

// Worker runs the jobs.
type Worker struct {
	store     *store.Store
	publisher *events.Publisher
	presences *presence.Presences
	window    time.Duration
	holder    string
	log       *slog.Logger
	added     []job
}

// New returns a worker; window is the resume window, for which the outbox is kept.
func New(s *store.Store, p *events.Publisher, online *presence.Presences, window time.Duration, log *slog.Logger) *Worker {
	return &Worker{store: s, publisher: p, presences: online, window: window, holder: rand.Text(), log: log}
}

// step is one round of a job.
type step func(ctx context.Context) error

// job is a step that is repeated while the lease is held.
type job struct {
	name  string
	every time.Duration
	// begin makes the step for one holding of the lease, so that what the step remembers starts anew with it.
	begin func() step
	// end, unless nil, is called when the lease is held no more.
	end func()
}

func (w *Worker) jobs() []job {
	m := newMeasuring(w.store, w.publisher)
	always := func(s step) func() step { return func() step { return s } }
	return []job{
		{"relay", relayInterval, func() step { return newRelay(w.store, w.publisher).step }, nil},
		{"measuring", measureInterval, always(m.step), m.forget},
		{"partitions", time.Minute, always(w.partitions), nil},
		{"presence", 2 * time.Second, always(w.expirePresence), nil},
		{"search", searchInterval, always(w.index), nil},
		{"threads", 30 * time.Second, always(w.archiveThreads), nil},
		{"housekeeping", 10 * time.Minute, always(w.housekeep), nil},
		{"purge", purgeInterval, always(w.purge), nil},
		{"scheduled events", 5 * time.Second, always(w.advanceEvents), nil},
		{"invite targets", time.Second, always(w.takeTargets), nil},
		{"temporary members", 30 * time.Second, always(w.removeGuests), nil},
	}
}

// Add adds a job that another package has: a step that is repeated so soon after its end. It is called before Run.
func (w *Worker) Add(name string, every time.Duration, do func(context.Context) error) {
	w.added = append(w.added, job{name, every, func() step { return do }, nil})
}

// Run does the jobs whose leases it gets, until ctx ends.
func (w *Worker) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, j := range append(w.jobs(), w.added...) {
		leasesHeld.WithLabelValues(j.name).Set(0)
		failures.WithLabelValues(j.name)
		all.Go(func() { w.contend(ctx, j) })
	}
	all.Wait()
}

// retryAfter is how soon a step is tried again that failed.
const retryAfter = time.Second

// repeat does the job until ctx ends.
func (w *Worker) repeat(ctx context.Context, j job) {
	next := j.begin()
	took, good := stepSeconds.WithLabelValues(j.name), lastSuccess.WithLabelValues(j.name)
	defer lastSuccess.DeleteLabelValues(j.name)
	for ctx.Err() == nil {
		wait := j.every
		begun := time.Now()
		err := next(ctx)
		took.Observe(time.Since(begun).Seconds())
		if err == nil {
			good.SetToCurrentTime()
		} else if ctx.Err() == nil {
			failures.WithLabelValues(j.name).Inc()
			w.log.Warn("job failed, will try again", "job", j.name, "error", err)
			wait = retryAfter
		}
		pause(ctx, wait)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
