package ratelimit

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/redistest"
	"guildhall.chat/guildhall/internal/snowflake"
)

var users = snowflake.NewGenerator(1)

// newLimiter returns a limiter on the shared cluster and a request of a caller that no other test has.
func newLimiter(t testing.TB, b Bucket, options ...Option) (*Limiter, Request) {
	t.Helper()
	user := User(users.Next())
	return New(redistest.Client(t), slog.New(slog.DiscardHandler), options...),
		Request{Identity: user, Address: "ip" + user, Bucket: b, Major: "1"}
}

func TestBucketEndsAndBeginsAgain(t *testing.T) {
	t.Parallel()
	l, r := newLimiter(t, Bucket{Name: "short", Limit: 3, Window: 150 * time.Millisecond})
	ctx := t.Context()
	for remaining := 2; remaining >= 0; remaining-- {
		if d := l.Take(ctx, r); d.Refused != No || d.Remaining != remaining || d.ResetAfter <= 0 || d.ResetAfter > r.Bucket.Window+time.Millisecond {
			t.Fatalf("got %+v, want %d remaining", d, remaining)
		}
	}
	d := l.Take(ctx, r)
	if d.Refused != ByBucket || d.Remaining != 0 {
		t.Fatalf("the fourth of three: %+v", d)
	}
	time.Sleep(d.ResetAfter) // as a client does
	if d := l.Take(ctx, r); d.Refused != No || d.Remaining != 2 {
		t.Errorf("after the wait that was asked for: %+v", d)
	}
}

// slowWay holds up what goes to Redis.
type slowWay struct{ by time.Duration }

func (slowWay) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (slowWay) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (s *slowWay) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		time.Sleep(s.by)
		return next(ctx, cmds)
	}
}

func TestClientIsNotAskedBackTooSoonWhenRedisIsFar(t *testing.T) {
	t.Parallel()
	l, r := newLimiter(t, Bucket{Name: "far", Limit: 1, Window: 300 * time.Millisecond})
	way := &slowWay{}
	l.rdb.AddHook(way)
	refusals := 0
	for rounds := 0; refusals < 3 && rounds < 20; rounds++ {
		way.by = 30 * time.Millisecond
		first := l.Take(t.Context(), r)
		if first.Refused != No {
			t.Fatalf("a new window: %+v", first)
		}
		way.by = 0
		time.Sleep(first.ResetAfter)
		if d := l.Take(t.Context(), r); d.Refused != No {
			t.Fatalf("after %s, as was asked: %+v", first.ResetAfter, d)
		}
		way.by = 20 * time.Millisecond
		refused := l.Take(t.Context(), r)
		way.by = 0
		if refused.Refused == No { // the machine was busy until the window had ended
			continue
		}
		refusals++
		time.Sleep(refused.ResetAfter)
		if d := l.Take(t.Context(), r); d.Refused != No {
			t.Fatalf("after %s, as the refusal asked: %+v", refused.ResetAfter, d)
		}
		time.Sleep(r.Bucket.Window + 2*time.Millisecond)
	}
	if refusals == 0 {
		t.Error("nothing was ever refused")
	}
}

func TestBucketsAreApart(t *testing.T) {
	t.Parallel()
	l, r := newLimiter(t, Bucket{Name: "one", Limit: 1, Window: time.Minute})
	other := func(change func(*Request)) Request {
		r := r
		change(&r)
		return r
	}
	for name, r := range map[string]Request{
		"first":          r,
		"other major":    other(func(r *Request) { r.Major = "2" }),
		"other bucket":   other(func(r *Request) { r.Bucket.Name = "two" }),
		"name and major": other(func(r *Request) { r.Bucket.Name, r.Major = "one1", "" }),
		"other identity": other(func(r *Request) { r.Identity = User(users.Next()) }),
		"no major":       other(func(r *Request) { r.Major = "" }),
		"strange major":  other(func(r *Request) { r.Major = "}{\x00\n" + strings.Repeat("x", 500) }),
		"strange address": other(func(r *Request) {
			r.Identity = Address(netip.MustParseAddr("fe80::1%eth0"))
			r.Major = string(r.Address)
		}),
	} {
		if d := l.Take(t.Context(), r); d.Refused != No {
			t.Errorf("%s: %+v", name, d)
		}
		if d := l.Take(t.Context(), r); d.Refused != ByBucket {
			t.Errorf("%s again: %+v", name, d)
		}
	}
}

