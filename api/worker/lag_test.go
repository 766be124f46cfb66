package worker

import (
	"testing"
	"time"
)

func TestLagIsTheAgeOfWhatIsMissing(t *testing.T) {
	t.Parallel()
	begun := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return begun.Add(time.Duration(seconds) * time.Second) }
	var h lagHistory
	for i := range 13 { // a log that grows by 10 bytes a second, for a minute
		h.add(at(5*i), int64(50*i))
	}
	for replayed, want := range map[int64]time.Duration{600: 0, 700: 0, 599: 0, 550: 0, 549: 5 * time.Second, 300: 25 * time.Second, -1: time.Minute} {
		if lag := h.since(at(60), replayed); lag != want {
			t.Errorf("at %d of 600: %v, want %v", replayed, lag, want)
		}
	}
	for i := range 2000 { // then it rests
		h.add(at(65+5*i), 600)
	}
	if len(h.passed) > 800 {
		t.Errorf("%d passages are kept", len(h.passed))
	}
	if lag := h.since(at(65+5*2000), 600); lag != 0 {
		t.Errorf("%v behind a log that rests", lag)
	}
	h.add(at(20000), 100) // of a new primary
	if lag := h.since(at(20000), 50); lag != 0 {
		t.Errorf("%v behind a new primary", lag)
	}
}
