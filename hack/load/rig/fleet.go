package rig

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"guildhall.chat/guildhall/hack/load/control"
	"guildhall.chat/guildhall/internal/snowflake"
)

// FleetSpec describes clients that are spread over processes.
type FleetSpec struct {
	Name     string
	Protocol string
	Targets  []string
	Clients  int
	Compress string
	Parallel int // connections on their way at once; 0: all
	Corpus   string

	// Of gateway clients.
	FirstUser snowflake.ID
	PerGuild  int // 0: one guild
	Secrets   string
}

const (
	// perProcess is how many clients a process has, if more would be too many for its descriptors.
	perProcess = 15_000
	// stallTimeout is how long a fleet may do nothing while it is waited for.
	stallTimeout = time.Minute
)

// Fleet are the clients of one target.
type Fleet struct {
	Spec FleetSpec

	rig      *Rig
	children []*Child
	shares   int // how many processes must have a message until all have it

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced when something below has changed
	ready    int           // processes
	readyAt  int64
	captured int
	left     int
	told     int
	totals   []control.Counts
	faults   []string
	partly   map[int]*arrival // messages that not all processes have
	arrived  map[int]int64    // message -> when the last client had it; those not yet asked for
	have     int              // messages that all have, ever
	ended    error
}

type arrival struct {
	processes int
	at        int64
}

// Fleet starts the processes and has them connect. Await waits for them.
func (r *Rig) Fleet(spec FleetSpec) (*Fleet, error) {
	processes := (spec.Clients + perProcess - 1) / perProcess
	if processes == 1 && spec.Clients >= 5000 {
		processes = 2 // one thread must not be what bounds
	}
	unit := max(1, spec.PerGuild) // a guild's clients are all in one process
	per := (spec.Clients/unit + processes - 1) / processes * unit
	f := &Fleet{
		Spec: spec, rig: r, shares: processes, changed: make(chan struct{}), totals: make([]control.Counts, processes),
		partly: map[int]*arrival{}, arrived: map[int]int64{},
	}
	if spec.PerGuild > 0 {
		f.shares = 1
	}
	for i, first := 0, 0; first < spec.Clients; i, first = i+1, first+per {
		child, err := r.start("clients-"+spec.Name, func(report control.Report) { f.hear(i, report) }, "load", "clients")
		if err != nil {
			f.Stop()
			return nil, err
		}
		f.children = append(f.children, child)
		go func() {
			<-child.ended
			f.change(func() {
				if f.ended == nil {
					f.ended = child.failure()
				}
			})
		}()
		parallel := spec.Parallel
		if parallel > 0 {
			parallel = max(1, parallel/processes)
		}
		err = child.Order(control.Order{Do: control.Connect, Fleet: &control.Fleet{
			Protocol: spec.Protocol, Targets: spec.Targets, Clients: min(per, spec.Clients-first), Compress: spec.Compress,
			Parallel: parallel, Source: r.number(), FirstUser: uint64(spec.FirstUser) + uint64(first), PerGuild: spec.PerGuild,
			Secrets: spec.Secrets, Heartbeat: Heartbeat, Corpus: spec.Corpus,
		}})
		if err != nil {
			f.Stop()
			return nil, err
		}
	}
	return f, nil
}

// change makes a change and wakes who waits.
func (f *Fleet) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *Fleet) hear(child int, r control.Report) {
	f.change(func() {
		switch r.Is {
		case control.Ready:
			f.ready++
			f.readyAt = max(f.readyAt, r.At)
		case control.Captured:
			f.captured++
		case control.Left:
			f.left++
		case control.Totals:
			f.told++
			f.totals[child] = *r.Totals
		case control.Progress:
			f.totals[child] = *r.Totals
		case control.GaveUp:
			f.ended = fmt.Errorf("%s: a client is lost: %s", f.Spec.Name, r.Text)
		case control.Fault:
			if len(f.faults) < 3 {
				f.faults = append(f.faults, r.Text)
			}
		case control.Have:
			for _, m := range r.Messages {
				f.arrive(m)
			}
		}
	})
}

// arrive notes that all clients of one process have a message.
func (f *Fleet) arrive(m control.Message) {
	a := f.partly[m.Number]
	if a == nil {
		a = &arrival{}
		f.partly[m.Number] = a
	}
	a.processes++
	a.at = max(a.at, m.At)
	if a.processes == f.shares {
		delete(f.partly, m.Number)
		f.arrived[m.Number] = a.at
		f.have++
	}
}

