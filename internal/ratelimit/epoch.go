package ratelimit

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/snowflake"
)

// epochKept is how long Redis knows a user's auth epoch before the primary is asked again. It bounds how long a revoked
// access token could live if a Redis failover lost the news.
const epochKept = time.Minute

//go:embed epoch.lua
var epochSource string

var epochScript = redis.NewScript(epochSource)

// RememberEpoch tells Redis the auth epoch that the primary gave: after a Decision didn't know it, and after it was
// raised, before that request is answered. It never lowers one.
func (l *Limiter) RememberEpoch(ctx context.Context, user snowflake.ID, epoch int64) error {
	err := epochScript.Run(ctx, l.rdb, []string{epochKey(User(user))}, epoch, epochKept.Milliseconds()).Err()
	if err != nil {
		return fmt.Errorf("ratelimit: remember the auth epoch of %s: %w", user, err)
	}
	return nil
}
