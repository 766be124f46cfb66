package socket

import (
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

// Dispatch is an op 0 payload with the session's number for it.
type Dispatch struct {
	Seq int64
	*codec.Shared
}

// Source is where a connection takes its dispatches from.
type Source interface {
	// Next appends the dispatches that are to be sent next, few enough for one write, or none when all are sent. It is
	// called by one goroutine at a time. Whoever makes more calls Conn.Wake or Conn.Flush afterwards.
	Next(batch []Dispatch) []Dispatch
}

// Protocol is what a connection's messages mean. Its methods are called by the connection's reader, one at a time.
type Protocol interface {
	// Message receives one message, which is valid during the call only.
	Message(data []byte)
	// Ping tells of a ping frame, which is answered here.
	Ping()
	// Closed is the last call. code is that of the client's close frame, 1005 if it had none, or 0 if the connection
	// ended without.
	Closed(code int)
}

// Conn is a client's connection. Its methods may be called from any goroutine and do not block.
type Conn struct {
	ws  *websocket.Conn
	net net.Conn
	raw syscall.RawConn // nil if net has no descriptor

	// Of the writer.
	enc       *codec.Encoder
	saidClose bool // the close frame is written

	mu       sync.Mutex
	control  []control
	source   Source
	compress bool // the encoder is to compress payloads
	writing  bool // a writer runs
	more     bool // the running writer must look again
	closing  *farewell
	dead     bool          // nothing can be written any more
	flushed  chan struct{} // closed when dead
}

// control is something to send beside the source: a payload that is no dispatch, or the pong to a ping.
type control struct {
	op   discord.Opcode
	d    any
	pong []byte
}

// farewell is the close frame that is to be sent.
type farewell struct {
	code   discord.CloseCode
	reason string
}

// maxControls bounds what waits beside the source. A client that lets so many acknowledgements pile up does not read.
const maxControls = 256

func newConn(ws *websocket.Conn, enc *codec.Encoder) *Conn {
	c := &Conn{ws: ws, net: ws.NetConn(), enc: enc, flushed: make(chan struct{})}
	if s, ok := c.net.(syscall.Conn); ok {
		c.raw, _ = s.SyscallConn() // fails only for a connection that is closed
	}
	return c
}

// Send sends a payload that is no dispatch, before the dispatches that wait.
func (c *Conn) Send(op discord.Opcode, d any) { c.send(control{op: op, d: d}) }

func (c *Conn) send(what control) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closing != nil || c.dead:
	case len(c.control) >= maxControls:
		c.die()
	default:
		c.control = append(c.control, what)
		c.wake()
	}
}

// Attach makes the connection send what the source has; nil ends that.
func (c *Conn) Attach(source Source) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.source = source
	c.wake()
}

// Wake tells that the source has more, and leaves the work to a goroutine of the connection; see Flush.
func (c *Conn) Wake() {
	c.mu.Lock()
	c.wake()
	c.mu.Unlock()
}

// CompressPayloads turns on payload compression for what is sent from now on.
func (c *Conn) CompressPayloads() {
	c.mu.Lock()
	c.compress = true
	c.mu.Unlock()
}

// Close sends a close frame behind the control payloads that wait, and ends the connection. Only the first call counts.
func (c *Conn) Close(code discord.CloseCode, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing != nil || c.dead {
		return
	}
	c.closing = &farewell{code, reason}
	c.source = nil
	// Whoever does not read, or does not answer the close frame, is not waited for any longer.
	_ = c.net.SetDeadline(time.Now().Add(linger))
	c.wake()
}

// CloseWith is Close with the code's own reason.
func (c *Conn) CloseWith(code discord.CloseCode) { c.Close(code, code.Reason()) }

// Expect sets until when the client must have been heard of in the way that the protocol demands. After that the
// connection is closed with 4009.
func (c *Conn) Expect(until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing == nil && !c.dead {
		_ = c.net.SetReadDeadline(until)
	}
}

// die gives the connection up. The lock is held.
func (c *Conn) die() {
	if c.dead {
		return
	}
	c.dead = true
	c.control, c.source = nil, nil
	close(c.flushed)
	_ = c.net.SetDeadline(time.Now())
}

func (c *Conn) abort() {
	c.mu.Lock()
	c.die()
	c.mu.Unlock()
}
