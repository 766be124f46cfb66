package rows

import (
	"context"
	"maps"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/hack/load/procstat"
	"guildhall.chat/guildhall/hack/load/rig"
)

// Who a platform's CPU is spent by.
const (
	shareAPI      = "api"
	shareWorker   = "worker"
	shareGateway  = "gateway"
	shareRouter   = "router"
	sharePostgres = "postgres"
	shareRedis    = "redis"
)

// shares are the processes of a platform, by what they are.
type shares map[string][]int

func sharesOf(p *rig.Platform) (shares, error) {
	children, err := p.Children()
	if err != nil {
		return nil, err
	}
	s := shares{}
	for _, child := range children {
		name, _, _ := strings.Cut(child.Name, "-")
		switch name {
		case shareAPI, shareWorker, shareGateway, sharePostgres, shareRedis:
			s[name] = append(s[name], child.PID)
		}
	}
	return s, nil
}

// with returns the shares with other processes in place of one.
func (s shares) with(share string, pids ...int) shares {
	other := maps.Clone(s)
	other[share] = pids
	return other
}

// during returns the nanoseconds of CPU that each share used while do ran.
func (s shares) during(do func() error) (map[string]float64, error) {
	before, err := s.used()
	if err != nil {
		return nil, err
	}
	if err := do(); err != nil {
		return nil, err
	}
	spent, err := s.used()
	for share := range spent {
		spent[share] -= before[share]
	}
	return spent, err
}

// used returns what each share has used ever, those that it has forked included.
func (s shares) used() (map[string]float64, error) {
	used := map[string]float64{}
	for share, pids := range s {
		cpu, err := procstat.TreeCPU(pids...)
		if err != nil {
			return nil, err
		}
		used[share] = float64(cpu)
	}
	return used, nil
}

// concurrently has each of restClients make its share of the calls, one after the other.
func concurrently(ctx context.Context, calls int, do func(ctx context.Context, client, n int) error) error {
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for client := range restClients {
		group.Go(func() error {
			for {
				n := int(next.Add(1)) - 1
				if n >= calls {
					return nil
				}
				if err := do(ctx, client, n); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

// costOf says what each row of costs is.
var costOf = map[string]string{
	"delivery/gateway":           "a message to one session, one write each",
	"delivery/router":            "the same, by the router on its way",
	"batched/gateway":            "a message to one session, where what waits leaves in one write",
	"batched/router":             "the same, by the router on its way",
	"bytes/delivery-json":        "what a client receives for a message",
	"bytes/delivery-zlib-stream": "the same with zlib-stream, where many get the same in the same order",
	"message/api":                "a message created, 64 at a time",
	"message/postgres":           "the same, in Postgres, its search index included",
	"message/redis":              "the same, in Redis, while no pod follows the guild",
	"message/worker":             "the same, in the worker: relay and search index",
	"bytes/message-wal":          "write-ahead log of a message",
	"bytes/message-stored":       "tables and indexes of a message, search index included",
	"bytes/message-outbox":       "the event of a message, until its slice of the outbox is dropped",
	"bytes/message-redis":        "what Redis sends for a message while no pod follows the guild",
	"read/api":                   "a channel read, 64 at a time",
	"read/postgres":              "the same, in Postgres",
	"read/redis":                 "the same, in Redis",
	"history/api":                "a page of 50 messages, 64 at a time",
	"history/postgres":           "the same, in Postgres",
	"history/redis":              "the same, in Redis",
	"follow/gateway":             "a message to a pod that has a session in its guild, the first delivery included",
	"follow/redis":               "the same, in Redis: its publication and the journal of the pod",
	"bytes/follow-redis":         "what Redis sends for it",
	"identify/gateway":           "a session from the connection to READY and its guilds, 256 at a time",
	"identify/router":            "the same, by the router",
	"identify/postgres":          "the same, in Postgres",
	"identify/redis":             "the same, in Redis",
	"minute/gateway":             "a minute of an idle session: heartbeats, lease of its presence",
	"minute/router":              "the same, by the router",
	"minute/postgres":            "the same, in Postgres",
	"minute/redis":               "the same, in Redis",
	"memory/gateway":             "the gateway's own memory for an idle session in a guild of 100",
	"memory/router":              "the router's own memory for a connection",
}
