package redis

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"guildhall.chat/guildhall/operator/resources"
)

func TestMain(m *testing.M) {
	goredis.SetLogger(silent{}) // connections to nodes that tests kill
	goleak.VerifyTestMain(m)
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

const password = "0123456789abcdef"

// lab is a set of pods: each is a directory, an address of the loopback network and a redis-server, started as in a pod.
type lab struct {
	*testing.T
	network [3]byte
	next    byte // of the last byte of addresses
	pods    []*pod
	hosts   int // pods are spread over so many
}

type pod struct {
	Pod
	dir     string
	process *exec.Cmd // nil: stopped
}

func newLab(t *testing.T) *lab {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatal("redis-server is needed: go run ./hack/local install")
	}
	return &lab{T: t, network: [3]byte{127, byte(10 + rand.IntN(200)), byte(rand.IntN(256))}, hosts: 3}
}

// scale makes or deletes pods until there are n, as a StatefulSet does. Volumes stay.
func (l *lab) scale(n int) {
	l.Helper()
	for len(l.pods) > n {
		l.stop(len(l.pods) - 1)
		l.pods = l.pods[:len(l.pods)-1]
	}
	for len(l.pods) < n {
		ordinal := len(l.pods)
		l.pods = append(l.pods, &pod{
			Pod: Pod{Name: fmt.Sprintf("redis-%d", ordinal), Ordinal: ordinal, Host: fmt.Sprintf("host-%d", ordinal%l.hosts)},
			dir: l.TempDir(),
		})
		l.start(ordinal)
	}
}

// start runs the pod at an address that none has had.
func (l *lab) start(ordinal int) {
	l.Helper()
	pod := l.pods[ordinal]
	l.next++
	pod.IP = netip.AddrFrom4([4]byte{l.network[0], l.network[1], l.network[2], l.next})
	l.configure(pod)
	output, err := os.OpenFile(filepath.Join(pod.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		l.Fatal(err)
	}
	defer output.Close()
	pod.process = exec.Command("sh", filepath.Join(pod.dir, "etc/redis/start.sh"))
	pod.process.Env = append(os.Environ(), "ROOT="+pod.dir, "POD_IP="+pod.IP.String())
	pod.process.Stdout, pod.process.Stderr = output, output
	pod.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := pod.process.Start(); err != nil {
		l.Fatal(err)
	}
	pod.Ready = true
	l.Cleanup(func() {
		l.stop(ordinal)
		if content, err := os.ReadFile(filepath.Join(pod.dir, "log")); l.Failed() && err == nil {
			log.Printf("%s of %s:\n%s", pod.Name, l.Name(), content[max(0, len(content)-4000):])
		}
	})
}

// configure writes what Kubernetes mounts.
func (l *lab) configure(pod *pod) {
	l.Helper()
	files := map[string]string{"secrets/redis-password": password, "secrets/users.acl": users(password), "run/redis/x": "", "data/x": ""}
	for name, content := range resources.RedisFiles() {
		files["etc/redis/"+name] = content
	}
	for name, content := range files {
		path := filepath.Join(pod.dir, name)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600)); err != nil {
			l.Fatal(err)
		}
	}
}

// users is the file of users in which the default user has the passwords.
func users(passwords ...string) string {
	var line strings.Builder
	line.WriteString("user default on ~* &* +@all")
	for _, password := range passwords {
		_, _ = fmt.Fprintf(&line, " #%x", sha256.Sum256([]byte(password)))
	}
	return line.String() + "\n"
}

// stop kills the pod: nothing is said to anybody.
func (l *lab) stop(ordinal int) {
	if ordinal >= len(l.pods) || l.pods[ordinal].process == nil {
		return
	}
	pod := l.pods[ordinal]
	_ = pod.process.Process.Kill()
	_ = pod.process.Wait()
	pod.process, pod.Ready = nil, false
}

// restart makes the pod anew, at another address.
func (l *lab) restart(ordinal int) {
	l.stop(ordinal)
	l.start(ordinal)
}

