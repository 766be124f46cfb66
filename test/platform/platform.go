// Package platform runs a whole private platform for a test: the same supervisor that make run starts, as a process of
// its own, with data, ports and binaries that nobody else uses.
package platform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"guildhall.chat/guildhall/hack/local/process"
	"guildhall.chat/guildhall/hack/local/scratch"
	"guildhall.chat/guildhall/hack/local/status"
)

const (
	startTimeout  = 3 * time.Minute // the first start makes a database on a busy machine
	stopTimeout   = 2 * time.Minute
	reviveTimeout = time.Minute
	pollInterval  = 25 * time.Millisecond
)

// readyLine begins the supervisor's last line of its start.
const readyLine = "guildhall ready: "

// Options change the platform's defaults, which are those of make run.
type Options struct {
	Shards               int           // 0: 2
	GatewayPods          int           // of each shard; 0: 1
	APIs, Routers        int           // 0: 1
	RedisReplicas        int           // of each master
	RateLimitsOff        bool          // for tests that are about something else, and fast
	ResumeWindow         time.Duration // 0: the services' own
	HeartbeatInterval    time.Duration // 0: the services' own
	RequireVerifiedEmail bool
	FetchAllow           string // networks beyond the public internet that URLs of users may lead to; "": none
	LogLevel             string // "": info
	TraceEndpoint        string // "": nothing is traced
	TraceSample          string // "": the services' own
	// Bin is a directory of service binaries to run. "": built from this module, once a test binary.
	Bin string
}

// Platform is a running platform. Its methods fail the test that they are given.
type Platform struct {
	// URL is the base URL of the front door, http://127.0.0.1:port. It changes with Restart.
	URL string
	// Data is the data directory.
	Data string

	program    string // the supervisor's
	options    Options
	dir        scratch.Dir
	supervisor *exec.Cmd
}

// Start starts a platform and waits until it is ready. It is stopped, and its data removed, when the test ends; if the
// test failed, the end of its log goes to the test's.
func Start(t testing.TB, options Options) *Platform {
	t.Helper()
	supervisor, err := buildSupervisor()
	if err != nil {
		t.Fatal(err)
	}
	if options.Bin == "" {
		services, err := buildServices()
		if err != nil {
			t.Fatal(err)
		}
		options.Bin = services.Path
	}
	dir, err := scratch.New("platform")
	if err != nil {
		t.Fatal(err)
	}
	p := &Platform{Data: filepath.Join(dir.Path, "data"), program: filepath.Join(supervisor.Path, "local"), options: options, dir: dir}
	t.Cleanup(func() {
		p.stop(t)
		if t.Failed() {
			t.Logf("the platform's log ends:\n%s", process.Tail(p.log()))
			p.keepLogs(t)
		}
		if err := dir.Remove(); err != nil {
			t.Error(err)
		}
	})
	p.start(t)
	return p
}

// keepLogs copies the platform's own log and those of its children to the directory in TEST_LOGS, if it is set:
// the data is about to be removed.
func (p *Platform) keepLogs(t testing.TB) {
	to := os.Getenv("TEST_LOGS")
	if to == "" {
		return
	}
	to = filepath.Join(to, t.Name(), filepath.Base(p.dir.Path))
	whole, err := os.ReadFile(p.log())
	if err == nil {
		err = os.CopyFS(to, os.DirFS(filepath.Join(p.Data, "log")))
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(to, "platform.log"), whole, 0o600)
	}
	t.Logf("logs kept in %s: %v", to, err)
}

func (p *Platform) log() string { return filepath.Join(p.dir.Path, "log") }

func (p *Platform) start(t testing.TB) {
	t.Helper()
	before, err := readIfExists(p.log())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(p.program, p.args()...)
	cmd.ExtraFiles = []*os.File{p.dir.Lock}
	process.Bind(cmd, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	err = process.Spawn(ctx, cmd, p.log(), func(context.Context) error {
		output, err := os.ReadFile(p.log())
		if err != nil {
			return err
		}
		_, line, found := bytes.Cut(output[len(before):], []byte(readyLine))
		url, _, whole := bytes.Cut(line, []byte("\n"))
		if !found || !whole {
			return errors.New("not ready")
		}
		p.URL = string(url)
		return nil
	})
	if err != nil {
		t.Fatalf("start the platform: %v", err)
	}
	p.supervisor = cmd
}

func readIfExists(path string) ([]byte, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return content, err
}

func (p *Platform) args() []string {
	o := p.options
	args := []string{"run", "--addr", "127.0.0.1:0", "--data", p.Data, "--bin", o.Bin}
	for flag, n := range map[string]int{
		"--shards": o.Shards, "--gateway-pods": o.GatewayPods, "--apis": o.APIs, "--routers": o.Routers,
		"--redis-replicas": o.RedisReplicas,
	} {
		if n != 0 {
			args = append(args, flag, strconv.Itoa(n))
		}
	}
	if o.RateLimitsOff {
		args = append(args, "--rate-limits", "off")
	}
	if o.ResumeWindow != 0 {
		args = append(args, "--resume-window", o.ResumeWindow.String())
	}
	if o.HeartbeatInterval != 0 {
		args = append(args, "--heartbeat-interval", o.HeartbeatInterval.String())
	}
	if o.FetchAllow != "" {
		args = append(args, "--fetch-allow", o.FetchAllow)
	}
	if o.RequireVerifiedEmail {
		args = append(args, "--require-verified-email")
	}
	if o.LogLevel != "" {
		args = append(args, "--log-level", o.LogLevel)
	}
	if o.TraceEndpoint != "" {
		args = append(args, "--trace-endpoint", o.TraceEndpoint)
	}
	if o.TraceSample != "" {
		args = append(args, "--trace-sample", o.TraceSample)
	}
	return args
}

// stop stops the platform if it runs, and fails the test if it does not stop cleanly.
func (p *Platform) stop(t testing.TB) {
	t.Helper()
	cmd := p.supervisor
	if cmd == nil {
		return
	}
	p.supervisor = nil
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("stop the platform: %v", err)
	}
	kill := time.AfterFunc(stopTimeout, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	if err := cmd.Wait(); err != nil {
		t.Errorf("stop the platform: %v; its log ends:\n%s", err, process.Tail(p.log()))
	}
}

// Restart stops the platform and starts it again on the same data, at another URL.
func (p *Platform) Restart(t testing.TB) {
	t.Helper()
	p.stop(t)
	p.start(t)
}

// Crash kills the supervisor with SIGKILL, and with it all its children, and starts the platform again on the same data,
// at another URL.
func (p *Platform) Crash(t testing.TB) {
	t.Helper()
	cmd := p.supervisor
	p.supervisor = nil
	if err := cmd.Process.Kill(); err != nil {
		t.Fatalf("kill the supervisor: %v", err)
	}
	var killed *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &killed) {
		t.Fatalf("the supervisor was to be killed: %v", err)
	}
	p.start(t)
}

