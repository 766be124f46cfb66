package events

import (
	"errors"
	"sync"

	"guildhall.chat/guildhall/internal/snowflake"
)

// maxQueued bounds the events that wait in a feed. Over it the oldest are kept and the newest dropped: the hole that
// this makes is filled from the log, at the feed's own speed.
const maxQueued = 4096

// Handler receives a feed's events, one at a time.
type Handler interface {
	// Event is called for each event once, in the log's order; ephemeral ones (Seq 0) come in between.
	Event(Event)
	// Lost is called when the events after the last one are no longer to be had. The feed has ended; who needs the
	// log loads its snapshot and opens it again.
	Lost()
}

// Feed is a subscription to one log. It buffers from Open on, and hands over from Start on.
type Feed struct {
	log   snowflake.ID
	feeds *Feeds
	link  *link // where it is subscribed; under the lock of feeds

	mu      sync.Mutex
	queue   []Event // seq -1 stands for "look whether the log has more"
	handler Handler // nil before Start
	last    int64   // seq of the last event handed over
	running bool
	closed  bool
}

// seqCheck marks a queue entry that asks for a look into the log.
const seqCheck = -1

// Start hands over, from now on, every event with a seq above after: those buffered, then what comes.
func (f *Feed) Start(after int64, h Handler) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.handler, f.last = h, after
	f.wake()
}

// Close ends the feed. The handler may be inside a last call.
func (f *Feed) Close() {
	f.finish()
	f.feeds.drop(f)
}

func (f *Feed) finish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed, f.queue = true, nil
}

// push is called by the subscriber's reader and must not block.
func (f *Feed) push(e Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return
	case len(f.queue) >= maxQueued && f.queue[len(f.queue)-1].Seq == seqCheck:
		return
	case len(f.queue) >= maxQueued:
		e = Event{Seq: seqCheck}
	}
	f.queue = append(f.queue, e)
	f.wake()
}

// check asks the feed to look into the log, after a subscription was interrupted.
func (f *Feed) check() { f.push(Event{Seq: seqCheck}) }

// position is the last seq handed over; ok is false before Start.
func (f *Feed) position() (last int64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last, f.handler != nil && !f.closed
}

// wake starts the goroutine that drains the queue. An idle feed has none. The lock is held.
func (f *Feed) wake() {
	if f.running || f.handler == nil || f.closed || len(f.queue) == 0 {
		return
	}
	f.running = true
	go f.drain()
}

func (f *Feed) drain() {
	for {
		f.mu.Lock()
		if f.closed || len(f.queue) == 0 {
			f.running = false
			f.mu.Unlock()
			return
		}
		batch := f.queue
		f.queue = nil
		last, handler := f.last, f.handler
		f.mu.Unlock()

		for _, e := range batch {
			if f.isClosed() {
				break
			}
			switch {
			case e.Seq == 0:
				handler.Event(e)
				continue
			case e.Seq == seqCheck:
				last = f.refill(last, 0, handler)
			case e.Seq > last+1:
				last = f.refill(last, e.Seq, handler)
			}
			if e.Seq == last+1 {
				hand(handler, e)
				last = e.Seq
			}
			f.mu.Lock()
			f.last = last
			f.mu.Unlock()
		}
	}
}

func (f *Feed) isClosed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}

// refill hands over what the log has between last and until (0: to its end) and returns where it got. It does not give
// up while there is a hole to fill, and nothing later is handed over meanwhile.
func (f *Feed) refill(last, until int64, h Handler) int64 {
	defer f.feeds.stalled(f)()
	found := until > 0
	if found {
		gapsFound.Inc()
	}
	for attempt := 0; !f.isClosed(); attempt++ {
		missing, err := f.feeds.readLog(f.feeds.ctx, f.log, last, until)
		switch {
		case errors.Is(err, ErrGone):
			feedsLost.Inc()
			f.Close()
			h.Lost()
			return last
		case err != nil:
			if !f.feeds.pause(attempt) {
				return last
			}
			if attempt%10 == 9 {
				f.feeds.logger.Warn("hole not filled yet", "log", f.log, "after", last, "error", err)
			}
			continue
		case len(missing) == 0:
			if found && until == 0 {
				gapsFilled.Inc()
			}
			return last
		}
		if !found {
			gapsFound.Inc()
			found = true
		}
		for _, e := range missing {
			if e.Seq != last+1 || f.isClosed() {
				break
			}
			hand(h, e)
			gapEvents.Inc()
			last = e.Seq
		}
		if until > 0 && last+1 >= until {
			gapsFilled.Inc()
			return last
		}
		attempt = 0
	}
	return last
}
