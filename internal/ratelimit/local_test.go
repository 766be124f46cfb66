package ratelimit

import (
	"strconv"
	"testing"
	"time"
)

func TestLocal(t *testing.T) {
	t.Parallel()
	l, now := newLocal(), time.Unix(1000, 0)
	r := Request{Identity: "1", Address: "a", Bucket: Bucket{Name: "b", Limit: 4, Window: 10 * time.Second}}
	for _, want := range []struct {
		refused   Reason
		remaining int
	}{{No, 1}, {No, 0}, {ByBucket, 0}, {ByBucket, 0}} {
		if d := l.take(now, r); d.Refused != want.refused || d.Remaining != want.remaining || d.ResetAfter != 10*time.Second {
			t.Errorf("got %+v, want %+v", d, want)
		}
	}
	if d := l.take(now.Add(10*time.Second), r); d.Refused != No || d.Remaining != 1 {
		t.Errorf("after the window: %+v", d)
	}
	r.Bucket = Bucket{Name: "tiny", Limit: 1, Window: time.Second}
	if d := l.take(now, r); d.Refused != No {
		t.Errorf("half of one must be one: %+v", d)
	}
}

func TestLocalGlobalLimit(t *testing.T) {
	t.Parallel()
	l, now := newLocal(), time.Unix(1000, 0)
	r := Request{Identity: "1", Address: "a", Bucket: Bucket{Name: "b", Limit: 1000, Window: time.Minute}}
	for i := range GlobalLimit / localShare {
		if d := l.take(now, r); d.Refused != No {
			t.Fatalf("request %d: %+v", i, d)
		}
	}
	if d := l.take(now, r); d.Refused != ByGlobal || d.ResetAfter != GlobalWindow {
		t.Errorf("beyond: %+v", d)
	}
	r.Bucket.NoGlobal = true
	if d := l.take(now, r); d.Refused != No {
		t.Errorf("exempt: %+v", d)
	}
}

func TestLocalBan(t *testing.T) {
	t.Parallel()
	l, now := newLocal(), time.Unix(1000, 0)
	r := Request{Identity: "1", Address: "a", Bucket: Bucket{Name: "b", Limit: 1000, Window: time.Minute}}
	for range InvalidLimit / localShare {
		if d := l.take(now, Request{Identity: "2", Address: "a", Bucket: r.Bucket}); d.Refused == Banned {
			t.Fatal("too early")
		}
		l.countInvalid(now, "a")
	}
	if d := l.take(now, r); d.Refused != Banned || d.ResetAfter != BanTime {
		t.Errorf("at the limit: %+v", d)
	}
	if d := l.take(now.Add(BanTime), r); d.Refused != No {
		t.Errorf("after the ban: %+v", d)
	}
}

func TestLocalIsBounded(t *testing.T) {
	t.Parallel()
	l, now := newLocal(), time.Unix(1000, 0)
	for i := range localWindows {
		l.take(now, Request{Identity: Identity(strconv.Itoa(i)), Bucket: Bucket{Name: "b", Limit: 1, Window: time.Minute}})
	}
	if n := l.windows.Len(); n != localWindows {
		t.Errorf("%d windows, want %d", n, localWindows)
	}
}
