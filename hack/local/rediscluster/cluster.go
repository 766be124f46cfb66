// Package rediscluster makes and describes a private Redis Cluster on loopback ports: Prepare writes the
// configuration, Command is the process of a node, Form joins the nodes once all answer. Formed again, a cluster keeps
// its slots and data, even when its ports have changed.
package rediscluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/hack/local/ports"
	"guildhall.chat/guildhall/hack/local/process"
)

// Stop is the signal on which Redis saves and exits.
const Stop = syscall.SIGTERM

// Cluster is a private Redis Cluster. Fill it in before use.
type Cluster struct {
	Binary   string // redis-server
	Password string // letters and digits
	Replicas int    // of each master
	Nodes    []Node // masters first; a failover makes a replica a master
}

// Node is one server of a cluster.
type Node struct {
	Dir     string // data and configuration
	Port    int    // of clients, on 127.0.0.1
	BusPort int    // of the other nodes
}

// Addrs returns the addresses of all nodes.
func (c *Cluster) Addrs() []string {
	addrs := make([]string, len(c.Nodes))
	for i, node := range c.Nodes {
		addrs[i] = ports.Addr(node.Port)
	}
	return addrs
}

// Prepare makes the nodes' directories and writes their configuration.
func (c *Cluster) Prepare() error {
	for _, node := range c.Nodes {
		if err := os.MkdirAll(node.Dir, 0o700); err != nil {
			return fmt.Errorf("redis node: %w", err)
		}
		if err := os.WriteFile(node.config(), []byte(c.configuration(node)), 0o600); err != nil {
			return fmt.Errorf("redis node: %w", err)
		}
	}
	return nil
}

func (n Node) config() string { return filepath.Join(n.Dir, "redis.conf") }

func (c *Cluster) configuration(node Node) string {
	return strings.Join([]string{
		"bind 127.0.0.1",
		fmt.Sprintf("port %d", node.Port),
		"dir " + quote(node.Dir),
		"requirepass " + c.Password,
		"masterauth " + c.Password,
		"appendonly yes",
		// The kernel has each write before it is answered, so a killed process loses none. With everysec Redis itself
		// puts writes off while the disk is slow. A power cut may cost what Postgres has anyway.
		"appendfsync no",
		`save ""`,
		"loglevel notice",
		"cluster-enabled yes",
		fmt.Sprintf("cluster-port %d", node.BusPort),
		"cluster-announce-ip 127.0.0.1",
		// A lost master takes its own slots away, not everybody's.
		"cluster-require-full-coverage no",
		"cluster-allow-pubsubshard-when-down yes",
		"cluster-node-timeout 5000",
		"",
	}, "\n")
}

// quote makes a string a double-quoted argument of redis.conf.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// Command is the process of node i. Its log goes to its stdout.
func (c *Cluster) Command(i int) *exec.Cmd {
	cmd := exec.Command(c.Binary, c.Nodes[i].config())
	process.Bind(cmd, Stop)
	return cmd
}

// Ready returns nil once node i has loaded its data and answers.
func (c *Cluster) Ready(ctx context.Context, i int) error {
	// go-redis logs each refused connection, and refusals are what a start begins with.
	probe, err := (&net.Dialer{}).DialContext(ctx, "tcp", ports.Addr(c.Nodes[i].Port))
	if err != nil {
		return err
	}
	_ = probe.Close()
	node := c.dial(i)
	return errors.Join(node.Ping(ctx).Err(), node.Close())
}

// dial returns a client of node i alone. It does not connect yet.
func (c *Cluster) dial(i int) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr:          ports.Addr(c.Nodes[i].Port),
		Password:      c.Password,
		MaxRetries:    -1, // the caller polls
		DialerRetries: 1,
	})
}