func TestGlobalLimit(t *testing.T) {
	t.Parallel()
	l, r := newLimiter(t, Bucket{Name: "wide", Limit: 1000, Window: time.Minute})
	ctx := t.Context()
	// The window may end while we fill it, so fill it until it refuses.
	var refused Decision
	took := 0
	for refused.Refused == No {
		if took++; took > 20*GlobalLimit {
			t.Fatalf("never refused in %d requests", took)
		}
		refused = l.Take(ctx, r)
	}
	if refused.Refused != ByGlobal || refused.ResetAfter > GlobalWindow+time.Millisecond || took <= GlobalLimit {
		t.Fatalf("request %d: %+v", took, refused)
	}
	// What the global limit refuses doesn't use up the bucket.
	if want := r.Bucket.Limit - (took - 1); refused.Remaining != want {
		t.Errorf("%d remaining, want %d", refused.Remaining, want)
	}
	r.Bucket.NoGlobal = true
	if d := l.Take(ctx, r); d.Refused != No {
		t.Errorf("exempt: %+v", d)
	}
}

func TestRefusedByBucketDoesNotUseUpTheGlobalLimit(t *testing.T) {
	t.Parallel()
	l, r := newLimiter(t, Bucket{Name: "narrow", Limit: 1, Window: time.Minute})
	for range GlobalLimit + 10 {
		if d := l.Take(t.Context(), r); d.Refused == ByGlobal {
			t.Fatal("refused requests counted")
		}
	}
	r.Major = "2"
	if d := l.Take(t.Context(), r); d.Refused != No {
		t.Errorf("another bucket: %+v", d)
	}
}

func TestConcurrentRequestsAreCountedExactly(t *testing.T) {
	t.Parallel()
	const limit, clients, each = 37, 8, 20
	a, r := newLimiter(t, Bucket{Name: "busy", Limit: limit, Window: time.Minute, NoGlobal: true})
	b := New(redistest.Client(t), slog.New(slog.DiscardHandler)) // another pod
	var allowed atomic.Int64
	var seen sync.Map // each remaining number is handed out once
	var wg sync.WaitGroup
	for i := range clients {
		l := []*Limiter{a, b}[i%2]
		wg.Go(func() {
			for range each {
				d := l.Take(t.Context(), r)
				if d.Refused != No {
					continue
				}
				allowed.Add(1)
				if _, twice := seen.LoadOrStore(d.Remaining, true); twice {
					t.Errorf("%d remaining twice", d.Remaining)
				}
			}
		})
	}
	wg.Wait()
	if n := allowed.Load(); n != limit {
		t.Errorf("%d allowed, want %d", n, limit)
	}
}

// All of it in one pipeline, on a cluster whose masters know no scripts.
func TestPipelineWithoutScripts(t *testing.T) {
	t.Parallel()
	cluster := redistest.New(t)
	rdb := cluster.Client(t)
	l := New(rdb, slog.New(slog.DiscardHandler))
	ctx := t.Context()
	bucket := Bucket{Name: "b", Limit: 5, Window: time.Minute}
	for round := range 2 { // with the cache empty, then filled
		pipe := rdb.Pipeline()
		foreign := pipe.Set(ctx, "foreign", round, time.Minute) // in another slot
		b := l.Batch(pipe)
		var all []*Pending
		for user := range snowflake.ID(20) { // on all masters
			all = append(all, b.Add(ctx, Request{Identity: User(user), Address: "a", Bucket: bucket}))
		}
		b.Ask(ctx)
		_, _ = pipe.Exec(ctx)
		b.Counted(ctx)
		if err := foreign.Err(); err != nil {
			t.Fatal(err)
		}
		for user, p := range all {
			if d := p.Decision(); d.Refused != No || d.Remaining != 4-round {
				t.Errorf("round %d, user %d: %+v", round, user, d)
			}
		}
		if l.lost.Load() {
			t.Error("counted locally")
		}
	}
	err := rdb.ForEachMaster(ctx, func(ctx context.Context, master *redis.Client) error { return master.ScriptFlush(ctx).Err() })
	if err != nil {
		t.Fatal(err)
	}
	if d := l.Take(ctx, Request{Identity: User(1), Address: "a", Bucket: bucket}); d.Remaining != 2 {
		t.Errorf("after a flush: %+v", d)
	}
	l.CountInvalid(ctx, "a")
	if err := l.RememberEpoch(ctx, 1, 7); err != nil {
		t.Error(err)
	}
}

