package presence

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Counts is Count for many guilds in one round trip, in their order.
func (p *Presences) Counts(ctx context.Context, guilds []snowflake.ID) ([]int, error) {
	lengths := make([]*redis.IntCmd, len(guilds))
	_, err := p.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, guild := range guilds {
			lengths[i] = pipe.HLen(ctx, guildKey(guild))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("presence: count those of %d guilds: %w", len(guilds), err)
	}
	counts := make([]int, len(guilds))
	for i, length := range lengths {
		counts[i] = int(length.Val())
	}
	return counts, nil
}
