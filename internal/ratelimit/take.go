package ratelimit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed take.lua
var takeSource string

var takeScript = redis.NewScript(takeSource)

// Pending is a request whose counting has been queued.
type Pending struct {
	limiter *Limiter
	request Request
	take    *redis.Cmd         // nil: limits are off
	epoch   *redis.StringCmd   // instead of take
	ban     *redis.DurationCmd // time left of the address's ban; nil: limits are off
}

// Queue adds the counting of a request to a pipeline. Run the pipeline, pay no attention to its error, which may be of
// any of its commands, and ask Decision.
func (l *Limiter) Queue(ctx context.Context, pipe redis.Pipeliner, r Request) *Pending {
	r.Bucket.Limit *= l.raise
	p := &Pending{limiter: l, request: r}
	if l.off {
		p.epoch = pipe.Get(ctx, epochKey(r.Identity))
		return p
	}
	keys, args := l.takeArguments(r)
	p.take = takeScript.EvalSha(ctx, pipe, keys, args...)
	p.ban = pipe.PTTL(ctx, banKey(r.Address))
	return p
}

// Take counts a request in a round trip of its own.
func (l *Limiter) Take(ctx context.Context, r Request) Decision {
	pipe := l.rdb.Pipeline()
	p := l.Queue(ctx, pipe, r)
	_, _ = pipe.Exec(ctx) // Decision looks at each command
	return p.Decision(ctx)
}

// Decision says what became of the request once the pipeline has run. If Redis doesn't answer, it is decided locally.
func (p *Pending) Decision(ctx context.Context) Decision {
	if p.take == nil {
		return p.uncounted()
	}
	l := p.limiter
	if redis.HasErrorPrefix(p.take.Err(), "NOSCRIPT") { // a new master has no scripts yet
		keys, args := l.takeArguments(p.request)
		p.take = takeScript.Eval(ctx, l.rdb, keys, args...)
	}
	d, err := p.counted()
	l.answered(err)
	if err != nil {
		d = l.local.take(l.now(), p.request)
	}
	if left, err := p.ban.Result(); err == nil && left > 0 { // negative: none
		d.refuse(Banned, left, l.now())
	}
	if d.Refused != No {
		refusals.WithLabelValues(d.Refused.scope()).Inc()
	}
	return d
}

// uncounted is the decision when limits are off.
func (p *Pending) uncounted() Decision {
	text, err := p.epoch.Result()
	if err != nil {
		return Decision{}
	}
	var d Decision
	d.setEpoch(text)
	return d
}

func (l *Limiter) takeArguments(r Request) (keys []string, args []any) {
	limit := GlobalLimit * l.raise
	if r.Bucket.NoGlobal {
		limit = 0
	}
	return []string{epochKey(r.Identity), globalKey(r.Identity), bucketKey(r)},
		[]any{limit, GlobalWindow.Milliseconds(), r.Bucket.Limit, r.Bucket.Window.Milliseconds()}
}

// counted reads the script's answer.
func (p *Pending) counted() (Decision, error) {
	answer, err := p.take.Slice()
	if err != nil {
		return Decision{}, err
	}
	if len(answer) != 4 {
		return Decision{}, fmt.Errorf("ratelimit: script answered %v", answer)
	}
	refused, ok1 := answer[0].(int64)
	remaining, ok2 := answer[1].(int64)
	left, ok3 := answer[2].(int64)
	if !ok1 || !ok2 || !ok3 {
		return Decision{}, errors.New("ratelimit: script answered other than numbers")
	}
	d := newDecision(p.request.Bucket, int(remaining), time.Duration(left)*time.Millisecond, p.limiter.now())
	d.Refused = Reason(refused)
	if text, ok := answer[3].(string); ok {
		d.setEpoch(text)
	}
	return d, nil
}
