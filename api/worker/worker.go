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
}

func (w *Worker) jobs() []job {
	always := func(s step) func() step { return func() step { return s } }
	return []job{
		{"relay", relayInterval, func() step { return newRelay(w.store, w.publisher).step }},
		{"partitions", time.Minute, always(w.partitions)},
		{"presence", 2 * time.Second, always(w.expirePresence)},
		{"search", searchInterval, always(w.index)},
		{"threads", 30 * time.Second, always(w.archiveThreads)},
		{"housekeeping", 10 * time.Minute, always(w.housekeep)},
		{"purge", purgeInterval, always(w.purge)},
		{"scheduled events", 5 * time.Second, always(w.advanceEvents)},
		{"invite targets", time.Second, always(w.takeTargets)},
		{"temporary members", 30 * time.Second, always(w.removeGuests)},
	}
}

// Add adds a job that another package has: a step that is repeated so soon after its end. It is called before Run.
func (w *Worker) Add(name string, every time.Duration, do func(context.Context) error) {
	w.added = append(w.added, job{name, every, func() step { return do }})
}

// Run does the jobs whose leases it gets, until ctx ends.
func (w *Worker) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, j := range append(w.jobs(), w.added...) {
		all.Go(func() { w.contend(ctx, j) })
	}
	all.Wait()
}

// retryAfter is how soon a step is tried again that failed.
const retryAfter = time.Second

// repeat does the job until ctx ends.
func (w *Worker) repeat(ctx context.Context, j job) {
	next := j.begin()
	for ctx.Err() == nil {
		wait := j.every
		if err := next(ctx); err != nil && ctx.Err() == nil {
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
