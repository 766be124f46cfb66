package controller

import (
	"testing"
	"time"
)

func TestLongestPause(t *testing.T) {
	t.Parallel()
	for schedule, want := range map[string]time.Duration{
		"17 3 * * *":    24 * time.Hour,
		"0 */6 * * *":   6 * time.Hour,
		"0 3 * * 1-5":   3 * 24 * time.Hour, // over the weekend
		"0 3 * * 0":     7 * 24 * time.Hour,
		"@daily":        24 * time.Hour,
		"30 4 1,15 * *": 17 * 24 * time.Hour, // from the 15th of a month with 31 days
	} {
		if got, err := longestPause(schedule); err != nil || got != want {
			t.Errorf("the longest pause of %q is %v, %v; want %v", schedule, got, err, want)
		}
	}
	for _, schedule := range []string{"", "soon", "61 * * * *", "0 0 31 2 *"} {
		if got, err := longestPause(schedule); err == nil {
			t.Errorf("the longest pause of %q is %v, want an error", schedule, got)
		}
	}
}
