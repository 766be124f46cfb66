package rules

import (
	"fmt"
	"time"
)

// Scale stretches every time in the rules: ranges, how long a condition must hold, ages. [Production] is what runs; with a
// small one a test sees in seconds what takes minutes.
type Scale float64

// Production leaves times as they are written.
const Production Scale = 1

// Range is a time as PromQL writes it, 5m as "5m".
func (s Scale) Range(d time.Duration) string {
	d = s.Time(d)
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if d >= unit.size && d%unit.size == 0 {
			return fmt.Sprintf("%d%s", d/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

// leastBound is what bounds are scaled down to at most: ages are measured every few seconds, so they are never quite 0.
const leastBound = 10 * time.Second

// Seconds is a time as a bound of a value in seconds.
func (s Scale) Seconds(d time.Duration) float64 {
	return max(s.Time(d), min(d, leastBound)).Seconds()
}

// Time is a time, scaled, in whole milliseconds.
func (s Scale) Time(d time.Duration) time.Duration {
	return time.Duration(float64(d) * float64(s)).Round(time.Millisecond)
}
