package redis

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

var errNoAddress = errors.New("has no address yet")

// Observe asks every node how it sees the cluster. A node that doesn't answer has an Err.
func (n *Nodes) Observe(ctx context.Context) Picture {
	picture := make(Picture, len(n.pods))
	each(len(n.pods), func(i int) {
		picture[i].Pod = n.pods[i]
		picture[i].View, picture[i].Err = n.view(ctx, n.pods[i])
	})
	return picture
}

func (n *Nodes) view(ctx context.Context, pod Pod) (*View, error) {
	if !pod.IP.IsValid() {
		return nil, errNoAddress
	}
	node, err := n.at(ctx, pod.IP)
	if err != nil {
		return nil, err
	}
	var nodes, info, replication *goredis.StringCmd
	var keys *goredis.IntCmd
	if _, err := node.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		nodes, info = pipe.ClusterNodes(ctx), pipe.ClusterInfo(ctx)
		replication, keys = pipe.Info(ctx, "replication"), pipe.DBSize(ctx)
		return nil
	}); err != nil {
		return nil, err
	}
	return newView(nodes.Val(), info.Val(), replication.Val(), keys.Val())
}

func newView(nodes, info, replication string, keys int64) (*View, error) {
	all, err := parseNodes(nodes)
	if err != nil {
		return nil, err
	}
	view := &View{Keys: keys}
	for _, node := range all {
		if node.Myself {
			view.Self = node
		} else {
			view.Others = append(view.Others, node)
		}
	}
	state := parseInfo(info)
	view.StateOK = state["cluster_state"] == "ok"
	if view.MaxEpoch, err = strconv.ParseInt(state["cluster_current_epoch"], 10, 64); err != nil {
		return nil, fmt.Errorf("CLUSTER INFO: cluster_current_epoch: %w", err)
	}
	stream := parseInfo(replication)
	offset := "master_repl_offset"
	if view.Self.Replica {
		view.LinkUp = stream["master_link_status"] == "up"
		offset = "slave_repl_offset"
		view.MasterIP, _ = netip.ParseAddr(stream["master_host"])
	}
	// A replica that has never met its master has none.
	view.Offset, _ = strconv.ParseInt(stream[offset], 10, 64)
	return view, nil
}

// parseInfo reads lines of key:value, as INFO and CLUSTER INFO answer.
func parseInfo(text string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":"); ok {
			values[key] = value
		}
	}
	return values
}
