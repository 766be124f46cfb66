package session

import (
	"runtime/debug"
	"time"
)

const (
	// calmAfter is how long no client may have identified or resumed before a storm of them counts as over.
	calmAfter = 10 * time.Second
	// storm is how many make one.
	storm = 500
)

// giveBack gives memory back when a storm of clients is over, and again when their heartbeats have acknowledged what was
// kept for them. What it took to let them in is garbage then, and the collector alone would leave as much room again for
// minutes, or for good where nothing but heartbeats comes.
func (s *Server) giveBack() {
	ticker := time.NewTicker(calmAfter)
	defer ticker.Stop()
	var given, last int64
	var again time.Time // zero: not
	for {
		select {
		case <-ticker.C:
		case <-s.ctx.Done():
			return
		}
		now := s.openings.Load()
		switch {
		case now != last: // clients are coming
		case now-given >= storm:
			debug.FreeOSMemory()
			given, again = now, time.Now().Add(2*s.config.HeartbeatInterval)
		case !again.IsZero() && time.Now().After(again):
			debug.FreeOSMemory()
			again = time.Time{}
		}
		last = now
	}
}
