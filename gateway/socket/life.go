package socket

import (
	"time"

	"golang.org/x/sys/unix"

	"guildhall.chat/guildhall/internal/discord"
)

// linger is how long a connection lives on after it was closed, for the client to read the close frame and to answer.
const linger = 3 * time.Second

// farewell is the close frame that is to be sent.
type farewell struct {
	code   discord.CloseCode
	reason string
}

// Close sends a close frame behind the control payloads that wait, and ends the connection. Only the first call counts.
func (c *Conn) Close(code discord.CloseCode, reason string) {
	if c.close(code, reason) {
		closed(code)
	}
}

// close is Close without counting, for the answer to a client that closes. It tells whether the call counts.
func (c *Conn) close(code discord.CloseCode, reason string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing != nil || c.done {
		return false
	}
	c.closing = &farewell{code, reason}
	c.source = nil
	// Whoever does not read, or does not answer the close frame, is not waited for any longer.
	c.until = c.loop.deadlines.at(time.Now().Add(linger))
	c.schedule()
	c.wake()
	return true
}

// CloseWith is Close with the code's own reason.
func (c *Conn) CloseWith(code discord.CloseCode) { c.Close(code, code.Reason()) }

// Expect sets until when the client must have been heard of in the way that the protocol demands. Soon after that the
// connection is closed with 4009.
func (c *Conn) Expect(until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing == nil && !c.done {
		c.until = c.loop.deadlines.at(until)
		c.schedule()
	}
}

// schedule sees to it that a deadline that was set is kept. The lock is held.
func (c *Conn) schedule() {
	deadline := c.until
	if c.stuck != nil && (deadline == 0 || c.stuck.until < deadline) {
		deadline = c.stuck.until
	}
	if deadline == 0 || c.filed != 0 && c.filed <= tickAfter(deadline) {
		return
	}
	c.filed = c.loop.deadlines.file(c, deadline)
}

// look is told that the tick has come under which the connection was filed.
func (c *Conn) look(n int64, now time.Duration) {
	c.mu.Lock()
	defer c.unlock()
	if c.gone || c.filed != n {
		return
	}
	c.filed = 0
	late := c.until != 0 && c.until <= now
	switch {
	case late && c.closing != nil:
		c.die()
		return
	case c.stuck != nil && c.stuck.until <= now:
		stuckWrites.Inc()
		c.die()
		return
	case late:
		heartbeatTimeouts.Inc()
		c.until, c.expired = 0, true
		c.startReader()
	}
	c.schedule()
}

// ready is told what the descriptor has become ready for.
func (c *Conn) ready(readable, writable bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if readable {
		c.startReader()
	}
	switch {
	case !writable:
	case c.stuck == nil:
		c.roomy = true
	default:
		go c.resume(c.stuck.rest)
		c.stuck = nil
	}
}

// startReader has the reader look. The lock is held.
func (c *Conn) startReader() {
	switch {
	case c.gone:
	case c.reading:
		c.unread = true
	default:
		c.reading = true
		go c.read()
	}
}

// pause ends the reader, unless it must look again.
func (c *Conn) pause() bool {
	c.mu.Lock()
	defer c.unlock()
	c.reading, c.unread = c.unread, false
	return !c.reading
}

// goOn says whether the reader is to read, and ends it if not. It sees to connections whose time is over.
func (c *Conn) goOn() bool {
	c.mu.Lock()
	for (c.cut || c.expired) && !c.over {
		c.mu.Unlock()
		c.CloseWith(discord.CloseSessionTimedOut) // no effect on what is closing already
		c.end(0)
		c.mu.Lock()
	}
	defer c.unlock()
	c.reading = !c.over || c.draining
	return c.reading
}

// end tells the protocol that the connection is over; code is what the client closed with. A client that has not closed may be
// sending still. Closing with unread data would reset the connection, and the client might never read why it was closed.
func (c *Conn) end(code int) {
	if c.over {
		return
	}
	c.protocol.Closed(code)
	c.protocol = nil
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	if code == 0 && !c.cut {
		c.draining = true
	}
}

// discard counts what was read after the end.
func (c *Conn) discard(n int) {
	c.discarded += n
	if c.discarded > maxDiscard {
		c.mu.Lock()
		c.draining = false
		c.mu.Unlock()
	}
}

// halfClosed ends reading at the end of what comes. What waits to be sent in a connection that is closing is still sent.
func (c *Conn) halfClosed() {
	if !c.over && !c.isClosing() {
		c.protocol.HalfClosed()
	}
	if !c.isClosing() {
		c.abort()
		return
	}
	c.end(0)
	c.mu.Lock()
	c.draining = false
	c.mu.Unlock()
}

// abort gives the connection up.
func (c *Conn) abort() {
	c.mu.Lock()
	c.die()
	c.unlock()
}

// die gives the connection up. The lock is held.
func (c *Conn) die() {
	if c.cut || c.gone {
		return
	}
	c.cut, c.done, c.draining = true, true, false
	c.control, c.source = nil, nil
	if c.stuck != nil {
		c.stuck, c.writing = nil, false
	}
	_ = unix.Shutdown(c.fd, unix.SHUT_RDWR)
	c.startReader() // to end it
}

// unlock releases the lock, and the descriptor if nobody needs it any more.
func (c *Conn) unlock() {
	last := c.over && c.done && !c.draining && !c.reading && !c.writing && !c.gone
	c.gone = c.gone || last
	c.mu.Unlock()
	if last {
		c.loop.poller.remove(c)
		c.loop.leave()
		connections.Dec()
	}
}