// wipe loses the pod's volume.
func (l *lab) wipe(ordinal int) {
	l.Helper()
	l.stop(ordinal)
	if err := os.RemoveAll(filepath.Join(l.pods[ordinal].dir, "data")); err != nil {
		l.Fatal(err)
	}
	l.start(ordinal)
}

func (l *lab) dial() *Nodes {
	pods := make([]Pod, len(l.pods))
	for i, pod := range l.pods {
		pods[i] = pod.Pod
	}
	return Dial(pods, password)
}

const (
	patience = 90 * time.Second // past it, something hangs
	interval = 100 * time.Millisecond
)

// settle does passes until nothing is to do, and returns the steps that were taken. It is what the controller does.
func (l *lab) settle(want Want) []Step {
	l.Helper()
	return l.until(want, func(step Step) bool { _, settled := step.(Settled); return settled })
}

// until does passes until the step is as wanted, which is not taken.
func (l *lab) until(want Want, reached func(Step) bool) []Step {
	l.Helper()
	var steps []Step
	last := ""
	for deadline := time.Now().Add(patience); ; {
		step := l.pass(want, reached)
		if step == nil {
			return steps
		}
		if text := step.String(); text != last {
			last = text
			l.Log(text)
		}
		if _, waits := step.(Wait); !waits {
			steps = append(steps, step)
		}
		if time.Now().After(deadline) {
			l.Fatalf("still %s", step)
		}
	}
}

// due is the step that is due, which is not taken.
func (l *lab) due(want Want) Step {
	nodes := l.dial()
	defer nodes.Close()
	return Plan(nodes.Observe(l.Context()), want)
}

// pass takes the next step and returns it, nil if it is what was to be reached.
func (l *lab) pass(want Want, reached func(Step) bool) Step {
	l.Helper()
	nodes := l.dial()
	defer nodes.Close()
	step := Plan(nodes.Observe(l.Context()), want)
	if reached(step) {
		return nil
	}
	switch step := step.(type) {
	case Wait:
		time.Sleep(interval)
	case Release:
		l.scale(step.Pods)
	case Restart:
		l.pods[step.Pod.Ordinal].Outdated = false
		l.restart(step.Pod.Ordinal)
	default:
		if err := nodes.Do(l.Context(), step); err != nil {
			l.Logf("%s: %v", step, err) // the next pass tries again
		}
		time.Sleep(interval)
	}
	return step
}

// client returns a client of the cluster.
func (l *lab) client() *goredis.ClusterClient {
	addrs := make([]string, len(l.pods))
	for i, pod := range l.pods {
		addrs[i] = netip.AddrPortFrom(pod.IP, Port).String()
	}
	client := goredis.NewClusterClient(&goredis.ClusterOptions{Addrs: addrs, Password: password, MaxRedirects: 16})
	l.Cleanup(func() { _ = client.Close() })
	return client
}

// node returns a client of one pod.
func (l *lab) node(ordinal int) *goredis.Client {
	client := goredis.NewClient(&goredis.Options{Addr: netip.AddrPortFrom(l.pods[ordinal].IP, Port).String(), Password: password})
	l.Cleanup(func() { _ = client.Close() })
	return client
}

// survey is the present picture.
func (l *lab) survey(want Want) *survey {
	nodes := l.dial()
	defer nodes.Close()
	return newSurvey(nodes.Observe(l.Context()), want)
}

// check holds the cluster against what is wanted: slots even, replicas on other hosts than their masters.
func (l *lab) check(want Want) {
	l.Helper()
	s := l.survey(want)
	if len(s.members) != want.Pods() || len(s.owned) != want.Masters {
		l.Fatalf("%d nodes, %d masters", len(s.members), len(s.owned))
	}
	for id, slots := range s.owned {
		if low := SlotCount / want.Masters; slots < low || slots > low+1 {
			l.Errorf("%s has %d slots", s.byID[id].Name, slots)
		}
		replicas := s.replicas(id)
		if len(replicas) != want.Replicas {
			l.Errorf("%s has %d replicas", s.byID[id].Name, len(replicas))
		}
	}
	for _, member := range s.members {
		if open := len(member.View.Self.Importing) + len(member.View.Self.Migrating); open > 0 {
			l.Errorf("%s has %d open slots", member.Name, open)
		}
	}
}

