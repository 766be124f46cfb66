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
	// keptBuffer is the largest buffer that is kept for the next writer, in bytes.
	keptBuffer = 256 << 10
	// linger is how long a connection lives on after its close frame, for the client to read it and to answer.
	linger = 3 * time.Second
)

// writer is what a connection needs only while it writes.
type writer struct {
	buf   []byte
	batch []Dispatch
}

var writers = sync.Pool{New: func() any { return &writer{buf: make([]byte, 0, 16<<10)} }}

// wake has a writer look for what is to be sent. The lock is held.
func (c *Conn) wake() {
	switch {
	case c.dead:
	case c.writing:
		c.more = true
	default:
		c.writing = true
		go c.write()
	}
}

// write sends until nothing is left. It is the only goroutine that uses the encoder or writes.
func (c *Conn) write() {
	w, _ := writers.Get().(*writer) // the pool has nothing else
	defer func() {
		clear(w.batch[:cap(w.batch)]) // keeps no payload alive
		w.batch = w.batch[:0]
		if cap(w.buf) <= keptBuffer {
			writers.Put(w)
		}
	}()
	for c.fill(w) {
		if !c.flush(w.buf) {
			return
		}
	}
}

// fill encodes what waits into w.buf; false ends the writer.
func (c *Conn) fill(w *writer) bool {
	c.mu.Lock()
	controls, source, closing := c.control, c.source, c.closing
	c.control, c.more = nil, false
	if c.compress {
		c.enc.CompressPayloads()
	}
	c.mu.Unlock()

	w.buf, w.batch = w.buf[:0], w.batch[:0]
	for _, ctl := range controls {
		c.appendControl(w, ctl)
	}
	if closing != nil {
		w.buf = appendClose(w.buf, closing.code, closing.reason)
		c.flush(w.buf)
		c.abortAfterClose()
		return false
	}
	if source != nil {
		w.batch = source.Next(w.batch)
		for _, d := range w.batch {
			c.appendDispatch(w, d)
		}
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
		if !c.allow(writeTimeout) {
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
	return true
}

// allow sets the deadline of the next write, unless the connection is closing and has its last one.
func (c *Conn) allow(d time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return false
	}
	if c.closing == nil {
		_ = c.net.SetWriteDeadline(time.Now().Add(d))
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
