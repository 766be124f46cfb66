package socket

import (
	"sync"
	"time"
)

const (
	// writeTimeout is how long a client may take to make room for one piece of what is written to it.
	writeTimeout = 10 * time.Second
	// writePiece is how much is written under one deadline, in bytes.
	writePiece = 128 << 10
	// fullBuffer is how much is gathered before it is written, in bytes: more is rarely taken by the kernel at once.
	fullBuffer = 64 << 10
	// keptBuffer is the largest buffer that is kept for the next writer, in bytes.
	keptBuffer = 256 << 10
	// linger is how long a connection lives on after its close frame, for the client to read it and to answer.
	linger = 3 * time.Second
)

// writer is what a connection needs only while it writes.
type writer struct {
	buf   []byte
	batch []Dispatch
	attempt
}

var writers = sync.Pool{New: func() any {
	w := &writer{buf: make([]byte, 0, 16<<10)}
	w.call = w.send
	return w
}}

func (w *writer) release() {
	if cap(w.buf) <= keptBuffer {
		writers.Put(w)
	}
}

// wake has a writer look for what is to be sent. The lock is held.
func (c *Conn) wake() {
	if c.begin() {
		go c.write()
	}
}

// begin makes the caller the writer, the only one that uses the encoder or writes, unless there is one, which will look
// again then. The lock is held.
func (c *Conn) begin() bool {
	switch {
	case c.dead:
		return false
	case c.writing:
		c.more = true
		return false
	default:
		c.writing = true
		return true
	}
}

// Flush sends what waits from the calling goroutine, as much as the kernel takes at once. It does not block: what is left
// is for a goroutine of the connection, and so is everything if there is a writer already.
func (c *Conn) Flush() {
	c.mu.Lock()
	begun := c.begin()
	c.mu.Unlock()
	if !begun {
		return
	}
	w, _ := writers.Get().(*writer) // the pool has nothing else
	for c.fill(w) {
		n, err := w.try(c.raw)
		bytesSent.Add(float64(n))
		if err != nil {
			c.abort()
			break
		}
		if n < len(w.buf) {
			go c.finish(w, n)
			return
		}
	}
	w.release()
}

// write sends until nothing is left.
func (c *Conn) write() {
	w, _ := writers.Get().(*writer) // the pool has nothing else
	if c.fill(w) {
		c.finish(w, 0)
	} else {
		w.release()
	}
}

// finish sends what is in w, of which so many bytes are sent, and then until nothing is left.
func (c *Conn) finish(w *writer, sent int) {
	defer w.release()
	for c.flush(w.buf[sent:]) && c.fill(w) {
		sent = 0
	}
}

// fill encodes what waits into w.buf, up to a bound; false ends the writer.
func (c *Conn) fill(w *writer) bool {
	c.mu.Lock()
	controls, source, closing := c.control, c.source, c.closing
	c.control, c.more = nil, false
	if c.compress {
		c.enc.CompressPayloads()
	}
	c.mu.Unlock()
	if c.saidClose {
		c.abortAfterClose()
		return false
	}

	w.buf = w.buf[:0]
	for _, ctl := range controls {
		c.appendControl(w, ctl)
	}
	if closing != nil {
		w.buf = appendClose(w.buf, closing.code, closing.reason)
		c.saidClose = true
		return true
	}
	for source != nil && len(w.buf) < fullBuffer {
		w.batch = source.Next(w.batch[:0])
		if len(w.batch) == 0 {
			break
		}
		for _, d := range w.batch {
			c.appendDispatch(w, d)
		}
		clear(w.batch) // keeps no payload alive
	}
	if len(w.buf) > 0 {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writing = c.more && !c.dead
	return c.writing
}

func (c *Conn) appendControl(w *writer, ctl control) {
	if ctl.pong != nil {
		w.buf = appendFrame(w.buf, framePong, ctl.pong)
		return
	}
	buf, start := beginFrame(w.buf)
	buf, binary, err := c.enc.Append(buf, ctl.op, ctl.d)
	if err != nil {
		// The payloads are this program's own, and all can be encoded.
		panic(err)
	}
	w.buf = endFrame(buf, start, frameType(binary))
}

func (c *Conn) appendDispatch(w *writer, d Dispatch) {
	buf, start := beginFrame(w.buf)
	buf, binary := c.enc.AppendDispatch(buf, d.Seq, d.Shared)
	w.buf = endFrame(buf, start, frameType(binary))
}

func frameType(binary bool) byte {
	if binary {
		return frameBinary
	}
	return frameText
}

// flush writes buf, in pieces so that a client that reads slowly has time for much; false if the connection is dead.
func (c *Conn) flush(buf []byte) bool {
	for len(buf) > 0 {
		piece := buf[:min(len(buf), writePiece)]
		if !c.allow(time.Now().Add(writeTimeout)) {
			return false
		}
		n, err := c.net.Write(piece)
		bytesSent.Add(float64(n))
		if err != nil {
			c.abort()
			return false
		}
		buf = buf[n:]
	}
	return c.allow(time.Time{}) // else Flush would fail once it has passed
}

// allow sets the deadline of the next write, unless the connection is closing and has its last one.
func (c *Conn) allow(until time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return false
	}
	if c.closing == nil {
		_ = c.net.SetWriteDeadline(until)
	}
	return true
}

// abortAfterClose ends writing behind a close frame: the client is told that no more comes, and the reader waits for it.
func (c *Conn) abortAfterClose() {
	if half, ok := c.net.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.dead {
		c.dead = true
		close(c.flushed)
	}
}
