package rest

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/coalesce"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/ratelimit"
	"guildhall.chat/guildhall/internal/snowflake"
)

// deskTimeout bounds a round trip of many requests; Redis that does not answer is seen sooner.
const deskTimeout = 3 * time.Second

// desk makes one round trip to Redis for all requests that come while the one before is under way. It begins after each of
// them has come, so what it brings is as new as if each had asked alone.
type desk struct {
	redis   redis.UniversalClient
	limiter *ratelimit.Limiter
	*coalesce.Group[admission, admitted]
}

// admission is what a request needs to know of Redis.
type admission struct {
	request ratelimit.Request
	guild   snowflake.ID // whose permission version; 0: none
}

type admitted struct {
	decision ratelimit.Decision
	version  events.Version
	known    bool // the version is
}

func newDesk(rdb redis.UniversalClient, limiter *ratelimit.Limiter) *desk {
	d := &desk{redis: rdb, limiter: limiter}
	d.Group = coalesce.New("admit", deskTimeout, d.serve)
	return d
}

func (d *desk) serve(ctx context.Context, asked []admission) ([]admitted, error) {
	pipe := d.redis.Pipeline()
	batch := d.limiter.Batch(pipe)
	pending := make([]*ratelimit.Pending, len(asked))
	versions := make(map[snowflake.ID]events.PendingVersion, 8)
	for i, a := range asked {
		pending[i] = batch.Add(ctx, a.request)
		if _, queued := versions[a.guild]; a.guild != 0 && !queued {
			versions[a.guild] = events.QueueVersion(ctx, pipe, a.guild)
		}
	}
	batch.Ask(ctx)
	_, _ = pipe.Exec(ctx) // each command's own error decides
	batch.Counted(ctx)
	answers := make([]admitted, len(asked))
	for i, a := range asked {
		answers[i].decision = pending[i].Decision()
		if a.guild != 0 {
			answers[i].version, answers[i].known = versions[a.guild].Result()
		}
	}
	return answers, nil
}
