package socket

import (
	"bytes"
	"errors"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// writeTimeout is how long a client may take to make room for more.
	writeTimeout = 10 * time.Second
	// fullBuffer is how much is gathered before it is written, in bytes.
	fullBuffer = 64 << 10
	// keptBuffer is the largest buffer that is kept for the next writer, in bytes.
	keptBuffer = 256 << 10
)

// writer is what a connection needs only while it writes.
type writer struct {
	buf   []byte
	batch []Dispatch
}

var writers = sync.Pool{New: func() any { return &writer{buf: make([]byte, 0, 16<<10)} }}

// release keeps the writer for the next who writes.
func (w *writer) release() {
	if cap(w.buf) <= keptBuffer {
		writers.Put(w)
	}
}

// stuck is what the kernel has not taken.
type stuck struct {
	rest  []byte
	until time.Duration // when the connection is given up
}

// Flush sends what waits from the calling goroutine, unless the connection has a writer, which will then look again. It
// does not block: the kernel takes what it has room for, and what is left is sent when there is more.
func (c *Conn) Flush() {
	c.mu.Lock()
	begun := c.begin()
	c.mu.Unlock()
	if !begun {
		return
	}
	w := writers.Get().(*writer)
	for c.fill(w) && c.put(w.buf, false) {
		if len(w.buf) >= fullBuffer { // there is more than the caller should take time for
			go c.write(w)
			return
		}
	}
	w.release()
}

// wake has a goroutine send what waits. The lock is held.
func (c *Conn) wake() {
	if c.begin() {
		go c.start()
	}
}

// begin makes the caller the writer, which alone uses the encoder and writes, unless there is one. The lock is held.
func (c *Conn) begin() bool {
	switch {
	case c.done:
		return false
	case c.writing:
		c.more = true
		return false
	default:
		c.writing = true
		return true
	}
}

func (c *Conn) start() {
	w := writers.Get().(*writer)
	c.write(w)
}

// write sends until nothing is left, or the kernel takes no more.
func (c *Conn) write(w *writer) {
	for c.fill(w) && c.put(w.buf, false) {
	}
	w.release()
}

// resume goes on when there is room again.
func (c *Conn) resume(rest []byte) {
	if c.put(rest, true) {
		c.start()
	}
}

// fill encodes what waits into w.buf, up to a bound. If that is nothing it returns false, and the caller is no longer the
// writer.
func (c *Conn) fill(w *writer) bool {
	c.mu.Lock()
	controls, source, closing := c.control, c.source, c.closing
	c.control, c.more = nil, false
	if c.compress {
		c.enc.CompressPayloads()
	}
	c.mu.Unlock()

	w.buf = w.buf[:0]
	switch {
	case c.saidClose:
		c.finish()
		return false
	case closing != nil:
		c.saidClose = true
		w.appendControls(c.enc, controls)
		w.buf = appendClose(w.buf, closing.code, closing.reason)
		return true
	}
	w.appendControls(c.enc, controls)
	for source != nil && len(w.buf) < fullBuffer {
		w.batch = source.Next(w.batch[:0])
		if len(w.batch) == 0 {
			break
		}
		w.appendDispatches(c.enc, w.batch)
		clear(w.batch) // keeps no payload alive
	}
	if n := c.enc.Counted(); n > 0 {
		c.traffic.payload.Add(float64(n))
	}
	return len(w.buf) > 0 || !c.rest()
}

// rest ends writing unless there is more now.
func (c *Conn) rest() bool {
	c.mu.Lock()
	defer c.unlock()
	c.writing = c.more && !c.done
	return !c.writing
}

// put writes buf. If it returns false the caller is no longer the writer: the connection has ended, or the rest of buf
// waits for room. What is not the connection's own is copied for that.
func (c *Conn) put(buf []byte, own bool) bool {
	for len(buf) > 0 {
		n, err := c.transmit(buf)
		if n > 0 {
			c.traffic.sent.Add(float64(n))
			buf = buf[n:]
		}
		switch {
		case errors.Is(err, unix.EAGAIN):
			if c.stick(buf, own) {
				return false
			}
		case err != nil:
			c.mu.Lock()
			c.writing = false
			c.die()
			c.unlock()
			return false
		}
	}
	return true
}

// stick leaves buf for when there is room, unless there is some already.
func (c *Conn) stick(buf []byte, own bool) bool {
	until := c.loop.deadlines.at(time.Now().Add(writeTimeout))
	c.mu.Lock()
	defer c.unlock()
	switch {
	case c.cut:
		c.writing = false
		return true
	case c.roomy:
		c.roomy = false
		return false
	default:
		if !own {
			buf = bytes.Clone(buf)
		}
		c.stuck = &stuck{buf, until}
		c.schedule()
		return true
	}
}

// finish ends writing behind a close frame: the client is told that no more comes.
func (c *Conn) finish() {
	_ = unix.Shutdown(c.fd, unix.SHUT_WR)
	c.mu.Lock()
	c.done, c.writing = true, false
	c.unlock()
}
