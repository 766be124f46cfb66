package ratelimit

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/redistest"
)

// pods are limiters that count together, as pods do.
func pods(t *testing.T, n int, b Bucket) ([]*Limiter, Request) {
	t.Helper()
	first, r := newLimiter(t, b)
	all := []*Limiter{first}
	for len(all) < n {
		all = append(all, New(redistest.Client(t), slog.New(slog.DiscardHandler)))
	}
	return all, r
}

// counted is what Redis has of the bucket.
func counted(t *testing.T, l *Limiter, r Request) int {
	t.Helper()
	n, err := l.rdb.Get(t.Context(), bucketKey(r)).Int()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Who is on one pod sees the limit as if nothing were taken ahead.
func TestOnePodTakesAheadUnnoticed(t *testing.T) {
	t.Parallel()
	const limit = 500
	all, r := pods(t, 1, Bucket{Name: "ahead", Limit: limit, Window: time.Minute, NoGlobal: true})
	asked, before := 0, 0
	for i := range limit {
		if d := all[0].Take(t.Context(), r); d.Refused != No || d.Remaining != limit-i-1 {
			t.Fatalf("request %d: %+v", i+1, d)
		}
		if n := counted(t, all[0], r); n != before {
			asked, before = asked+1, n
		}
	}
	if d := all[0].Take(t.Context(), r); d.Refused != ByBucket {
		t.Errorf("beyond: %+v", d)
	}
	if asked > limit/5 {
		t.Errorf("Redis was asked %d times for %d requests", asked, limit)
	}
}

func TestFewAreNotTakenAhead(t *testing.T) {
	t.Parallel()
	all, r := pods(t, 1, Bucket{Name: "few", Limit: 15, Window: time.Minute, NoGlobal: true})
	for i := range 15 {
		all[0].Take(t.Context(), r)
		if n := counted(t, all[0], r); n != i+1 {
			t.Fatalf("%d of %d requests are counted", n, i+1)
		}
	}
}

// However requests are spread, no more than the limit pass, and another pod's share is an eighth at most.
func TestPodsTogetherKeepTheLimit(t *testing.T) {
	t.Parallel()
	const limit = 400
	for _, weights := range [][]int{{1, 1}, {1, 9}, {5, 1, 1}} {
		all, r := pods(t, len(weights), Bucket{Name: "together", Limit: limit, Window: time.Minute, NoGlobal: true})
		passed, refused := 0, 0
		var numbers []int
		for refused == 0 { // until the first refusal anywhere
			for i, times := range weights {
				for range times {
					d := all[i].Take(t.Context(), r)
					if d.Refused != No {
						refused++
						continue
					}
					passed++
					numbers = append(numbers, d.Remaining)
				}
			}
		}
		if fair := limit - len(weights)*maxAhead; passed > limit || passed < fair {
			t.Errorf("%v: %d of %d passed before the first refusal, want at least %d", weights, passed, limit, fair)
		}
		slices.Sort(numbers)
		if unique := slices.Compact(slices.Clone(numbers)); len(unique) != len(numbers) {
			t.Errorf("%v: the same request was counted twice", weights)
		}
		for i := range all { // what was taken ahead is still there for who asks that pod
			for all[i].Take(t.Context(), r).Refused == No {
				passed++
			}
		}
		if passed != limit {
			t.Errorf("%v: %d of %d passed in the end", weights, passed, limit)
		}
	}
}

// What is taken ahead ends with its window.
func TestNothingOutlivesItsWindow(t *testing.T) {
	t.Parallel()
	all, r := pods(t, 1, Bucket{Name: "ends", Limit: 1000, Window: 200 * time.Millisecond, NoGlobal: true})
	l := all[0]
	for range 20 {
		l.Take(t.Context(), r)
	}
	later := l.now().Add(time.Hour)
	l.now = func() time.Time { return later }
	if err := l.rdb.Del(t.Context(), bucketKey(r)).Err(); err != nil {
		t.Fatal(err)
	}
	if d := l.Take(t.Context(), r); d.Remaining != 999 {
		t.Errorf("in the next window: %+v", d)
	}
}

// Requests of one pipeline share what is left, and those beyond it are refused.
func TestRequestsOfOneBatch(t *testing.T) {
	t.Parallel()
	l, r := newLimiter(t, Bucket{Name: "batch", Limit: 5, Window: time.Minute})
	pipe := l.rdb.Pipeline()
	b := l.Batch(pipe)
	var pending []*Pending
	for range 8 {
		pending = append(pending, b.Add(t.Context(), r))
	}
	other := r
	other.Major = "2" // of the same global window
	apart := b.Add(t.Context(), other)
	b.Ask(t.Context())
	if _, err := pipe.Exec(t.Context()); err != nil && len(b.takes) == 0 {
		t.Fatal(err)
	}
	b.Counted(t.Context())
	for i, p := range pending {
		d, want := p.Decision(), No
		if i >= 5 {
			want = ByBucket
		}
		if d.Refused != want || d.Remaining != max(4-i, 0) || d.ResetAfter <= 0 {
			t.Errorf("request %d: %+v", i+1, d)
		}
	}
	if d := apart.Decision(); d.Refused != No || d.Remaining != 4 {
		t.Errorf("of another bucket: %+v", d)
	}
	passed := 6
	for r.Bucket = (Bucket{Name: "rest", Limit: 1000, Window: time.Minute}); l.Take(t.Context(), r).Refused == No; passed++ {
		if passed > 2*GlobalLimit {
			t.Fatal("the global limit is not kept")
		}
	}
	if passed < GlobalLimit {
		t.Errorf("%d passed of the %d that the global limit allows", passed, GlobalLimit)
	}
}
