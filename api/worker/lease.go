package worker

import (
	"context"
	"sync"
	"time"
)

const (
	// leaseTime is how long a job stays with a worker that no longer renews: what a killed one costs.
	leaseTime = 5 * time.Second
	renewTime = leaseTime / 3
)

// contend waits for the lease, does the job while it has it, and gives it back at the end.
func (w *Worker) contend(ctx context.Context, j job) {
	for ctx.Err() == nil {
		asked := time.Now()
		held, err := w.store.Lease(ctx, j.name, w.holder, leaseTime)
		if err != nil && ctx.Err() == nil {
			w.log.Warn("lease not reached", "job", j.name, "error", err)
		}
		if held {
			w.hold(ctx, j, asked.Add(leaseTime))
		}
		pause(ctx, renewTime)
	}
	release, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := w.store.Release(release, j.name, w.holder); err != nil {
		w.log.Warn("lease not given back", "job", j.name, "error", err)
	}
}

// hold does the job until ctx ends or the lease, which is ours until then, can't be renewed in time.
func (w *Worker) hold(ctx context.Context, j job, until time.Time) {
	ctx, stop := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		defer stop()
		w.renew(ctx, j.name, until)
	})
	leasesHeld.WithLabelValues(j.name).Set(1)
	w.log.Info("job taken", "job", j.name)
	w.repeat(ctx, j)
	stop()
	renewing.Wait() // a renewal under way would take the lease again after it is given back
	leasesHeld.WithLabelValues(j.name).Set(0)
	if j.end != nil {
		j.end()
	}
}

// renew returns when the lease is another's, or may be.
func (w *Worker) renew(ctx context.Context, name string, until time.Time) {
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
