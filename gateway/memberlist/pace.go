package memberlist

import "time"

const (
	minPause = 100 * time.Millisecond
	maxPause = 2 * time.Second
)

// Pause is how long changes of a guild's lists are gathered before they are flushed to so many sessions: what goes to
// thousands waits longer, because presences change all the time there.
func Pause(sessions int) time.Duration {
	return min(max(minPause, time.Duration(sessions)*200*time.Microsecond), maxPause)
}
