package events

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Cluster is the state of the Redis Cluster as one of its nodes sees it.
type Cluster struct {
	CoveredSlots int // whose master is not known to be missing
	Masters      int // that have slots
	Nodes        int // that are known
}

// clusterAttempts is how many nodes are asked: one of them may be what is wrong.
const clusterAttempts = 3

// Cluster asks the Redis Cluster how it is.
// https://redis.io/docs/latest/commands/cluster-info/
func (p *Publisher) Cluster(ctx context.Context) (Cluster, error) {
	var text string
	var err error
	for range clusterAttempts {
		if text, err = p.rdb.ClusterInfo(ctx).Result(); err == nil {
			return parseCluster(text), nil
		}
	}
	return Cluster{}, fmt.Errorf("ask the Redis Cluster how it is: %w", err)
}

func parseCluster(text string) (c Cluster) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		n, _ := strconv.Atoi(value) // what is no number is not asked for
		switch name {
		case "cluster_slots_ok":
			c.CoveredSlots = n
		case "cluster_size":
			c.Masters = n
		case "cluster_known_nodes":
			c.Nodes = n
		}
	}
	return c
}
