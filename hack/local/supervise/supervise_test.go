package supervise

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"guildhall.chat/guildhall/hack/local/process"
)

// superviseForParent in the environment makes this test binary a supervisor of one child in the directory of that name.
const superviseForParent = "TEST_SUPERVISE_IN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(superviseForParent); dir != "" {
		supervisor := New(Config{Terminal: os.Stderr, LogDir: dir, Timing: DefaultTiming})
		if err := supervisor.Start(context.Background(), shell(dir, "orphan", "exec sleep 1000")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("started")
		select {}
	}
	goleak.VerifyTestMain(m)
}

// shell is a child that runs a script, after a line that makes it ready: it writes its pid to <name>.pid.
func shell(dir, name, script string) Child {
	pidFile := filepath.Join(dir, name+".pid")
	return Child{
		Name: name,
		Command: func() *exec.Cmd {
			_ = os.Remove(pidFile)
			cmd := exec.Command("/bin/sh", "-c", fmt.Sprintf("trap 'echo %[1]s >> stopped; exit 0' TERM; echo $$ > %[1]s.pid; %[2]s", name, script))
			cmd.Dir = dir
			process.Bind(cmd, syscall.SIGKILL)
			return cmd
		},
		Ready:      func(context.Context) error { _, err := os.Stat(pidFile); return err },
		StopSignal: syscall.SIGTERM,
	}
}

const untilStopped = "echo running; while :; do sleep 0.02; done"

// stage is a supervisor under test with what it said and reported.
type stage struct {
	*Supervisor
	dir     string
	changes chan []State

	mu   sync.Mutex
	said bytes.Buffer
}

func (s *stage) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.Write(p)
}

func (s *stage) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

func newStage(t *testing.T, timing Timing) *stage {
	t.Helper()
	s := &stage{dir: t.TempDir(), changes: make(chan []State, 1000)}
	s.Supervisor = New(Config{Terminal: s, LogDir: s.dir, Timing: timing, Changed: func(states []State) { s.changes <- states }})
	t.Cleanup(s.Stop)
	return s
}

// until waits for a report that satisfies want.
func (s *stage) until(t *testing.T, want func([]State) bool) []State {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case states := <-s.changes:
			if want(states) {
				return states
			}
		case <-deadline:
			t.Fatalf("no such report; said:\n%s", s.output())
		}
	}
}

func quick() Timing {
	timing := DefaultTiming
	timing.FirstRestart, timing.LastRestart, timing.Poll = time.Millisecond, 10*time.Millisecond, 5*time.Millisecond
	return timing
}

func TestStopsInReverseOrder(t *testing.T) {
	t.Parallel()
	s := newStage(t, quick())
	for _, name := range []string{"first", "second", "third"} {
		if err := s.Start(t.Context(), shell(s.dir, name, untilStopped)); err != nil {
			t.Fatal(err)
		}
	}
	s.until(t, func(states []State) bool {
		return len(states) == 3 && states[0].Ready && states[1].Ready && states[2].Ready && states[2].PID != 0
	})
	s.Stop()
	stopped, err := os.ReadFile(filepath.Join(s.dir, "stopped"))
	if err != nil || string(stopped) != "third\nsecond\nfirst\n" {
		t.Errorf("stopped %q, %v", stopped, err)
	}
	log, err := os.ReadFile(filepath.Join(s.dir, "first.log"))
	if err != nil || string(log) != "running\n" {
		t.Errorf("log %q, %v", log, err)
	}
	if !strings.Contains(s.output(), "second       | running\n") {
		t.Errorf("output:\n%s", s.output())
	}
}

func TestKilledChildIsStartedAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t, quick())
	if err := s.Start(t.Context(), shell(s.dir, "child", untilStopped)); err != nil {
		t.Fatal(err)
	}
	before := s.until(t, func(states []State) bool { return states[0].Ready })[0]
	for restarts := 1; restarts <= 3; restarts++ {
		if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		after := s.until(t, func(states []State) bool { return states[0].Ready && states[0].Restarts == restarts })[0]
		if after.PID == before.PID || after.PID == 0 {
			t.Errorf("pid %d after %d", after.PID, before.PID)
		}
		before = after
	}
	for _, want := range []string{"child ended (signal: killed); starting it again in 1ms", "child is ready again"} {
		if !strings.Contains(s.output(), want) {
			t.Errorf("did not say %q:\n%s", want, s.output())
		}
	}
}

