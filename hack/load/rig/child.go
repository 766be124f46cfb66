// Package rig starts what a benchmark needs and conducts it: the platform, fleets of clients and the peers, each a child
// process that ends with this one.
package rig

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"guildhall.chat/guildhall/hack/load/control"
	"guildhall.chat/guildhall/hack/local/process"
	"guildhall.chat/guildhall/hack/local/scratch"
)

// Rig is one run of benchmarks.
type Rig struct {
	Out io.Writer // for people: what is going on

	root     string // of the module
	tools    string // directory of the binaries local, load and, when it is asked for, centrifuge
	services string // of api, gateway, shard-router

	dir   scratch.Dir
	began time.Time

	mu       sync.Mutex
	children int // started so far
}

// New makes a rig and builds its programs from the module at root. With services, the platform's own are those in that
// directory instead. Close it.
func New(ctx context.Context, root, services string, out io.Writer) (*Rig, error) {
	dir, err := scratch.New("bench")
	if err != nil {
		return nil, err
	}
	r := &Rig{Out: out, dir: dir, began: time.Now(), root: root, tools: filepath.Join(dir.Path, "bin"), services: services}
	if err := r.build(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// build builds the programs.
func (r *Rig) build(ctx context.Context) error {
	packages := []string{"./hack/local", "./hack/load"}
	if r.services == "" {
		r.services = r.tools
		packages = append(packages, "./api", "./gateway", "./shard-router")
	}
	r.Say("building")
	return goBuild(ctx, r.root, r.tools, packages...)
}

func goBuild(ctx context.Context, dir, into string, packages ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-o", into + string(filepath.Separator)}, packages...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %v: %w\n%s", packages, err, output)
	}
	return nil
}

// Close removes the files of the run.
func (r *Rig) Close() error { return r.dir.Remove() }

// Say prints a line of progress.
func (r *Rig) Say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.Out, "%7.1fs  %s\n", time.Since(r.began).Seconds(), fmt.Sprintf(format, args...))
}

// File returns a path for a file of the run.
func (r *Rig) File(name string) string { return filepath.Join(r.dir.Path, name) }

// number tells children apart.
func (r *Rig) number() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.children++
	return r.children
}

// stopTimeout is what a child has to end when its input has.
const stopTimeout = 20 * time.Second

// Child is a process that takes orders.
type Child struct {
	Name string

	cmd     *exec.Cmd
	log     string
	mu      sync.Mutex
	orders  *json.Encoder
	input   io.Closer
	ended   chan struct{} // closed when its reports have ended
	stopped sync.Once
}

// start starts a program of the rig and hands over its reports, one after the other.
func (r *Rig) start(name string, hear func(control.Report), program string, args ...string) (*Child, error) {
	c := &Child{Name: name, ended: make(chan struct{}), log: r.File(fmt.Sprintf("%s-%d.log", name, r.number()))}
	c.cmd = exec.Command(filepath.Join(r.tools, program), args...)
	process.Bind(c.cmd, syscall.SIGKILL)
	input, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(c.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	c.cmd.Stderr = log
	c.orders, c.input = json.NewEncoder(input), input
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		defer close(c.ended)
		lines := bufio.NewScanner(output)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			var report control.Report
			if err := json.Unmarshal(lines.Bytes(), &report); err == nil {
				hear(report)
			}
		}
	}()
	return c, nil
}

// PID returns the process's id.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Order gives an order.
func (c *Child) Order(o control.Order) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.orders.Encode(o); err != nil {
		return fmt.Errorf("%s: %w; its log ends:\n%s", c.Name, err, process.Tail(c.log))
	}
	return nil
}

// Stop ends the child.
func (c *Child) Stop() {
	c.stopped.Do(func() {
		_ = c.input.Close()
		kill := time.AfterFunc(stopTimeout, func() { _ = c.cmd.Process.Kill() })
		defer kill.Stop()
		<-c.ended
		_ = c.cmd.Wait()
	})
}

// failure says why the child ended.
func (c *Child) failure() error {
	return fmt.Errorf("%s ended; its log ends:\n%s", c.Name, process.Tail(c.log))
}

// Server is a child that clients connect to.
type Server struct {
	*Child
	Addr string
	sent chan struct{}
}

// startServer starts a child and waits until it listens.
func (r *Rig) startServer(ctx context.Context, name, program string, args ...string) (*Server, error) {
	listening := make(chan string, 1)
	s := &Server{sent: make(chan struct{}, 1)}
	child, err := r.start(name, func(report control.Report) {
		switch report.Is {
		case control.Listening:
			listening <- report.Addr
		case control.Sent:
			s.sent <- struct{}{}
		}
	}, program, args...)
	if err != nil {
		return nil, err
	}
	s.Child = child
	select {
	case s.Addr = <-listening:
		return s, nil
	case <-child.ended:
		child.Stop()
		return nil, child.failure()
	case <-ctx.Done():
		child.Stop()
		return nil, ctx.Err()
	}
}

// Send has the server send its next messages to all, and returns when it has.
func (s *Server) Send(ctx context.Context, count int) error {
	if err := s.Order(control.Order{Do: control.Send, Count: count}); err != nil {
		return err
	}
	select {
	case <-s.sent:
		return nil
	case <-s.ended:
		return s.failure()
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errStalled = errors.New("nothing has come for a long time")
