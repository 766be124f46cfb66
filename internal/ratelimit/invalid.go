package ratelimit

import (
	"context"
	_ "embed"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"
)

// An address that gets so many 401, 403 or 429 is banned for a while: its client doesn't listen.
//
// https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
const (
	InvalidLimit  = 10_000
	InvalidWindow = 10 * time.Minute
	BanTime       = time.Hour
)

//go:embed invalid.lua
var invalidSource string

var invalidScript = redis.NewScript(invalidSource)

// Invalid reports whether a status counts as an invalid request.
func Invalid(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusTooManyRequests
}

// CountInvalid counts an invalid request of the address. Requests that a ban refused needn't be counted. It takes a round
// trip, so call it after the answer is out.
func (l *Limiter) CountInvalid(ctx context.Context, address Identity) {
	if l.off {
		return
	}
	err := invalidScript.Run(ctx, l.rdb, []string{invalidKey(address), banKey(address)},
		InvalidLimit, InvalidWindow.Milliseconds(), BanTime.Milliseconds()).Err()
	if err != nil {
		l.local.countInvalid(l.now(), address)
	}
}
