package events_test

import (
	"context"
	"errors"
	"testing"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// reads checks that Read returns just the events of a range.
func reads(t *testing.T, fs *events.Feeds, log snowflake.ID, after, until int64) {
	t.Helper()
	evs, err := fs.Read(t.Context(), log, after, until)
	if err != nil || int64(len(evs)) != max(until-after, 0) {
		t.Fatalf("%d to %d: %d events, %v", after, until, len(evs), err)
	}
	for i, e := range evs {
		if e.Seq != after+1+int64(i) || e.Log != log || e.Head.Type != "TEST" {
			t.Fatalf("%d to %d: event %d is %+v", after, until, i, e)
		}
	}
}

func TestReadReturnsARangeOfTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	const n = 450 // more than one page
	for range n / 50 {
		w.emit(log, make([]int, 50)...)
	}
	fromRedis, fromBoth := w.feeds(noSource{}), w.feeds(w.store)
	for _, r := range [][2]int64{{0, n}, {0, 1}, {n - 1, n}, {120, 333}, {7, 7}, {9, 8}, {200, 400}} {
		reads(t, fromRedis, log, r[0], r[1])
	}
	// Redis has only the last ones.
	if err := w.rdb.XTrimMinID(t.Context(), "log:{"+log.String()+"}", "401-0").Err(); err != nil {
		t.Fatal(err)
	}
	reads(t, fromBoth, log, 0, n)
	reads(t, fromRedis, log, 400, n)
	if _, err := fromRedis.Read(t.Context(), log, 399, n); err == nil || errors.Is(err, events.ErrGone) {
		t.Errorf("neither Redis nor the outbox has it, for now: %v", err)
	}
	w.dropOutbox()
	for _, after := range []int64{0, 399} {
		if _, err := fromBoth.Read(t.Context(), log, after, n); !errors.Is(err, events.ErrGone) {
			t.Errorf("after %d, past the window: %v", after, err)
		}
	}
	if _, err := fromBoth.Read(t.Context(), log, 400, n+1); !errors.Is(err, events.ErrGone) {
		t.Errorf("above what there is: %v", err)
	}
}

func TestReadIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fs := w.feeds(w.store)
	log := w.newLog()
	w.emit(log, 1)
	if _, err := fs.Read(t.Context(), log, 0, 1<<40); !errors.Is(err, events.ErrTooMany) {
		t.Errorf("too many: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fs.Read(ctx, log, 0, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
