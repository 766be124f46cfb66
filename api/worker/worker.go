package worker

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/store"
)

const (
	// leaseTime is how long a job stays with a worker that no longer renews: what a killed one costs.
	leaseTime = 5 * time.Second
	renewTime = leaseTime / 3
)

// Worker runs the jobs.
type Worker struct {
	store     *store.Store
	publisher *events.Publisher
	presences *presence.Presences
	window    time.Duration
	holder    string
	log       *slog.Logger
}

// New returns a worker; window is the resume window, for which the outbox is kept.
func New(s *store.Store, p *events.Publisher, online *presence.Presences, window time.Duration, log *slog.Logger) *Worker {
	return &Worker{store: s, publisher: p, presences: online, window: window, holder: rand.Text(), log: log}
}

// job is a step that is repeated while the lease is held.
type job struct {
	name  string
	every time.Duration
	// begin makes the step for one holding of the lease, so that what the step remembers starts anew with it.
	begin func() func(ctx context.Context) error
}

func (w *Worker) jobs() []job {
	same := func(step func(context.Context) error) func() func(context.Context) error {
		return func() func(context.Context) error { return step }
	}
	return []job{
		{"relay", relayInterval, w.relay},
		{"partitions", time.Minute, same(w.partitions)},
		{"presence", 2 * time.Second, same(w.expirePresence)},
		{"logins", 10 * time.Minute, same(w.expireLogins)},
	}
}

// Run does the jobs whose leases it gets, until ctx ends.
func (w *Worker) Run(ctx context.Context) {
	var group errgroup.Group
	for _, j := range w.jobs() {
		group.Go(func() error {
			w.contend(ctx, j)
			return nil
		})
	}
	_ = group.Wait()
}

// contend waits for the lease, does the job while it has it, and gives it back at the end.
func (w *Worker) contend(ctx context.Context, j job) {
	for ctx.Err() == nil {
		held, err := w.store.Lease(ctx, j.name, w.holder, leaseTime)
		if err != nil && ctx.Err() == nil {
			w.log.Warn("lease not reached", "job", j.name, "error", err)
		}
		if held {
			w.hold(ctx, j)
		}
		pause(ctx, renewTime)
	}
	release, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := w.store.Release(release, j.name, w.holder); err != nil {
		w.log.Warn("lease not given back", "job", j.name, "error", err)
	}
}

// hold repeats the step until ctx ends or the lease can't be renewed in time.
func (w *Worker) hold(ctx context.Context, j job) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go w.renew(ctx, j.name, stop)
	leasesHeld.WithLabelValues(j.name).Set(1)
	defer leasesHeld.WithLabelValues(j.name).Set(0)
	w.log.Info("job taken", "job", j.name)
	step := j.begin()
	for ctx.Err() == nil {
		if err := step(ctx); err != nil && ctx.Err() == nil {
			failures.WithLabelValues(j.name).Inc()
			w.log.Warn("job failed, will try again", "job", j.name, "error", err)
			pause(ctx, time.Second)
		}
		pause(ctx, j.every)
	}
}

// renew keeps the lease and calls lost as soon as it is another's or may be.
func (w *Worker) renew(ctx context.Context, name string, lost func()) {
	defer lost()
	until := time.Now().Add(leaseTime)
	for ctx.Err() == nil && time.Now().Before(until) {
		pause(ctx, renewTime)
		asked := time.Now()
		attempt, cancel := context.WithDeadline(ctx, until)
		held, err := w.store.Lease(attempt, name, w.holder, leaseTime)
		cancel()
		switch {
		case err != nil:
			continue
		case !held:
			return
		}
		until = asked.Add(leaseTime)
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
