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

// Batch counts requests in one pipeline: Add each, run the pipeline, call Counted, and ask each Pending for its Decision.
type Batch struct {
	limiter *Limiter
	pipe    redis.Pipeliner
	now     time.Time // when it began
	takes   map[windowName]*take
	bans    map[Identity]*redis.DurationCmd // time left of an address's ban
	epochs  map[Identity]*redis.StringCmd
}

// take is what the waiting requests of one bucket have to get from Redis.
type take struct {
	request      Request
	bucket       windowName
	global       windowName // not of a bucket without the global limit
	waiting      []*Pending
	needs, wants struct{ bucket, global int }
	cmd          *redis.Cmd
}

// Pending is a request that is being counted.
type Pending struct {
	limiter        *Limiter
	request        Request
	bucket, global token
	refused        Reason
	remaining      int
	ends           end   // of the window that decided
	err            error // Redis didn't answer
	ban            *redis.DurationCmd
	epoch          *redis.StringCmd // nil: an address has none
}

// Batch begins a batch in a pipeline, which may hold anything else.
func (l *Limiter) Batch(pipe redis.Pipeliner) *Batch {
	return &Batch{
		limiter: l, pipe: pipe, now: l.now(), takes: map[windowName]*take{},
		bans: map[Identity]*redis.DurationCmd{}, epochs: map[Identity]*redis.StringCmd{},
	}
}

// Add counts a request, out of what the process has taken ahead or with the pipeline.
func (b *Batch) Add(ctx context.Context, r Request) *Pending {
	l := b.limiter
	r.Bucket.Limit *= l.raise
	p := &Pending{limiter: l, request: r}
	if r.Identity != r.Address {
		if p.epoch = b.epochs[r.Identity]; p.epoch == nil {
			p.epoch = b.pipe.Get(ctx, epochKey(r.Identity))
			b.epochs[r.Identity] = p.epoch
		}
	}
	if l.off {
		return p
	}
	if p.ban = b.bans[r.Address]; p.ban == nil {
		p.ban = b.pipe.PTTL(ctx, banKey(r.Address))
		b.bans[r.Address] = p.ban
	}
	name := windowName{r.Identity, r.Bucket.Name, r.Major}
	t := b.takes[name]
	l.leases.mu.Lock()
	defer l.leases.mu.Unlock()
	p.bucket = l.leases.draw(name, b.now)
	if !r.Bucket.NoGlobal {
		p.global = l.leases.draw(windowName{identity: r.Identity}, b.now)
	}
	if p.bucket.ok && (p.global.ok || r.Bucket.NoGlobal) {
		p.allow()
		return p
	}
	if t == nil {
		t = &take{request: r, bucket: name, global: windowName{identity: r.Identity}}
		b.takes[name] = t
	}
	t.waiting = append(t.waiting, p)
	if !p.bucket.ok {
		t.needs.bucket++
	}
	if !p.global.ok && !r.Bucket.NoGlobal {
		t.needs.global++
	}
	return p
}

// Ask adds to the pipeline what the requests that were added need of Redis. Call it after the last of them.
func (b *Batch) Ask(ctx context.Context) {
	leases := b.limiter.leases
	leases.mu.Lock()
	defer leases.mu.Unlock()
	for _, t := range b.takes {
		t.wants.bucket = leases.wish(t.bucket, b.now, t.needs.bucket)
		t.wants.global = leases.wish(t.global, b.now, t.needs.global)
		keys, args := b.limiter.arguments(t)
		t.cmd = takeScript.EvalSha(ctx, b.pipe, keys, args...)
	}
}

// Counted hands out what the pipeline, which has run, has brought.
func (b *Batch) Counted(ctx context.Context) {
	for _, t := range b.takes {
		if redis.HasErrorPrefix(t.cmd.Err(), "NOSCRIPT") { // a new master has no scripts yet
			keys, args := b.limiter.arguments(t)
			t.cmd = takeScript.Run(ctx, b.limiter.rdb, keys, args...)
		}
		b.limiter.distribute(t, b.now)
	}
}

func (l *Limiter) arguments(t *take) (keys []string, args []any) {
	return []string{globalKey(t.request.Identity), bucketKey(t.request)}, []any{
		GlobalLimit * l.raise, GlobalWindow.Milliseconds(), t.needs.global, t.wants.global,
		t.request.Bucket.Limit, t.request.Bucket.Window.Milliseconds(), t.needs.bucket, t.wants.bucket,
	}
}