// until waits until done says so; it is called with the lock. It fails when the processes end, or report nothing but idle
// progress for too long.
func (f *Fleet) until(ctx context.Context, what string, done func() bool) error {
	last, seen := time.Now(), f.activity()
	stall := time.NewTicker(time.Second)
	defer stall.Stop()
	for {
		f.mu.Lock()
		finished, ended, changed := done(), f.ended, f.changed
		f.mu.Unlock()
		if finished {
			return nil
		}
		if ended != nil {
			return ended
		}
		select {
		case <-changed:
		case <-stall.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: %s: %w", f.Spec.Name, what, ctx.Err())
		}
		if now := f.activity(); now != seen {
			last, seen = time.Now(), now
		} else if time.Since(last) > stallTimeout {
			return fmt.Errorf("%s: %s: %w: %+v %q", f.Spec.Name, what, errStalled, f.Counts(), f.Faults())
		}
	}
}

// activity changes when clients do something.
func (f *Fleet) activity() [5]int {
	c := f.Counts()
	return [5]int{c.Connected, c.Ready, c.Delivered, c.Resumed, c.Failed}
}

// AwaitReady waits until all clients are in place and returns when the last was, by control.Now.
func (f *Fleet) AwaitReady(ctx context.Context) (at int64, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go f.progress(ctx)
	err = f.until(ctx, "connecting", func() bool { return f.ready >= len(f.children) })
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ready = 0
	return f.readyAt, err
}

// progress prints how many are in place, until ctx ends.
func (f *Fleet) progress(ctx context.Context) {
	tick := time.NewTicker(3 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c := f.Counts()
			f.rig.Say("%s: %d of %d ready, %d attempts failed", f.Spec.Name, c.Ready, f.Spec.Clients, c.Failed)
		case <-ctx.Done():
			return
		}
	}
}

// PIDs returns the processes of the clients.
func (f *Fleet) PIDs() (pids []int) {
	for _, child := range f.children {
		pids = append(pids, child.PID())
	}
	return pids
}

// order gives all processes an order.
func (f *Fleet) order(o control.Order) error {
	var failed error
	for _, child := range f.children {
		failed = errors.Join(failed, child.Order(o))
	}
	return failed
}

// Capture has the first client write its next messages to a corpus.
func (f *Fleet) Capture(path string, count int) error {
	return f.children[0].Order(control.Order{Do: control.Capture, Path: path, Count: count})
}

// Captured says whether the corpus is there.
func (f *Fleet) Captured() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.captured > 0
}

// ReturnTo has every client whose connection ends from now on resume at one of the targets.
func (f *Fleet) ReturnTo(targets ...string) error {
	return f.order(control.Order{Do: control.Return, Targets: targets})
}

// Have returns how many messages all clients have had so far.
func (f *Fleet) Have() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.have
}

// AwaitHave waits until all clients have had so many messages.
func (f *Fleet) AwaitHave(ctx context.Context, messages int) error {
	return f.until(ctx, fmt.Sprintf("waiting for %d messages", messages), func() bool { return f.have >= messages })
}

// Arrived returns when the last client had the message, by control.Now, and forgets it.
func (f *Fleet) Arrived(number int) (at int64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, ok = f.arrived[number]
	delete(f.arrived, number)
	return at, ok
}

// Counts returns the last known counts.
func (f *Fleet) Counts() (sum control.Counts) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.totals {
		sum.Add(c)
	}
	return sum
}

// Faults returns the first faults in words.
func (f *Fleet) Faults() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.faults...)
}

// Verify asks all processes and fails unless every delivery was right, and in the same order everywhere.
func (f *Fleet) Verify(ctx context.Context) (control.Counts, error) {
	f.mu.Lock()
	f.told = 0
	f.mu.Unlock()
	if err := f.order(control.Order{Do: control.Tell}); err != nil {
		return control.Counts{}, err
	}
	if err := f.until(ctx, "counting", func() bool { return f.told >= len(f.children) }); err != nil {
		return control.Counts{}, err
	}
	sum := f.Counts()
	if wrong := sum.Wrong(); wrong != "" {
		return sum, fmt.Errorf("%s: %s: %q", f.Spec.Name, wrong, f.Faults())
	}
	if f.Spec.PerGuild == 0 {
		for _, c := range f.totals {
			if c.Order != f.totals[0].Order {
				return sum, fmt.Errorf("%s: two processes got the messages in different orders", f.Spec.Name)
			}
		}
	}
	return sum, nil
}

// Stop ends all sessions and the processes.
func (f *Fleet) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if f.order(control.Order{Do: control.Leave}) == nil {
		_ = f.until(ctx, "leaving", func() bool { return f.left >= len(f.children) })
	}
	for _, child := range f.children {
		child.Stop()
	}
}
