package delivery

import "time"

// unwritten are the deliveries of a lane that not all of their receivers were sent yet, in the order of the line. One is sent
// when all who waited for their turn when it was queued have had it: a client that does not read is not waited for.
type unwritten struct {
	waiting []measured
	flushed uint64 // receivers that had their turn since the lane began
}

// measured is a delivery whose latency is to be observed.
type measured struct {
	at   int64  // when the change was made, in Unix milliseconds
	turn uint64 // how many turns make it sent
}

// queued is told of a delivery that receivers have got, and how many of the lane wait for their turn.
func (u *unwritten) queued(at int64, waiting int) {
	if at > 0 {
		u.waiting = append(u.waiting, measured{at, u.flushed + uint64(waiting)})
	}
}

// sent is told that so many more had their turn.
func (u *unwritten) sent(n int) {
	u.flushed += uint64(n)
	done := 0
	for done < len(u.waiting) && u.waiting[done].turn <= u.flushed {
		done++
	}
	if done == 0 {
		return
	}
	now := time.Now()
	for _, m := range u.waiting[:done] {
		latency.Observe(max(0, now.Sub(time.UnixMilli(m.at)).Seconds()))
	}
	u.waiting = u.waiting[:copy(u.waiting, u.waiting[done:])]
}