func TestEpoch(t *testing.T) {
	t.Parallel()
	for _, options := range [][]Option{nil, {Off()}} {
		l, r := newLimiter(t, Bucket{Name: "e", Limit: 50, Window: time.Minute, NoGlobal: true}, options...)
		user, _ := snowflake.Parse(string(r.Identity))
		if d := l.Take(t.Context(), r); d.EpochKnown {
			t.Errorf("known before told: %+v", d)
		}
		for _, step := range []struct{ told, want int64 }{{0, 0}, {4, 4}, {3, 4}, {5, 5}} {
			if err := l.RememberEpoch(t.Context(), user, step.told); err != nil {
				t.Fatal(err)
			}
			if d := l.Take(t.Context(), r); !d.EpochKnown || d.Epoch != step.want {
				t.Errorf("told %d: got %d, %v, want %d", step.told, d.Epoch, d.EpochKnown, step.want)
			}
		}
	}
}

func TestOffCountsNothing(t *testing.T) {
	t.Parallel()
	l, r := newLimiter(t, Bucket{Name: "o", Limit: 1, Window: time.Minute}, Off())
	for range 5 {
		if d := l.Take(t.Context(), r); d != (Decision{}) {
			t.Fatalf("%+v", d)
		}
		l.CountInvalid(t.Context(), r.Address)
	}
}

func TestInvalidRequestsBan(t *testing.T) {
	t.Parallel()
	l, r := newLimiter(t, Bucket{Name: "i", Limit: 10, Window: time.Minute})
	ctx := t.Context()
	if err := l.rdb.Set(ctx, invalidKey(r.Address), InvalidLimit-2, InvalidWindow).Err(); err != nil {
		t.Fatal(err)
	}
	l.CountInvalid(ctx, r.Address)
	if d := l.Take(ctx, r); d.Refused != No {
		t.Fatalf("one before the limit: %+v", d)
	}
	l.CountInvalid(ctx, r.Address)
	d := l.Take(ctx, r)
	if d.Refused != Banned || d.ResetAfter < BanTime-time.Minute || d.ResetAfter > BanTime {
		t.Errorf("at the limit: %+v", d)
	}
	r.Address = "elsewhere" + r.Address
	if d := l.Take(ctx, r); d.Refused != No {
		t.Errorf("the same caller from elsewhere: %+v", d)
	}
}

func TestInvalidWindowBegins(t *testing.T) {
	t.Parallel()
	l, r := newLimiter(t, Bucket{})
	l.CountInvalid(t.Context(), r.Address)
	if left := l.rdb.PTTL(t.Context(), invalidKey(r.Address)).Val(); left <= 0 || left > InvalidWindow {
		t.Errorf("the count lives for %v", left)
	}
	for status, want := range map[int]bool{401: true, 403: true, 429: true, 404: false, 400: false, 200: false, 500: false} {
		if Invalid(status) != want {
			t.Errorf("Invalid(%d) = %v", status, !want)
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]Identity{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::", "fe80::1%eth0": "fe80::",
	} {
		if got := Address(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: got %s, want %s", ip, got, want)
		}
	}
}

func TestWithoutRedisItCountsLocallyAndSaysSoOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	cluster := redistest.New(t)
	rdb := cluster.Client(t)
	l := New(rdb, slog.New(slog.NewTextHandler(&out, nil)))
	r := Request{Identity: "1", Address: "a", Bucket: Bucket{Name: "b", Limit: 10, Window: time.Minute}}
	if d := l.Take(t.Context(), r); d.Remaining != 9 {
		t.Fatalf("%+v", d)
	}
	for i := range 3 {
		cluster.Kill(t, i)
	}
	take := func() Decision {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		return l.Take(ctx, r)
	}
	for remaining := 4; remaining >= 0; remaining-- {
		if d := take(); d.Refused != No || d.Remaining != remaining || d.EpochKnown {
			t.Fatalf("got %+v, want %d remaining", d, remaining)
		}
	}
	if d := take(); d.Refused != ByBucket {
		t.Errorf("beyond half the limit: %+v", d)
	}
	if n := strings.Count(out.String(), "WARN"); n != 1 {
		t.Errorf("%d warnings, want 1:\n%s", n, &out)
	}
}

func BenchmarkTake(b *testing.B) {
	l, r := newLimiter(b, Bucket{Name: "bench", Limit: 1 << 30, Window: time.Minute, NoGlobal: true})
	b.ReportAllocs()
	for b.Loop() {
		if d := l.Take(b.Context(), r); d.Refused != No {
			b.Fatal(d)
		}
	}
}

func BenchmarkRoundTrip(b *testing.B) { // what the round trip alone costs
	rdb := redistest.Client(b)
	b.ReportAllocs()
	for b.Loop() {
		rdb.Get(b.Context(), "none")
	}
}
