// Package supervise runs child processes: it starts them, waits until they are ready, starts them again when they end by
// themselves, and stops them in order. Each child's output goes to a log file of its own and, unless it is quiet, line by
// line to the terminal under the child's name.
package supervise

import (
	"context"
	"os/exec"
	"syscall"
	"time"
)

// Child says how to run one process.
type Child struct {
	Name string
	// Command makes the process anew for each start; its output is set by the supervisor.
	Command func() *exec.Cmd
	// Ready returns nil once the process does its work. It is polled.
	Ready func(context.Context) error
	// StopSignal asks the process to end.
	StopSignal syscall.Signal
	// Held, unless nil, is asked before a process that has ended is started again; it is not as long as it returns true.
	Held func() bool
	// Quiet keeps its output off the terminal.
	Quiet bool
	// Ports are told in reports, by use.
	Ports map[string]int
}

// Timing is the bounds and pauses of a Supervisor.
type Timing struct {
	Start        time.Duration // from the start of a child until it is ready
	Stop         time.Duration // from StopSignal until SIGKILL
	FirstRestart time.Duration // pause before a child that ended is started again; doubles up to LastRestart
	LastRestart  time.Duration
	Healthy      time.Duration // a child that ran this long starts again at FirstRestart
	Poll         time.Duration // between two calls of Ready, or of Held
}

// DefaultTiming suits a platform on a developer's machine.
var DefaultTiming = Timing{
	Start:        time.Minute,
	Stop:         15 * time.Second,
	FirstRestart: 200 * time.Millisecond,
	LastRestart:  5 * time.Second,
	Healthy:      30 * time.Second,
	Poll:         50 * time.Millisecond,
}
