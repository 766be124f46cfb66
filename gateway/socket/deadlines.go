package socket

import (
	"sync"
	"time"
)

// tick is how exact deadlines are.
const tick = 250 * time.Millisecond

// deadlines looks at connections when their time may be over. A connection is filed under the tick of its deadline. When that
// is put off, as by every heartbeat, the connection stays where it is, and is filed anew when the tick comes.
type deadlines struct {
	began time.Time
	quit  chan struct{}

	mu    sync.Mutex
	last  int64 // tick whose connections were looked at
	filed map[int64][]*Conn
}

func newDeadlines() *deadlines {
	d := &deadlines{began: time.Now(), quit: make(chan struct{}), filed: map[int64][]*Conn{}}
	go d.run()
	return d
}

// at returns t by the clock of the deadlines.
func (d *deadlines) at(t time.Time) time.Duration { return t.Sub(d.began) }

// file has c looked at when the deadline has passed, and returns the tick of that.
func (d *deadlines) file(c *Conn, deadline time.Duration) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := max(tickAfter(deadline), d.last+1)
	d.filed[n] = append(d.filed[n], c)
	return n
}

func tickAfter(deadline time.Duration) int64 { return int64(deadline/tick) + 1 }

func (d *deadlines) run() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			d.pass(d.at(time.Now()))
		case <-d.quit:
			return
		}
	}
}

// pass looks at all connections that are due.
func (d *deadlines) pass(now time.Duration) {
	for {
		d.mu.Lock()
		if d.last >= int64(now/tick) {
			d.mu.Unlock()
			return
		}
		d.last++
		n := d.last
		due := d.filed[n]
		delete(d.filed, n)
		d.mu.Unlock()
		for _, c := range due {
			c.look(n, now)
		}
	}
}

func (d *deadlines) close() { close(d.quit) }