// distribute gives what was taken to those who wait, in their order, and keeps the rest for those who come.
func (l *Limiter) distribute(t *take, began time.Time) {
	got, err := readTaken(t.cmd)
	l.answered(err)
	l.leases.mu.Lock()
	defer l.leases.mu.Unlock()
	if err != nil {
		for _, p := range t.waiting {
			p.err = err
			l.unused(t, p)
		}
		return
	}
	answered := l.now()
	bucketEnds, globalEnds := endOf(began, answered, got.bucketLeft), endOf(began, answered, got.globalLeft)
	next, fromBucket, fromGlobal := got.before, got.fromBucket, got.fromGlobal
	for _, p := range t.waiting {
		if !p.bucket.ok && fromBucket > 0 {
			p.bucket = token{next, bucketEnds, true}
			next++
			fromBucket--
		}
		if p.bucket.ok && !p.global.ok && fromGlobal > 0 {
			p.global = token{ends: globalEnds, ok: true}
			fromGlobal--
		}
		switch {
		case p.bucket.ok && (p.global.ok || p.request.Bucket.NoGlobal):
			p.allow()
		case got.refused == ByGlobal || got.refused == No && p.bucket.ok:
			p.refuse(ByGlobal, p.request.Bucket.Limit-next, globalEnds)
		default:
			p.refuse(ByBucket, 0, bucketEnds)
		}
		if p.refused != No {
			l.unused(t, p)
		}
	}
	if got.fromBucket > 0 {
		l.leases.add(t.bucket, next, fromBucket, t.wants.bucket, bucketEnds, began)
	}
	if got.fromGlobal > 0 {
		l.leases.add(t.global, 0, fromGlobal, t.wants.global, globalEnds, began)
	}
}

// unused gives back what a request had when it was refused.
func (l *Limiter) unused(t *take, p *Pending) {
	l.leases.giveBack(t.bucket, p.bucket)
	l.leases.giveBack(t.global, p.global)
	p.bucket, p.global = token{}, token{}
}

func (p *Pending) allow() {
	p.refused, p.remaining, p.ends = No, p.request.Bucket.Limit-p.bucket.number-1, p.bucket.ends
}

func (p *Pending) refuse(by Reason, remaining int, ends end) {
	if p.bucket.ok {
		remaining = p.request.Bucket.Limit - p.bucket.number
	}
	p.refused, p.remaining, p.ends = by, max(remaining, 0), ends
}

// Take counts a request in a round trip of its own.
func (l *Limiter) Take(ctx context.Context, r Request) Decision {
	pipe := l.rdb.Pipeline()
	b := l.Batch(pipe)
	p := b.Add(ctx, r)
	b.Ask(ctx)
	_, _ = pipe.Exec(ctx) // each command's own error decides
	b.Counted(ctx)
	return p.Decision()
}

// Decision says what became of the request. If Redis didn't answer, it is decided locally.
func (p *Pending) Decision() Decision {
	var d Decision
	l, now := p.limiter, p.limiter.now()
	switch {
	case l.off:
	case p.err != nil:
		d = l.local.take(now, p.request)
	default:
		d = newDecision(p.request.Bucket, p.remaining, max(p.ends.latest.Sub(now), 0), now)
		d.Refused = p.refused
	}
	if p.ban != nil {
		if left, err := p.ban.Result(); err == nil && left > 0 { // negative: none
			d.refuse(Banned, left, now)
		}
	}
	if d.Refused != No {
		refused[d.scope()].Inc()
	}
	if p.epoch != nil {
		if text, err := p.epoch.Result(); err == nil {
			d.setEpoch(text)
		}
	}
	return d
}

// taken is the script's answer.
type taken struct {
	refused                        Reason
	before, fromBucket, fromGlobal int
	bucketLeft, globalLeft         time.Duration
}

func readTaken(cmd *redis.Cmd) (taken, error) {
	answer, err := cmd.Slice()
	if err != nil {
		return taken{}, err
	}
	if len(answer) != 6 {
		return taken{}, fmt.Errorf("ratelimit: script answered %v", answer)
	}
	var n [6]int64
	for i, value := range answer {
		var ok bool
		if n[i], ok = value.(int64); !ok {
			return taken{}, errors.New("ratelimit: script answered other than numbers")
		}
	}
	return taken{
		refused: Reason(n[0]), before: int(n[1]), fromBucket: int(n[2]), bucketLeft: time.Duration(n[3]) * time.Millisecond,
		fromGlobal: int(n[4]), globalLeft: time.Duration(n[5]) * time.Millisecond,
	}, nil
}
