// Package slowmode lets a user act in a channel once in a while, as its rate_limit_per_user says: send a message, or make a
// thread, each for itself. Redis remembers who has acted.
// https://discord.com/developers/docs/resources/channel#channel-object-channel-structure
package slowmode

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
)

// timeout bounds the wait for Redis; without it a channel is not slowed.
const timeout = 500 * time.Millisecond

// Action is what is slowed.
type Action string

// What is slowed.
const (
	Message Action = "slowmode"
	Thread  Action = "slowmode-thread"
)

// Slowmode holds the turns in Redis.
type Slowmode struct{ redis redis.UniversalClient }

// New returns a slowmode.
func New(rdb redis.UniversalClient) *Slowmode { return &Slowmode{rdb} }

// Take takes the caller's turn in a room, or says how long the caller still has to wait. release gives the turn back when
// nothing came of it. Bots and who has BYPASS_SLOWMODE are not slowed.
func (s *Slowmode) Take(c *call.Call, room *access.Room, what Action) (wait time.Duration, release func()) {
	seconds := slows(c, room)
	if seconds == 0 {
		return 0, func() {}
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), timeout)
	defer cancel()
	key := keyOf(c, room, what)
	mine, err := s.redis.SetNX(ctx, key, 1, seconds).Result()
	switch {
	case err != nil:
		c.Logger.Warn("slowmode is not enforced", "channel", room.Channel.ID, "error", err)
		return 0, func() {}
	case !mine:
		left, err := s.redis.PTTL(ctx, key).Result()
		if err != nil {
			left = 0
		}
		return max(left, time.Millisecond), nil // not 0: it was taken a moment ago
	}
	return 0, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), timeout)
		defer cancel()
		_ = s.redis.Del(ctx, key).Err()
	}
}

// slows tells for how long an action of the caller keeps it from the next one; 0 if it does not.
func slows(c *call.Call, room *access.Room) time.Duration {
	seconds := room.Channel.RateLimitPerUser
	if seconds == nil || c.Caller.Bot || room.Here.Has(permissions.BypassSlowmode) {
		return 0
	}
	return time.Duration(*seconds) * time.Second
}

func keyOf(c *call.Call, room *access.Room, what Action) string {
	return fmt.Sprintf("%s:{%s}:%s", what, room.Channel.ID, c.Caller.UserID)
}

// Left tells how long the caller has to wait for its next turn.
func (s *Slowmode) Left(c *call.Call, room *access.Room, what Action) time.Duration {
	if slows(c, room) == 0 {
		return 0
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), timeout)
	defer cancel()
	left, err := s.redis.PTTL(ctx, keyOf(c, room, what)).Result() // negative: there is none
	if err != nil {
		return 0
	}
	return max(left, 0)
}

// slowed is the body of a 429 that is no rate limit of the API's own.
type slowed struct {
	*discord.Error
	RetryAfter float64 `json:"retry_after"` // seconds
	Global     bool    `json:"global"`
}

// Refuse answers a call that has to wait.
func Refuse(c *call.Call, wait time.Duration) error {
	c.Header("Retry-After", strconv.FormatFloat(math.Ceil(wait.Seconds()), 'f', 0, 64))
	c.Header("X-RateLimit-Scope", "user")
	return c.Reply(http.StatusTooManyRequests, slowed{Error: discord.ErrSlowmode, RetryAfter: wait.Seconds()})
}
