package ratelimit

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// Reason is why a request was refused.
type Reason int

// The reasons. The first three are also the script's.
const (
	No       Reason = iota // it wasn't
	ByGlobal               // the identity's global limit
	ByBucket               // the bucket's limit
	Banned                 // the address sent too many invalid requests
)

// global reports whether the client has to stop everything, not only what is in the bucket.
func (r Reason) global() bool { return r == ByGlobal || r == Banned }

// scope is the value of X-RateLimit-Scope.
func (d Decision) scope() string {
	switch {
	case d.Refused.global():
		return "global"
	case d.Bucket.Shared:
		return "shared"
	}
	return "user"
}

// Excused reports whether the request was refused for what others did, perhaps: that is no invalid request of its client.
// https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
func (d Decision) Excused() bool { return d.Refused == ByBucket && d.Bucket.Shared }

// Decision is what became of a request.
type Decision struct {
	Refused Reason

	Bucket     Bucket // the zero Bucket: nothing was counted, limits are off
	Remaining  int    // requests left in the bucket's window
	Reset      time.Time
	ResetAfter time.Duration // until Reset: the end of the bucket's window or, if something else refused, of that

	Epoch      int64 // the identity's auth epoch, to compare with an access token's
	EpochKnown bool  // if not, ask the primary and tell RememberEpoch
}

func newDecision(b Bucket, remaining int, left time.Duration, now time.Time) Decision {
	return Decision{Bucket: b, Remaining: remaining, Reset: now.Add(left), ResetAfter: left}
}

func (d *Decision) refuse(reason Reason, left time.Duration, now time.Time) {
	d.Refused, d.Reset, d.ResetAfter = reason, now.Add(left), left
}

func (d *Decision) setEpoch(text string) {
	epoch, err := strconv.ParseInt(text, 10, 64)
	d.Epoch, d.EpochKnown = epoch, err == nil
}

// WriteHeaders sets the rate-limit headers of the answer, refused or not.
//
// https://discord.com/developers/docs/topics/rate-limits#header-format
func (d Decision) WriteHeaders(h http.Header) {
	if d.Refused != No {
		h.Set("Retry-After", strconv.FormatFloat(math.Ceil(d.ResetAfter.Seconds()), 'f', 0, 64)) // RFC 9110 section 10.2.3
		h.Set("X-RateLimit-Scope", d.scope())
	}
	if d.Refused.global() {
		h.Set("X-RateLimit-Global", "true")
		return
	}
	if d.Bucket.Limit == 0 {
		return
	}
	// The keys are in their canonical form, and the values share one array: every answer has them.
	values := [...]string{
		strconv.Itoa(d.Bucket.Limit), strconv.Itoa(d.Remaining), seconds(d.Reset.Add(almostMillisecond).UnixMilli()),
		seconds(milliseconds(d.ResetAfter)), d.Bucket.Hash(),
	}
	h["X-Ratelimit-Limit"] = values[0:1:1]
	h["X-Ratelimit-Remaining"] = values[1:2:2]
	h["X-Ratelimit-Reset"] = values[2:3:3]
	h["X-Ratelimit-Reset-After"] = values[3:4:4]
	h["X-Ratelimit-Bucket"] = values[4:5:5]
}

// almostMillisecond, added before what is under a millisecond is cut off, rounds up: no client is to come back too soon.
const almostMillisecond = time.Millisecond - 1

func milliseconds(d time.Duration) int64 { return (d + almostMillisecond).Milliseconds() }

// seconds writes milliseconds as seconds, to the millisecond.
func seconds(ms int64) string {
	text := strconv.AppendInt(make([]byte, 0, 16), ms/1000, 10)
	rest := ms % 1000
	return string(append(text, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10)))
}

// Refusal is the body of a 429.
type Refusal struct {
	Message    string  `json:"message"`
	RetryAfter float64 `json:"retry_after"` // seconds
	Global     bool    `json:"global"`
	Code       int     `json:"code"` // 0: no code of its own
}

// Refusal returns the body of the 429 of a refused request.
func (d Decision) Refusal() Refusal {
	r := Refusal{
		Message:    "You are being rate limited.",
		RetryAfter: float64(milliseconds(d.ResetAfter)) / 1000,
		Global:     d.Refused.global(),
	}
	if d.Refused == Banned {
		r.Message = "Too many invalid requests from this address."
	}
	return r
}