func TestHeldChildStaysAwayUntilReleased(t *testing.T) {
	t.Parallel()
	s := newStage(t, quick())
	child := shell(s.dir, "held", untilStopped)
	asked := make(chan chan bool)
	child.Held = func() bool {
		answer := make(chan bool)
		asked <- answer
		return <-answer
	}
	if err := s.Start(t.Context(), child); err != nil {
		t.Fatal(err)
	}
	started := s.until(t, func(states []State) bool { return states[0].Ready })[0]
	if err := syscall.Kill(started.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		answer := <-asked
		answer <- true
	}
	if state := s.until(t, func(states []State) bool { return states[0].PID == 0 })[0]; state.Restarts != 0 {
		t.Errorf("started again while held: %+v", state)
	}
	answer := <-asked
	answer <- false
	s.until(t, func(states []State) bool {
		return states[0].Ready && states[0].PID != started.PID && states[0].Restarts == 1
	})
}

func TestFailedStartIsToldWithTheLogAndNotRepeated(t *testing.T) {
	t.Parallel()
	s := newStage(t, quick())
	child := shell(s.dir, "child", "echo no such shard; echo >> starts; exit 2")
	child.Ready = func(context.Context) error { return errors.New("not yet") }
	err := s.Start(t.Context(), child)
	for _, want := range []string{"child", "exit status 2", "no such shard", "child.log"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	s.Stop()
	if starts, err := os.ReadFile(filepath.Join(s.dir, "starts")); err != nil || string(starts) != "\n" {
		t.Errorf("starts: %q, %v", starts, err)
	}
}

func TestCompleteWaitsForTheEnd(t *testing.T) {
	t.Parallel()
	s := newStage(t, quick())
	if err := s.Complete(t.Context(), shell(s.dir, "migrate", "echo done")); err != nil {
		t.Error(err)
	}
	if !strings.Contains(s.output(), "migrate      | done\n") {
		t.Errorf("output:\n%s", s.output())
	}
	err := s.Complete(t.Context(), shell(s.dir, "migrate", "echo bad migration; exit 1"))
	if err == nil || !strings.Contains(err.Error(), "exit status 1") || !strings.Contains(err.Error(), "bad migration") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Complete(ctx, shell(s.dir, "migrate", untilStopped)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestMissingProgram(t *testing.T) {
	t.Parallel()
	s := newStage(t, quick())
	child := shell(s.dir, "child", "")
	child.Command = func() *exec.Cmd { return exec.Command("/no/such/program") }
	if err := s.Start(t.Context(), child); err == nil || !strings.Contains(err.Error(), "/no/such/program") {
		t.Errorf("%v", err)
	}
}

func TestChildThatIsNeverReadyFailsTheStart(t *testing.T) {
	t.Parallel()
	timing := quick()
	timing.Start = 50 * time.Millisecond
	s := newStage(t, timing)
	child := shell(s.dir, "child", untilStopped)
	child.Ready = func(context.Context) error { return errors.New("postgres is away") }
	err := s.Start(t.Context(), child)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "postgres is away") {
		t.Errorf("%v", err)
	}
}

func TestChildThatIgnoresTheStopSignalIsKilled(t *testing.T) {
	t.Parallel()
	timing := quick()
	timing.Stop = 50 * time.Millisecond
	s := newStage(t, timing)
	child := shell(s.dir, "child", "trap '' TERM; touch deaf; "+untilStopped)
	child.Ready = func(context.Context) error { _, err := os.Stat(filepath.Join(s.dir, "deaf")); return err }
	if err := s.Start(t.Context(), child); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	if !strings.Contains(s.output(), "child did not stop within 50ms and is killed") {
		t.Errorf("said:\n%s", s.output())
	}
}

func TestChildrenDieWithAKilledSupervisor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	supervisor := exec.Command(os.Args[0])
	supervisor.Env = append(os.Environ(), superviseForParent+"="+dir)
	stdout, err := supervisor.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := supervisor.Start(); err != nil {
		t.Fatal(err)
	}
	started := make([]byte, len("started\n"))
	if _, err := stdout.Read(started); err != nil || string(started) != "started\n" {
		t.Fatalf("%q, %v", started, err)
	}
	var pid int
	content, err := os.ReadFile(filepath.Join(dir, "orphan.pid"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(content), &pid); err != nil {
		t.Fatal(err)
	}
	if err := supervisor.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = supervisor.Wait() // killed, as wanted
	for deadline := time.Now().Add(10 * time.Second); alive(pid); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("the child outlives its supervisor")
		}
	}
}

// alive says whether pid runs; a zombie, which waits for init to take note of its end, does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, afterName, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(afterName, "Z")
}

func TestOutputIsCutIntoLabelledLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := &lines{terminal: &terminal{out: &out}, label: "x | "}
	for _, part := range []string{"one\ntw", "o\n\nthr", "ee"} {
		if n, err := l.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
	}
	l.flush()
	if want := "x | one\nx | two\nx | \nx | three\n"; out.String() != want {
		t.Errorf("%q", out.String())
	}
	out.Reset()
	if _, err := l.Write(bytes.Repeat([]byte("y"), longestLine+1)); err != nil || out.Len() < longestLine {
		t.Errorf("an endless line is held back: %d bytes out, %v", out.Len(), err)
	}
}
