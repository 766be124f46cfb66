package supervise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"guildhall.chat/guildhall/hack/local/process"
)

// runner keeps one child running, from start to stop.
type runner struct {
	child      Child
	supervisor *Supervisor
	lines      *lines   // nil: quiet
	log        *os.File // set by start

	stopping chan struct{} // closed by stop
	stopped  chan struct{} // closed when the child is gone for good

	mu       sync.Mutex
	pid      int
	ready    bool
	restarts int
}

func newRunner(s *Supervisor, child Child, index int) *runner {
	r := &runner{child: child, supervisor: s, stopping: make(chan struct{}), stopped: make(chan struct{})}
	if !child.Quiet {
		r.lines = &lines{terminal: s.terminal, label: label(child.Name, index, s.config.Colour)}
	}
	return r
}

func (r *runner) state() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return State{
		Name: r.child.Name, PID: r.pid, Ready: r.ready, Restarts: r.restarts,
		Ports: r.child.Ports, Log: r.logPath(),
	}
}

func (r *runner) set(change func()) {
	r.mu.Lock()
	change()
	r.mu.Unlock()
	r.supervisor.report()
}

func (r *runner) logPath() string { return r.supervisor.LogPath(r.child.Name) }

func (r *runner) say(format string, args ...any) {
	r.supervisor.Say("%s %s", r.child.Name, fmt.Sprintf(format, args...))
}

// start runs the child for the first time and waits until it is ready. Whether it becomes so or not, stop must follow.
func (r *runner) start(ctx context.Context) error {
	if err := r.openLog(); err != nil {
		close(r.stopped)
		return err
	}
	first := r.launch()
	notReady := r.await(ctx, first)
	// A child that fails its first start is not started again: its mistake is told once, by the error.
	go r.keep(first, notReady == nil)
	return notReady
}

func (r *runner) openLog() error {
	log, err := os.OpenFile(r.logPath(), os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("%s: %w", r.child.Name, err)
	}
	r.log = log
	return nil
}

// complete runs the child once, to its end.
func (r *runner) complete(ctx context.Context) error {
	if err := r.openLog(); err != nil {
		return err
	}
	defer func() { _ = r.log.Close() }()
	life := r.launch()
	select {
	case <-life.over:
	case <-ctx.Done():
		r.end(life)
		return fmt.Errorf("%s: waited for it to complete: %w%s", r.child.Name, ctx.Err(), r.logEnd())
	}
	if !errors.Is(life.err, errExitedZero) {
		return fmt.Errorf("%s failed: %w%s", r.child.Name, life.err, r.logEnd())
	}
	return nil
}

// stop ends the child and waits until it is gone.
func (r *runner) stop() {
	close(r.stopping)
	<-r.stopped
}

// keep starts the child anew whenever it ends, if again, until stop.
func (r *runner) keep(life *life, again bool) {
	defer close(r.stopped)
	defer func() { _ = r.log.Close() }()
	timing := r.supervisor.config.Timing
	pause := timing.FirstRestart
	for {
		select {
		case <-r.stopping:
			r.end(life)
			return
		case <-life.over:
		}
		if !again {
			return
		}
		if time.Since(life.since) >= timing.Healthy {
			pause = timing.FirstRestart
		}
		r.say("ended (%v); starting it again in %v; its log is %s", life.err, pause, r.logPath())
		select {
		case <-r.stopping:
			return
		case <-time.After(pause):
		}
		if !r.released() {
			return
		}
		pause = min(2*pause, timing.LastRestart)
		r.set(func() { r.restarts++ })
		life = r.launch()
		go r.announce(life)
	}
}

// released waits until the child is not held, and reports whether it is to be started then.
func (r *runner) released() bool {
	poll := time.NewTicker(r.supervisor.config.Timing.Poll)
	defer poll.Stop()
	for r.child.Held != nil && r.child.Held() {
		select {
		case <-r.stopping:
			return false
		case <-poll.C:
		}
	}
	return true
}

// announce says when a child that was started again is ready.
func (r *runner) announce(life *life) {
	err := r.await(context.Background(), life)
	switch {
	case err == nil:
		r.say("is ready again")
	case errors.Is(err, errOver): // keep says so
	default:
		r.say("is not ready: %v", err)
	}
}

// errOver means that the child ended or was stopped while it was awaited.
var errOver = errors.New("ended before it was ready")

// await waits until the child is ready.
func (r *runner) await(ctx context.Context, life *life) error {
	timing := r.supervisor.config.Timing
	ctx, cancel := context.WithTimeout(ctx, timing.Start)
	defer cancel()
	poll := time.NewTicker(timing.Poll)
	defer poll.Stop()
	for {
		notReady := r.child.Ready(ctx)
		select {
		case <-life.over: // whoever answered, it was not this process
			return fmt.Errorf("%s: %w (%w)%s", r.child.Name, errOver, life.err, r.logEnd())
		default:
		}
		if notReady == nil {
			r.set(func() { r.ready = r.pid == life.process.Pid }) // it may be gone by now
			return nil
		}
		select {
		case <-poll.C:
		case <-life.over:
		case <-r.stopping:
			return fmt.Errorf("%s: %w", r.child.Name, errOver)
		case <-ctx.Done():
			return fmt.Errorf("%s: waited for it to be ready: %w: %w%s", r.child.Name, ctx.Err(), notReady, r.logEnd())
		}
	}
}

func (r *runner) logEnd() string {
	return fmt.Sprintf("; its log %s ends:\n%s", r.logPath(), process.Tail(r.logPath()))
}

// end asks the child to end, and kills it if it does not.
func (r *runner) end(life *life) {
	patience := r.supervisor.config.Timing.Stop
	life.signal(r.child.StopSignal)
	select {
	case <-life.over:
	case <-time.After(patience):
		r.say("did not stop within %v and is killed; its log is %s", patience, r.logPath())
		life.kill()
		<-life.over
	}
}
