package redistest

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/hack/local/ports"
	"guildhall.chat/guildhall/hack/local/process"
	"guildhall.chat/guildhall/hack/local/rediscluster"
)

// Replica is a node that follows a master.
type Replica struct{ Client *redis.Client }

// Replica adds a replica of a master to the cluster, gone when the test ends.
func (i *Instance) Replica(t testing.TB, master *redis.Client) Replica {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	port, portErr := ports.Free()
	busPort, busErr := ports.Free()
	if err := errors.Join(portErr, busErr); err != nil {
		t.Fatal(err)
	}
	node := rediscluster.Cluster{
		Binary: i.cluster.Binary, Password: i.Password(),
		Nodes: []rediscluster.Node{{Dir: t.TempDir(), Port: port, BusPort: busPort}},
	}
	if err := node.Prepare(); err != nil {
		t.Fatal(err)
	}
	cmd := node.Command(0)
	ready := func(ctx context.Context) error { return node.Ready(ctx, 0) }
	if err := process.Spawn(ctx, cmd, filepath.Join(node.Nodes[0].Dir, "log"), ready); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		var killed *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &killed) {
			t.Error(err)
		}
	})
	r := Replica{redis.NewClient(&redis.Options{Addr: ports.Addr(port), Password: i.Password()})}
	t.Cleanup(func() { _ = r.Client.Close() })
	id, err := master.Do(ctx, "CLUSTER", "MYID").Text()
	if err != nil {
		t.Fatal(err)
	}
	if err := master.Do(ctx, "CLUSTER", "MEET", "127.0.0.1", port, busPort).Err(); err != nil {
		t.Fatal(err)
	}
	poll(ctx, t, "the master is met", func() bool { return r.Client.Do(ctx, "CLUSTER", "REPLICATE", id).Err() == nil })
	poll(ctx, t, "the replica is in step", func() bool { return r.linkIs(ctx, "up") })
	return r
}

// CutOff ends the replication for good.
func (r Replica) CutOff(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	if err := r.Client.ConfigSet(ctx, "masterauth", "wrong").Err(); err != nil {
		t.Fatal(err)
	}
	if err := r.Client.Do(ctx, "CLIENT", "KILL", "TYPE", "master").Err(); err != nil {
		t.Fatal(err)
	}
	poll(ctx, t, "the link is down", func() bool { return r.linkIs(ctx, "down") })
}

func (r Replica) linkIs(ctx context.Context, state string) bool {
	info, err := r.Client.Info(ctx, "replication").Result()
	return err == nil && strings.Contains(info, "master_link_status:"+state)
}

// poll waits for what no signal tells: the state of another process.
func poll(ctx context.Context, t testing.TB, what string, done func() bool) {
	t.Helper()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
