package ratelimit

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// localShare is the part of a limit that one process gives when it counts alone: it doesn't know how many others there
	// are, and that there are two is likely.
	localShare = 2
	// localWindows bounds how many windows a process remembers, about 200 bytes each.
	localWindows = 100_000
)

// local counts in this process while Redis doesn't answer. The windows used longest ago are forgotten first.
type local struct {
	mu      sync.Mutex
	windows *simplelru.LRU[string, *window]
}

type window struct {
	count int
	ends  time.Time
}

func newLocal() *local {
	windows, err := simplelru.NewLRU[string, *window](localWindows, nil)
	if err != nil { // can't be: the size is positive
		panic(err)
	}
	return &local{windows: windows}
}

// take is take.lua, with a share of the limits, and with bans.
func (l *local) take(now time.Time, r Request) Decision {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ban := l.window(now, banKey(r.Address), BanTime, false); ban != nil {
		d := Decision{Bucket: r.Bucket}
		d.refuse(Banned, ban.ends.Sub(now), now)
		return d
	}
	limit := share(r.Bucket.Limit)
	bucket := l.window(now, bucketKey(r), r.Bucket.Window, true)
	d := newDecision(r.Bucket, limit-bucket.count, bucket.ends.Sub(now), now)
	if !r.Bucket.NoGlobal {
		global := l.window(now, globalKey(r.Identity), GlobalWindow, true)
		if global.count >= share(GlobalLimit) {
			d.refuse(ByGlobal, global.ends.Sub(now), now)
			return d
		}
		if bucket.count < limit {
			global.count++
		}
	}
	if bucket.count >= limit {
		d.Refused = ByBucket
		return d
	}
	bucket.count++
	d.Remaining--
	return d
}

func (l *local) countInvalid(now time.Time, address Identity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.window(now, invalidKey(address), InvalidWindow, true)
	w.count++
	if w.count == share(InvalidLimit) {
		l.window(now, banKey(address), BanTime, true)
	}
}

// window returns the key's window that hasn't ended; if there is none, a new one or, unless begin, nil.
func (l *local) window(now time.Time, key string, length time.Duration, begin bool) *window {
	if w, ok := l.windows.Get(key); ok && w.ends.After(now) {
		return w
	}
	if !begin {
		return nil
	}
	w := &window{ends: now.Add(length)}
	l.windows.Add(key, w)
	return w
}

func share(limit int) int { return max(limit/localShare, 1) }
