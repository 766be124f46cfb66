package rediscluster

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// slots is how many hash slots a cluster has.
// https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
const slots = 16384

// pollInterval is how often Form asks whether the nodes agree.
const pollInterval = 100 * time.Millisecond

// Form shares the slots among nodes that have none, introduces all nodes to each other, makes replicas of those that are
// to be, and waits until each says that the cluster is in order. It changes nothing in a cluster that is. All nodes must be
// Ready.
func (c *Cluster) Form(ctx context.Context) error {
	nodes := make([]*redis.Client, len(c.Nodes))
	for i := range c.Nodes {
		nodes[i] = c.dial(i)
		defer func() { _ = nodes[i].Close() }()
	}
	masters := len(nodes) / (1 + c.Replicas)
	if err := assignSlots(ctx, nodes, masters); err != nil {
		return fmt.Errorf("redis cluster: assign slots: %w", err)
	}
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		err := agreed(ctx, nodes)
		if err == nil {
			return replicate(ctx, nodes, masters)
		}
		// Meeting a node teaches its new address after a change of ports.
		if err := c.meet(ctx, nodes); err != nil {
			return fmt.Errorf("redis cluster: meet: %w", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("redis cluster: %w: %w", ctx.Err(), err)
		}
	}
}

// assignSlots gives every master its share, unless a node has slots already: then the cluster was formed before.
func assignSlots(ctx context.Context, nodes []*redis.Client, masters int) error {
	for _, node := range nodes {
		own, err := ownSlots(ctx, node)
		if err != nil {
			return err
		}
		if own != "" {
			return nil
		}
	}
	for i, node := range nodes[:masters] {
		first, next := slots*i/masters, slots*(i+1)/masters
		if err := node.ClusterAddSlotsRange(ctx, first, next-1).Err(); err != nil {
			return err
		}
		// Distinct epochs from the start spare the nodes the resolution of a conflict.
		if err := node.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(); err != nil {
			return err
		}
	}
	return nil
}

// replicate makes replicas of the nodes behind the masters, unless they are, or have become masters themselves.
func replicate(ctx context.Context, nodes []*redis.Client, masters int) error {
	for i := masters; i < len(nodes); i++ {
		role, err := nodes[i].Do(ctx, "ROLE").Slice()
		if err != nil {
			return fmt.Errorf("redis cluster: role of node %d: %w", i, err)
		}
		own, err := ownSlots(ctx, nodes[i])
		if err != nil {
			return fmt.Errorf("redis cluster: slots of node %d: %w", i, err)
		}
		if role[0] != "master" || own != "" {
			continue
		}
		master, err := nodes[i%masters].Do(ctx, "CLUSTER", "MYID").Text()
		if err != nil {
			return fmt.Errorf("redis cluster: id of node %d: %w", i%masters, err)
		}
		if err := nodes[i].ClusterReplicate(ctx, master).Err(); err != nil {
			return fmt.Errorf("redis cluster: make node %d a replica: %w", i, err)
		}
	}
	return awaitReplicas(ctx, nodes)
}

// awaitReplicas waits until every replica has its master's data.
func awaitReplicas(ctx context.Context, nodes []*redis.Client) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for i, node := range nodes {
		for {
			info, err := node.Info(ctx, "replication").Result()
			if err == nil && (strings.Contains(info, "role:master\r\n") || strings.Contains(info, "master_link_status:up\r\n")) {
				break
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return fmt.Errorf("redis cluster: node %d has not its master's data: %w", i, ctx.Err())
			}
		}
	}
	return nil
}

// ownSlots returns the slots of a node as its line of CLUSTER NODES says, "" for none.
// https://redis.io/docs/latest/commands/cluster-nodes/#serialization-format
func ownSlots(ctx context.Context, node *redis.Client) (string, error) {
	listing, err := node.ClusterNodes(ctx).Result()
	if err != nil {
		return "", err
	}
	const fixedFields = 8 // id address flags master ping pong epoch link, then slots
	for line := range strings.Lines(listing) {
		if fields := strings.Fields(line); len(fields) > 2 && strings.Contains(fields[2], "myself") {
			return strings.Join(fields[min(fixedFields, len(fields)):], " "), nil
		}
	}
	return "", errors.New("CLUSTER NODES names no node as myself")
}

// meet introduces to each node those that it does not know at their address. Each introduction is a handshake that lasts a
// while and counts as a node meanwhile, so none is begun twice.
func (c *Cluster) meet(ctx context.Context, nodes []*redis.Client) error {
	for i, node := range nodes {
		listing, err := node.ClusterNodes(ctx).Result()
		if err != nil {
			return err
		}
		for j, other := range c.Nodes {
			if i == j || strings.Contains(listing, nodes[j].Options().Addr+"@") {
				continue
			}
			// go-redis's ClusterMeet has no parameter for the bus port.
			if err := node.Do(ctx, "CLUSTER", "MEET", "127.0.0.1", other.Port, other.BusPort).Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

// agreed returns nil if every node knows all nodes at their present address and sees all slots served.
func agreed(ctx context.Context, nodes []*redis.Client) error {
	for i, node := range nodes {
		info, err := node.ClusterInfo(ctx).Result()
		if err != nil {
			return err
		}
		for _, want := range []string{
			"cluster_state:ok",
			"cluster_slots_ok:" + strconv.Itoa(slots),
			"cluster_known_nodes:" + strconv.Itoa(len(nodes)),
		} {
			if !strings.Contains(info, want+"\r\n") {
				return fmt.Errorf("node %d does not say %s yet", i, want)
			}
		}
		listing, err := node.ClusterNodes(ctx).Result()
		if err != nil {
			return err
		}
		for _, other := range nodes {
			if !strings.Contains(listing, other.Options().Addr+"@") {
				return fmt.Errorf("node %d does not know %s yet", i, other.Options().Addr)
			}
		}
	}
	return nil
}
