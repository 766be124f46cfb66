package store

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// logsRemembered bounds of how many logs a process knows when it has written to them.
const logsRemembered = 16384

// commits are the times at which this process has last committed events, by log: Redis may not have them yet.
type commits struct {
	last *lru.Cache[snowflake.ID, time.Time]
}

func newCommits() commits {
	last, _ := lru.New[snowflake.ID, time.Time](logsRemembered) // it refuses sizes below one alone
	return commits{last}
}

func (c commits) note(evs []events.Event) {
	now := time.Now()
	for i := range evs {
		if i == 0 || evs[i].Log != evs[i-1].Log {
			c.last.Add(evs[i].Log, now)
		}
	}
}

// Committed returns when this process has last committed an event of the log, before the call; zero if it never has, or so long
// ago that thousands of other logs were written since.
func (s *Store) Committed(log snowflake.ID) time.Time {
	at, _ := s.commits.last.Peek(log)
	return at
}
