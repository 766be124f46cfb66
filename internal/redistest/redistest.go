// Package redistest gives tests a real Redis Cluster of three masters.
//
// Cluster is shared by the tests of a test binary: they keep apart by using their own keys. New is a cluster for one test,
// which may kill its masters. Both die with the test binary.
package redistest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/hack/local/ports"
	"guildhall.chat/guildhall/hack/local/process"
	"guildhall.chat/guildhall/hack/local/rediscluster"
	"guildhall.chat/guildhall/hack/local/scratch"
)

const (
	masters      = 3
	startTimeout = time.Minute
	// startAttempts allows for a port that somebody takes between our choice and the server's start.
	startAttempts = 3
)

// Cluster returns the seed addresses and the password of the cluster that this test binary shares.
func Cluster(t testing.TB) (addrs []string, password string) {
	t.Helper()
	instance, err := shared()
	if err != nil {
		t.Fatalf("%s: %v", help, err)
	}
	return instance.Addrs(), instance.Password()
}

// Client returns a client of the shared cluster, closed when the test ends.
func Client(t testing.TB) *redis.ClusterClient {
	t.Helper()
	addrs, password := Cluster(t)
	return client(t, addrs, password)
}

const help = "Redis for tests (install what is missing with: go run ./hack/local install)"

var shared = sync.OnceValues(start)

// Instance is a cluster of one test. Its methods are not for concurrent use.
type Instance struct {
	dir       scratch.Dir
	cluster   rediscluster.Cluster
	processes []*exec.Cmd // nil: killed
}

// New starts a cluster for this test alone, gone when the test ends.
func New(t testing.TB) *Instance {
	t.Helper()
	instance, err := start()
	if err != nil {
		t.Fatalf("%s: %v", help, err)
	}
	t.Cleanup(func() {
		for i := range instance.processes {
			if instance.processes[i] != nil {
				instance.Kill(t, i)
			}
		}
		if err := instance.dir.Remove(); err != nil {
			t.Error(err)
		}
	})
	return instance
}

// Addrs returns the addresses of the masters, in the order of Kill's and Restart's index.
func (i *Instance) Addrs() []string { return i.cluster.Addrs() }

// Password returns the password of every master.
func (i *Instance) Password() string { return i.cluster.Password }

// Client returns a client of the cluster, closed when the test ends.
func (i *Instance) Client(t testing.TB) *redis.ClusterClient {
	t.Helper()
	return client(t, i.Addrs(), i.Password())
}

// Kill kills a master with SIGKILL and waits until it is gone. Its slots have no owner until Restart.
func (i *Instance) Kill(t testing.TB, master int) {
	t.Helper()
	cmd := i.processes[master]
	if cmd == nil {
		t.Fatalf("master %d is not running", master)
	}
	i.processes[master] = nil
	if err := cmd.Process.Kill(); err != nil {
		t.Fatalf("kill master %d: %v", master, err)
	}
	var killed *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &killed) {
		t.Fatalf("wait for master %d: %v", master, err)
	}
}

// Restart starts a killed master with the data that it had, and waits until the cluster is in order.
func (i *Instance) Restart(t testing.TB, master int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	if err := i.spawn(ctx, master); err != nil {
		t.Fatalf("restart master %d: %v", master, err)
	}
	if !slices.Contains(i.processes, nil) {
		if err := i.cluster.Form(ctx); err != nil {
			t.Fatalf("after the restart of master %d: %v", master, err)
		}
	}
}

func start() (instance *Instance, err error) {
	for range startAttempts {
		if instance, err = startOnce(); err == nil {
			return instance, nil
		}
	}
	return nil, err
}

func startOnce() (*Instance, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	binary, err := rediscluster.Find(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := scratch.New("redis")
	if err != nil {
		return nil, err
	}
	instance := &Instance{
		dir:       dir,
		cluster:   rediscluster.Cluster{Binary: binary, Password: rand.Text(), Nodes: make([]rediscluster.Node, masters)},
		processes: make([]*exec.Cmd, masters),
	}
	for i := range instance.cluster.Nodes {
		port, portErr := ports.Free()
		busPort, busErr := ports.Free()
		if err := errors.Join(portErr, busErr); err != nil {
			return nil, err
		}
		instance.cluster.Nodes[i] = rediscluster.Node{Dir: filepath.Join(dir.Path, fmt.Sprint(i)), Port: port, BusPort: busPort}
	}
	if err := instance.cluster.Prepare(); err != nil {
		return nil, err
	}
	for i := range instance.processes {
		if err := instance.spawn(ctx, i); err != nil {
			return nil, err
		}
	}
	return instance, instance.cluster.Form(ctx)
}

func (i *Instance) spawn(ctx context.Context, master int) error {
	cmd := i.cluster.Command(master)
	cmd.ExtraFiles = []*os.File{i.dir.Lock}
	log := filepath.Join(i.dir.Path, fmt.Sprintf("%d.log", master))
	ready := func(ctx context.Context) error { return i.cluster.Ready(ctx, master) }
	if err := process.Spawn(ctx, cmd, log, ready); err != nil {
		return err
	}
	i.processes[master] = cmd
	return nil
}

func client(t testing.TB, addrs []string, password string) *redis.ClusterClient {
	t.Helper()
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs, Password: password, Protocol: 2}) // as the services have it
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}
