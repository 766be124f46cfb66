package ratelimit

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// maxAhead bounds how many requests of a window a process takes ahead.
	maxAhead = 32
	// leasesHeld bounds how many windows a process remembers, about 200 bytes each. Of one that it forgets, what was taken ahead
	// stays taken until the window ends.
	leasesHeld = 100_000
)

// windowName names a caller's global window, or one of a bucket.
type windowName struct {
	identity Identity
	bucket   string // "" is the global window
	major    string
}

// end says when a window ends as well as that is known here: Redis counts milliseconds, and its answer took a while. What is
// held is given out until the earliest time; a client is told the latest, so that it doesn't come back too soon.
type end struct{ earliest, latest time.Time }

// endOf is the end of a window of which Redis said, between two moments, how much is left, rounded up.
func endOf(asked, answered time.Time, left time.Duration) end {
	return end{asked.Add(left - time.Millisecond), answered.Add(left)}
}

// lease is what this process has taken ahead of a window. Numbered as they are counted in Redis, requests remain the same
// number whoever makes them.
type lease struct {
	next int // how many of the window came before the next one
	left int
	ends end
	size int // how many were wanted the last time
}

// over reports whether the window may have ended.
func (l *lease) over(now time.Time) bool { return !now.Before(l.ends.earliest) }

// leases are those of a process. What is held was counted in Redis when it was taken, so all pods together never let through
// more than a limit.
type leases struct {
	mu   sync.Mutex
	held *simplelru.LRU[windowName, *lease]
}

func newLeases() *leases {
	held, err := simplelru.NewLRU[windowName, *lease](leasesHeld, nil)
	if err != nil { // can't be: the size is positive
		panic(err)
	}
	return &leases{held: held}
}

// token is one request of a window.
type token struct {
	number int // how many of the window came before it
	ends   end
	ok     bool
}

// draw takes a request out of what is held.
func (l *leases) draw(name windowName, now time.Time) token {
	have, found := l.held.Get(name)
	if !found || have.left == 0 || have.over(now) {
		return token{}
	}
	have.left--
	have.next++
	return token{have.next - 1, have.ends, true}
}

// giveBack returns a request that was drawn and not used.
func (l *leases) giveBack(name windowName, t token) {
	if have, found := l.held.Get(name); found && t.ok && have.ends == t.ends {
		have.left++
		have.next = min(have.next, t.number)
	}
}

// wish is how many requests to ask for when so many are needed: the more, the more often the window has been asked for. A
// process that is asked for little takes nothing ahead.
func (l *leases) wish(name windowName, now time.Time, needed int) int {
	have, found := l.held.Get(name)
	if !found || have.over(now) {
		return needed
	}
	return max(needed, min(2*have.size, maxAhead))
}

// add keeps what is left of a grant.
func (l *leases) add(name windowName, next, left, size int, ends end, now time.Time) {
	have, found := l.held.Get(name)
	if !found {
		have = &lease{}
		l.held.Add(name, have)
	}
	if found && !have.over(now) && have.left > 0 { // another batch's of the same window
		have.left += left
		have.size = max(have.size, size)
		return
	}
	*have = lease{next: next, left: left, ends: ends, size: size}
}