// Kill kills a child with SIGKILL: api, worker, gateway-<shard>, shard-router, postgres, redis-<0..2>; of the second and
// later ones of a kind the number follows: api-1, gateway-0-1, shard-router-1; Redis replicas begin as redis-3. It returns
// when the supervisor has seen the child's end; AwaitReady waits for the next one.
func (p *Platform) Kill(t testing.TB, name string) { t.Helper(); p.end(t, name, syscall.SIGKILL) }

// Stop is Kill by the signal on which the child finishes what it has to: a gateway or router drains.
func (p *Platform) Stop(t testing.TB, name string) {
	t.Helper()
	signal := syscall.SIGTERM
	if name == "postgres" {
		signal = syscall.SIGINT // SIGTERM would wait for the clients to leave
	}
	p.end(t, name, signal)
}

func (p *Platform) end(t testing.TB, name string, signal syscall.Signal) {
	t.Helper()
	victim := p.Child(t, name)
	if victim.PID == 0 {
		t.Fatalf("%v for %s: it is not running", signal, name)
	}
	if err := syscall.Kill(victim.PID, signal); err != nil {
		t.Fatalf("%v for %s, pid %d: %v", signal, name, victim.PID, err)
	}
	p.await(t, name, "gone", func(child status.Child) bool { return child.PID != victim.PID })
}

// Hold keeps a child away after its next end, until the returned function is called.
func (p *Platform) Hold(t testing.TB, name string) (release func()) {
	t.Helper()
	file := filepath.Join(p.Data, status.HoldDir, name)
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatalf("hold %s: %v", name, err)
	}
	return func() {
		if err := os.Remove(file); err != nil {
			t.Errorf("release %s: %v", name, err)
		}
	}
}

// AwaitReady waits until a child is ready.
func (p *Platform) AwaitReady(t testing.TB, name string) {
	t.Helper()
	p.await(t, name, "ready", func(child status.Child) bool { return child.Ready })
}

func (p *Platform) await(t testing.TB, name, what string, done func(status.Child) bool) {
	t.Helper()
	for deadline := time.Now().Add(reviveTimeout); ; time.Sleep(pollInterval) {
		child := p.Child(t, name)
		if done(child) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not %s after %v; its log %s ends:\n%s", name, what, reviveTimeout, child.Log, process.Tail(child.Log))
		}
	}
}

// Child tells the pid, ports and log of a child as it is now.
func (p *Platform) Child(t testing.TB, name string) status.Child {
	t.Helper()
	child, ok := p.status(t).Child(name)
	if !ok {
		t.Fatalf("the platform has no child %s", name)
	}
	return child
}

// Addr returns the address on which a child listens for use: listen, admin.
func (p *Platform) Addr(t testing.TB, name, use string) string {
	t.Helper()
	port, ok := p.Child(t, name).Ports[use]
	if !ok {
		t.Fatalf("%s has no port of the kind %s", name, use)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// PostgresDSN returns the DSN of the platform's database, as its owner.
func (p *Platform) PostgresDSN(t testing.TB) string {
	t.Helper()
	return p.status(t).PostgresDSN
}

// MailDir returns the directory of sent mails.
func (p *Platform) MailDir(t testing.TB) string {
	t.Helper()
	return p.status(t).MailDir
}

// Logs returns what the platform has written so far: the supervisor's own lines, and those of the services after their
// names.
func (p *Platform) Logs(t testing.TB) string {
	t.Helper()
	output, err := os.ReadFile(p.log())
	if err != nil {
		t.Fatal(err)
	}
	return string(output)
}

func (p *Platform) status(t testing.TB) status.Platform {
	t.Helper()
	current, err := status.Read(p.Data)
	if err != nil {
		t.Fatal(err)
	}
	return current
}
