package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Supervisor runs groups of children. Start the groups in the order in which they depend on each other; Stop goes back.
type Supervisor struct {
	config   Config
	terminal *terminal
	stop     sync.Once

	mu     sync.Mutex
	groups [][]*runner
	made   int // children
}

// Config is what a Supervisor needs.
type Config struct {
	Terminal io.Writer // lines of children that aren't quiet, and what the supervisor itself has to say
	Colour   bool      // of the children's names
	LogDir   string    // of the files <name>.log, begun anew by each Supervisor
	Inherit  *os.File  // open in every child as descriptor 3, or nil
	Timing   Timing
	// Changed is called after each change of a child's state, one call at a time.
	Changed func([]State)
}

// State is what one child does now.
type State struct {
	Name     string
	PID      int // 0: not running
	Ready    bool
	Restarts int
	Ports    map[string]int
	Log      string
}

// New returns a supervisor without children.
func New(config Config) *Supervisor {
	return &Supervisor{config: config, terminal: &terminal{out: config.Terminal}}
}

// LogPath returns the log file of a child.
func (s *Supervisor) LogPath(name string) string {
	return filepath.Join(s.config.LogDir, name+".log")
}

// Start starts the children of a group at the same time and waits until all are ready. A child that ends before that, or
// takes longer than Timing.Start, fails the group; its error shows the end of its log. What was started goes on running
// until Stop.
func (s *Supervisor) Start(ctx context.Context, children ...Child) error {
	group := make([]*runner, len(children))
	for i, child := range children {
		group[i] = s.newRunner(child)
	}
	s.mu.Lock()
	s.groups = append(s.groups, group)
	s.mu.Unlock()

	results := make([]error, len(group))
	var starting sync.WaitGroup
	for i, r := range group {
		starting.Go(func() { results[i] = r.start(ctx) })
	}
	starting.Wait()
	return errors.Join(results...)
}

// Complete runs a child that does something and ends, and waits for it. Its error shows the end of the child's log.
func (s *Supervisor) Complete(ctx context.Context, child Child) error {
	r := s.newRunner(child)
	return r.complete(ctx)
}

// Stop stops all children, the last group first, and returns when all are gone.
func (s *Supervisor) Stop() { s.stop.Do(s.stopAll) }

func (s *Supervisor) stopAll() {
	s.mu.Lock()
	groups := slices.Clone(s.groups)
	s.mu.Unlock()
	for _, group := range slices.Backward(groups) {
		var stopping sync.WaitGroup
		for _, r := range group {
			stopping.Go(r.stop)
		}
		stopping.Wait()
	}
}

func (s *Supervisor) newRunner(child Child) *runner {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	return newRunner(s, child, s.made)
}

// Say writes a line of the supervisor's own to the terminal.
func (s *Supervisor) Say(format string, args ...any) {
	s.terminal.line("", fmt.Appendf(nil, format, args...))
}

// report tells Config.Changed the state of all children.
func (s *Supervisor) report() {
	if s.config.Changed == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var states []State
	for _, group := range s.groups {
		for _, r := range group {
			states = append(states, r.state())
		}
	}
	s.config.Changed(states)
}
