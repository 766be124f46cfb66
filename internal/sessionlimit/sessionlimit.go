// Package sessionlimit counts the sessions that bots start, over all gateway pods: one IDENTIFY a window and concurrency
// key, and a number a day. The gateway takes; the api tells bots what is left. RESUME is free.
//
// https://discord.com/developers/docs/events/gateway#session-start-limit-object
package sessionlimit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// Total is how many sessions a bot may start in Day.
	Total = 1000
	// Day begins with the first of them.
	Day = 24 * time.Hour
	// Window is in which one session of each concurrency key may start.
	Window = 5 * time.Second
	// DefaultMaxConcurrency is the number of concurrency keys unless somebody says otherwise.
	DefaultMaxConcurrency = 1
)

// ErrExhausted says that the bot has started all the sessions of its day.
var ErrExhausted = errors.New("session limit of the day is reached")

//go:embed take.lua
var takeSource string

var takeScript = redis.NewScript(takeSource)

// Limiter counts in Redis. Safe for concurrent use.
type Limiter struct {
	rdb            redis.UniversalClient
	maxConcurrency int
}

// New returns a limiter. maxConcurrency is the number of concurrency keys; a session's is its shard modulo that.
func New(rdb redis.UniversalClient, maxConcurrency int) *Limiter {
	return &Limiter{rdb: rdb, maxConcurrency: maxConcurrency}
}

// Take starts a session of the bot's shard. When another of the same concurrency key has just started, nothing is taken and
// wait says when to try again. The error is ErrExhausted, or Redis's.
func (l *Limiter) Take(ctx context.Context, bot snowflake.ID, shard int) (wait time.Duration, err error) {
	keys := []string{windowKey(bot, shard%l.maxConcurrency), dayKey(bot)}
	left, err := takeScript.Run(ctx, l.rdb, keys, Window.Milliseconds(), Total, Day.Milliseconds()).Int64()
	switch {
	case err != nil:
		return 0, fmt.Errorf("count session of bot %s: %w", bot, err)
	case left < 0:
		return 0, ErrExhausted
	}
	return time.Duration(left) * time.Millisecond, nil
}

// Status tells a bot what is left of its day.
func (l *Limiter) Status(ctx context.Context, bot snowflake.ID) (discord.SessionStartLimit, error) {
	var used *redis.StringCmd
	var left *redis.DurationCmd
	_, err := l.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		used, left = pipe.Get(ctx, dayKey(bot)), pipe.PTTL(ctx, dayKey(bot))
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return discord.SessionStartLimit{}, fmt.Errorf("sessions of bot %s: %w", bot, err)
	}
	n, _ := used.Int() // 0 when the day has not begun
	return discord.SessionStartLimit{
		Total: Total, Remaining: max(0, Total-n), ResetAfter: max(0, left.Val().Milliseconds()), MaxConcurrency: l.maxConcurrency,
	}, nil
}

// The keys of a bot share a slot.
func windowKey(bot snowflake.ID, key int) string {
	return "session-start:{" + bot.String() + "}:" + strconv.Itoa(key)
}
func dayKey(bot snowflake.ID) string { return "session-starts:{" + bot.String() + "}" }
