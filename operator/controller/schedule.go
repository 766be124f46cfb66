package controller

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
)

// runsLookedAt is how many runs of a schedule tell its longest pause: a year of a daily one.
const runsLookedAt = 366

// longestPause is the longest time between two runs of a CronJob's schedule, read as Kubernetes reads it.
// https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
func longestPause(schedule string) (time.Duration, error) {
	runs, err := cron.ParseStandard(schedule)
	if err != nil {
		return 0, fmt.Errorf("schedule %q: %w", schedule, err)
	}
	longest := time.Duration(0)
	last := runs.Next(time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC))
	for range runsLookedAt {
		next := runs.Next(last)
		if next.IsZero() {
			return 0, fmt.Errorf("schedule %q never comes", schedule)
		}
		longest, last = max(longest, next.Sub(last)), next
	}
	return longest, nil
}
