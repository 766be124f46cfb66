package supervise

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// outputGrace bounds the wait for a dead child's output, whose pipe a grandchild may hold open.
const outputGrace = 2 * time.Second

// life is one run of a child's process.
type life struct {
	process *os.Process // nil: could not be started
	since   time.Time
	over    chan struct{} // closed when the process is gone; err is set then
	err     error         // how it ended, never nil
}

// launch starts the process. One that can't be started is a life that is over.
func (r *runner) launch() *life {
	cmd := r.child.Command()
	var output io.Writer = r.log
	if r.lines != nil {
		output = io.MultiWriter(r.log, r.lines)
	}
	cmd.Stdout, cmd.Stderr = output, output // the same writer is one pipe: the order is kept
	cmd.WaitDelay = outputGrace
	if inherit := r.supervisor.config.Inherit; inherit != nil {
		cmd.ExtraFiles = []*os.File{inherit}
	}
	life := &life{since: time.Now(), over: make(chan struct{})}
	if life.err = cmd.Start(); life.err != nil {
		close(life.over)
		return life
	}
	life.process = cmd.Process
	r.set(func() { r.pid = cmd.Process.Pid })
	go func() {
		life.err = ending(cmd.Wait())
		if r.lines != nil {
			r.lines.flush()
		}
		r.set(func() { r.pid, r.ready = 0, false })
		close(life.over)
	}()
	return life
}

var errExitedZero = errors.New("exit status 0")

func ending(err error) error {
	if err == nil {
		return errExitedZero
	}
	return err
}

// signal sends a signal, which a process that is gone can't get.
func (l *life) signal(signal syscall.Signal) {
	if l.process != nil {
		_ = l.process.Signal(signal)
	}
}

func (l *life) kill() { l.signal(syscall.SIGKILL) }
