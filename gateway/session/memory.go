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

// giveBack gives memory back when a storm of clients is over. What it took to let them in is garbage then, and the collector
// alone would leave as much room again for minutes, or for good where nothing but heartbeats comes.
func (s *Server) giveBack() {
	ticker := time.NewTicker(calmAfter)
	defer ticker.Stop()
	var given, last int64
	for {
		select {
		case <-ticker.C:
		case <-s.ctx.Done():
			return
		}
		now := s.openings.Load()
		if now == last && now-given >= storm {
			debug.FreeOSMemory()
			given = now
		}
		last = now
	}
}
