package messages

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// slowTimeout bounds the wait for Redis; without it a channel is not slowed.
const slowTimeout = 500 * time.Millisecond

func slowKey(channel, user snowflake.ID) string {
	return fmt.Sprintf("slowmode:{%s}:%s", channel, user)
}

// slow lets a user send one message per rate_limit_per_user: it takes the turn, or says how long the user still has to
// wait. release gives the turn back when nothing was sent. Bots and who has BYPASS_SLOWMODE are not slowed.
// https://discord.com/developers/docs/resources/channel#channel-object-channel-structure
func (h *Handlers) slow(c *call.Call, room *access.Room) (wait time.Duration, release func()) {
	seconds := room.Channel.RateLimitPerUser
	if seconds == nil || *seconds == 0 || c.Caller.Bot || room.Here.Has(permissions.BypassSlowmode) {
		return 0, func() {}
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), slowTimeout)
	defer cancel()
	key := slowKey(room.Channel.ID, c.Caller.UserID)
	mine, err := h.redis.SetNX(ctx, key, 1, time.Duration(*seconds)*time.Second).Result()
	switch {
	case err != nil:
		c.Logger.Warn("slowmode is not enforced", "channel", room.Channel.ID, "error", err)
		return 0, func() {}
	case !mine:
		left, err := h.redis.PTTL(ctx, key).Result()
		if err != nil {
			left = 0
		}
		return max(left, time.Millisecond), nil // not 0: it was taken a moment ago
	}
	return 0, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), slowTimeout)
		defer cancel()
		_ = h.redis.Del(ctx, key).Err()
	}
}

// slowed is the body of a 429 that is no rate limit of the API's own.
type slowed struct {
	*discord.Error
	RetryAfter float64 `json:"retry_after"` // seconds
	Global     bool    `json:"global"`
}

func refuseSlowed(c *call.Call, wait time.Duration) error {
	c.Header("Retry-After", strconv.FormatFloat(math.Ceil(wait.Seconds()), 'f', 0, 64))
	c.Header("X-RateLimit-Scope", "user")
	return c.Reply(http.StatusTooManyRequests, slowed{Error: discord.ErrSlowmode, RetryAfter: wait.Seconds()})
}
