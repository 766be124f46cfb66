package events

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// A publication may be lost without the connection that it should have come by ending: on a master that was cut off from its
// cluster, say. The next event of the log shows the hole. For a log that stays quiet, feeds are compared with what their logs
// have: all of them when the cluster is not, or no longer, what it was, and each one now and then whatever happens.
const (
	// sweepInterval is how often the cluster is asked how it is.
	sweepInterval = 5 * time.Second
	// sweepRounds is in how many such intervals every feed gets its turn in a cluster that stays as it is.
	sweepRounds = 24
	// sweepBatch is how many logs are asked for at once.
	sweepBatch = 500
)

func (fs *Feeds) sweep() {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	var known string
	var turn []*Feed // those that wait for their turn
	var share int
	for {
		select {
		case <-fs.ctx.Done():
			return
		case <-ticker.C:
		}
		now, err := fs.cluster()
		if len(turn) == 0 || err != nil || now != known {
			turn = fs.open()
			share = len(turn)/sweepRounds + 1
		}
		if err != nil || now != known {
			share = len(turn)
		}
		known = now
		for n := min(share, len(turn)); n > 0; {
			batch := min(n, sweepBatch)
			fs.compare(turn[:batch])
			turn, n = turn[batch:], n-batch
		}
	}
}

// open returns the feeds that are open.
func (fs *Feeds) open() []*Feed {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	all := make([]*Feed, 0, len(fs.feeds))
	for _, f := range fs.feeds {
		all = append(all, f)
	}
	return all
}

// cluster tells how the masters see the cluster: the text changes with every failover and every slot that moves. An error
// says that one of them does not answer or does not serve.
func (fs *Feeds) cluster() (string, error) {
	ctx, cancel := context.WithTimeout(fs.ctx, readTimeout)
	defer cancel()
	var mu sync.Mutex
	var seen []string
	err := fs.rdb.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		info, err := node.ClusterInfo(ctx).Result()
		if err != nil {
			return fmt.Errorf("ask %s about the cluster: %w", node.Options().Addr, err)
		}
		var state, epoch string
		for line := range strings.Lines(info) {
			switch name, value, _ := strings.Cut(strings.TrimSpace(line), ":"); name {
			case "cluster_state":
				state = value
			case "cluster_current_epoch":
				epoch = value
			}
		}
		if state != "ok" {
			return errNotServing
		}
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, node.Options().Addr+" "+epoch)
		return nil
	})
	slices.Sort(seen)
	return strings.Join(seen, " "), err
}

var errNotServing = errors.New("the cluster does not serve every slot")

// compare lets those of the feeds look into their logs that are behind them.
func (fs *Feeds) compare(feeds []*Feed) {
	ctx, cancel := context.WithTimeout(fs.ctx, readTimeout)
	defer cancel()
	cmds := make([]*redis.StringCmd, len(feeds))
	_, _ = fs.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, f := range feeds {
			cmds[i] = pipe.HGet(ctx, stateKey(f.log), fieldLast)
		}
		return nil
	})
	for i, f := range feeds {
		if newest, err := cmds[i].Int64(); err == nil {
			if last, started := f.position(); started && newest > last {
				f.check()
			}
		}
	}
}
