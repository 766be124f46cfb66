package sessionlimit_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"guildhall.chat/guildhall/internal/redistest"
	"guildhall.chat/guildhall/internal/sessionlimit"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestOneSessionAWindow(t *testing.T) {
	t.Parallel()
	limiter := sessionlimit.New(redistest.Client(t), sessionlimit.DefaultMaxConcurrency)
	bot := snowflake.ID(rand.Int64())

	if wait, err := limiter.Take(t.Context(), bot, 0); err != nil || wait != 0 {
		t.Fatalf("first session: wait %v, error %v", wait, err)
	}
	if wait, err := limiter.Take(t.Context(), bot, 1); err != nil || wait <= 0 || wait > sessionlimit.Window {
		t.Errorf("second session at once: wait %v, error %v, want a wait within the window", wait, err)
	}
	if wait, err := limiter.Take(t.Context(), bot+1, 0); err != nil || wait != 0 {
		t.Errorf("another bot: wait %v, error %v", wait, err)
	}
	status, err := limiter.Status(t.Context(), bot)
	if err != nil {
		t.Fatal(err)
	}
	if status.Remaining != sessionlimit.Total-1 || status.Total != sessionlimit.Total || status.MaxConcurrency != 1 {
		t.Errorf("status %+v after one session", status)
	}
	if status.ResetAfter <= 0 || status.ResetAfter > sessionlimit.Day.Milliseconds() {
		t.Errorf("day resets after %d ms", status.ResetAfter)
	}
}

func TestDayIsUsedUp(t *testing.T) {
	t.Parallel()
	rdb := redistest.Client(t)
	limiter := sessionlimit.New(rdb, sessionlimit.DefaultMaxConcurrency)
	bot := snowflake.ID(rand.Int64())

	status, err := limiter.Status(t.Context(), bot)
	if err != nil || status.Remaining != sessionlimit.Total || status.ResetAfter != 0 {
		t.Fatalf("before the first session: %+v, %v", status, err)
	}
	if err := rdb.Set(t.Context(), "session-starts:{"+bot.String()+"}", sessionlimit.Total, sessionlimit.Day).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := limiter.Take(t.Context(), bot, 0); !errors.Is(err, sessionlimit.ErrExhausted) {
		t.Errorf("session %d of the day: %v", sessionlimit.Total+1, err)
	}
	if status, err = limiter.Status(t.Context(), bot); err != nil || status.Remaining != 0 {
		t.Errorf("status %+v, %v", status, err)
	}
}
