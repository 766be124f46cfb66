package platform

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/hack/local/status"
	"guildhall.chat/guildhall/internal/config"
)

// RedisPair is a master of the cluster and a replica of it, by the names of the children.
type RedisPair struct{ Master, Replica string }

// redisTimeout bounds a question to a node.
const redisTimeout = 5 * time.Second

// RedisPairs asks the nodes who is whose replica now. Nodes that don't answer, and masters without a replica that has all
// its data, are left out.
func (p *Platform) RedisPairs(t testing.TB) []RedisPair {
	t.Helper()
	byPort := map[string]string{} // of all nodes
	masterOf := map[string]string{}
	for _, child := range p.status(t).Children {
		if !strings.HasPrefix(child.Name, "redis-") {
			continue
		}
		byPort[fmt.Sprint(child.Ports["listen"])] = child.Name
		if port, replica := p.masterPort(t, child); replica {
			masterOf[child.Name] = port
		}
	}
	var pairs []RedisPair
	for replica, port := range masterOf {
		pairs = append(pairs, RedisPair{Master: byPort[port], Replica: replica})
	}
	return pairs
}

// masterPort tells the port of the master of a node that is a replica in step with it.
func (p *Platform) masterPort(t testing.TB, child status.Child) (port string, replica bool) {
	node := p.redisNode(t, child)
	defer func() { _ = node.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), redisTimeout)
	defer cancel()
	info, err := node.Info(ctx, "replication").Result()
	if err != nil || !strings.Contains(info, "master_link_status:up\r\n") {
		return "", false
	}
	_, rest, _ := strings.Cut(info, "master_port:")
	port, _, _ = strings.Cut(rest, "\r\n")
	return port, true
}

func (p *Platform) redisNode(t testing.TB, child status.Child) *redis.Client {
	t.Helper()
	password, err := os.ReadFile(filepath.Join(p.Data, "secrets", config.RedisPasswordFile))
	if err != nil {
		t.Fatal(err)
	}
	return redis.NewClient(&redis.Options{
		Addr: fmt.Sprintf("127.0.0.1:%d", child.Ports["listen"]), Password: strings.TrimSpace(string(password)),
		MaxRetries: -1, DialerRetries: 1,
	})
}

// Failover makes a replica the master by agreement, without losing a write.
// https://redis.io/docs/latest/commands/cluster-failover/
func (p *Platform) Failover(t testing.TB, pair RedisPair) {
	t.Helper()
	node := p.redisNode(t, p.Child(t, pair.Replica))
	defer func() { _ = node.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), redisTimeout)
	defer cancel()
	if err := node.ClusterFailover(ctx).Err(); err != nil {
		t.Fatalf("failover of %s to %s: %v", pair.Master, pair.Replica, err)
	}
	p.AwaitMaster(t, pair.Replica)
}

// AwaitMaster waits until a node is a master with slots.
func (p *Platform) AwaitMaster(t testing.TB, name string) {
	t.Helper()
	node := p.redisNode(t, p.Child(t, name))
	defer func() { _ = node.Close() }()
	for deadline := time.Now().Add(reviveTimeout); ; time.Sleep(pollInterval) {
		ctx, cancel := context.WithTimeout(t.Context(), redisTimeout)
		role, err := node.Do(ctx, "ROLE").Slice()
		cancel()
		if err == nil && len(role) > 0 && role[0] == "master" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s did not become a master within %v: %v, %v", name, reviveTimeout, role, err)
		}
	}
}