// masters are the ordinals of the pods with slots.
func (l *lab) masters(want Want) []int {
	var ordinals []int
	s := l.survey(want)
	for _, member := range s.members {
		if s.owned[member.id()] > 0 {
			ordinals = append(ordinals, member.Ordinal)
		}
	}
	return ordinals
}

// traffic writes until it is stopped, and remembers what was acknowledged.
type traffic struct {
	lab     *lab
	client  *goredis.ClusterClient
	cancel  context.CancelFunc
	done    chan struct{}
	acked   map[string]int
	failed  int
	failure error        // the last of them
	count   atomic.Int64 // of writes that were acknowledged
}

const trafficKeys = 4000

// write begins to write. Keys are spread over all slots, and each is written again and again.
func (l *lab) write() *traffic {
	ctx, cancel := context.WithCancel(l.Context())
	t := &traffic{lab: l, client: l.client(), cancel: cancel, done: make(chan struct{}), acked: map[string]int{}}
	go func() {
		defer close(t.done)
		for n := 1; ctx.Err() == nil; n++ {
			key := fmt.Sprintf("key:%d", n%trafficKeys)
			// A write that fails may have been done: it is not acknowledged, so either is right.
			if err := t.client.Set(ctx, key, n, 0).Err(); err != nil {
				if ctx.Err() != nil {
					return // the test ended it
				}
				t.failed, t.failure = t.failed+1, err
				continue
			}
			t.acked[key] = n
			t.count.Add(1)
		}
	}()
	l.Cleanup(func() { cancel(); <-t.done })
	return t
}

// await waits until so many more writes were acknowledged.
func (t *traffic) await(writes int64) {
	t.lab.Helper()
	for want, deadline := t.count.Load()+writes, time.Now().Add(patience); t.count.Load() < want; time.Sleep(interval) {
		if time.Now().After(deadline) {
			t.lab.Fatalf("only %d writes", t.count.Load())
		}
	}
}

// stop ends the writing and fails the test if anything that was acknowledged is not there.
func (t *traffic) stop() {
	t.lab.Helper()
	if lost := t.end(); lost > 0 {
		t.lab.Errorf("%d of %d acknowledged keys are lost", lost, len(t.acked))
	}
}

// inFlight is how many writes a master may have acknowledged and not yet passed on when it dies: replication does not wait.
// There is one writer, so it is one or none.
const inFlight = 2

// stopTolerant is stop where masters died.
func (t *traffic) stopTolerant() {
	t.lab.Helper()
	if lost := t.end(); lost > inFlight {
		t.lab.Errorf("%d of %d acknowledged keys are lost", lost, len(t.acked))
	}
}

func (t *traffic) end() (lost int) {
	t.lab.Helper()
	t.cancel()
	<-t.done
	reader := t.lab.client()
	for key, want := range t.acked {
		have, err := reader.Get(t.lab.Context(), key).Int()
		if err != nil || have < want {
			lost++
			t.lab.Logf("%s: %d (%v), %d was acknowledged", key, have, err, want)
		}
	}
	t.lab.Logf("%d keys, %d lost, %d writes failed (the last: %v)", len(t.acked), lost, t.failed, t.failure)
	return lost
}

func count[S Step](steps []Step) int {
	n := 0
	for _, step := range steps {
		if _, ok := step.(S); ok {
			n++
		}
	}
	return n
}

// texts lists steps for messages.
func texts(steps []Step) string {
	var all []string
	for _, step := range steps {
		all = append(all, step.String())
	}
	return cmp.Or(strings.Join(all, "\n"), "nothing")
}
