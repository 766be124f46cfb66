package delivery

import (
	"time"

	"go.opentelemetry.io/otel/trace"

	"guildhall.chat/guildhall/internal/tracing"
)

// unwritten are the deliveries of a lane that not all of their receivers were sent yet, in the order of the line. One is sent
// when all who waited for their turn when it was queued have had it: a client that does not read is not waited for.
type unwritten struct {
	waiting []measured
	flushed uint64 // receivers that had their turn since the lane began
}

// measured is a delivery whose latency is to be observed.
type measured struct {
	at    int64      // when the change was made, in Unix milliseconds
	turn  uint64     // how many turns make it sent
	trace *Trace     // nil: it is not traced
	span  trace.Span // of this lane, with trace
}

// queued is told of a delivery that so many receivers have got, and how many of the lane wait for their turn.
func (u *unwritten) queued(d *Delivery, receivers, waiting int) {
	m := measured{at: d.At, turn: u.flushed + uint64(waiting), trace: d.Trace}
	switch {
	case receivers == 0 && m.trace != nil:
		m.trace.written()
	case receivers == 0 || m.at == 0 && m.trace == nil:
	case m.trace != nil:
		m.span = m.trace.queued(receivers)
		fallthrough
	default:
		u.waiting = append(u.waiting, m)
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
		m.observe(now)
	}
	left := copy(u.waiting, u.waiting[done:])
	clear(u.waiting[left:])
	u.waiting = u.waiting[:left]
}

func (m *measured) observe(now time.Time) {
	var of trace.SpanContext
	if m.trace != nil {
		of = m.span.SpanContext()
		m.span.End()
		m.trace.written()
	}
	if m.at > 0 {
		tracing.Observe(latency, max(0, now.Sub(time.UnixMilli(m.at)).Seconds()), of)
	}
}
