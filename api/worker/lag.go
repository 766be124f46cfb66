package worker

import "time"

// lagHistory knows when the primary's write-ahead log was how long. A replica that replays nothing tells no lag of its own, or an
// old one; where it is tells how old what it has is.
type lagHistory struct{ passed []passage }

// passage is how far the log was at a moment, in bytes.
type passage struct {
	at      time.Time
	written int64
}

// lagHistoryFor is how far back lag is told; a longer one is told as this.
const lagHistoryFor = time.Hour

// add is told how far the log is now. A new primary's may be shorter: then what was before says nothing.
func (h *lagHistory) add(now time.Time, written int64) {
	if n := len(h.passed); n > 0 && written < h.passed[n-1].written {
		h.passed = nil
	}
	if n := len(h.passed); n >= 2 && h.passed[n-1].written == written && h.passed[n-2].written == written {
		h.passed[n-1].at = now // a log that rests is known by when it came to rest, and by now
	} else {
		h.passed = append(h.passed, passage{now, written})
	}
	for len(h.passed) > 1 && now.Sub(h.passed[1].at) > lagHistoryFor {
		h.passed = h.passed[1:]
	}
}

// since is for how long, at least, there has been something that a replica which is there lacks; 0 if it has all.
func (h *lagHistory) since(now time.Time, replayed int64) time.Duration {
	for _, p := range h.passed {
		if p.written > replayed {
			return now.Sub(p.at)
		}
	}
	return 0
}
