package socket

import (
	"net"
	"sync"
	"time"

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
	// HalfClosed tells that no more messages come, though the other side still reads: so it is when a shard router stops.
	// If the protocol closes the connection now, what it sends with that is still sent.
	HalfClosed()
	// Closed is the last call. code is that of the client's close frame, 1005 if it had none, or 0 if the connection
	// ended without.
	Closed(code int)
}

// Conn is a client's connection. Its methods may be called from any goroutine and do not block.
type Conn struct {
	fd   int // closed when nobody uses it any more
	loop *loop

	// Of the reader.
	protocol  Protocol
	partial   *partial
	discarded int

	// Of the writer.
	enc       *codec.Encoder
	traffic   *traffic
	saidClose bool // the close frame is written

	mu      sync.Mutex
	control []control
	source  Source
	closing *farewell
	stuck   *stuck        // what the writer has left; nobody else may write meanwhile
	until   time.Duration // when the client's time is over; 0 for never
	filed   int64         // tick at which that is looked at; 0 for never

	compress bool // the encoder is to compress payloads
	reading  bool // there is a reader
	unread   bool // it must look again
	expired  bool // the client was not heard of in time
	over     bool // the protocol was told of the end
	draining bool // what the client still sends is read and thrown away
	writing  bool // there is a writer
	more     bool // it must look again
	roomy    bool // the kernel has had room since the writer last found none
	done     bool // nothing will be written any more
	cut      bool // given up: nothing will be read any more either
	gone     bool // the descriptor is closed
}

// control is something to send beside the source: a payload that is no dispatch, or the pong to a ping.
type control struct {
	op   discord.Opcode
	d    any
	pong []byte
}

// maxControls bounds what waits beside the source. A client that lets so many acknowledgements pile up does not read.
const maxControls = 256

// newConn makes a Conn of what an upgraded connection has below. There is a reader from the beginning: the caller, until it
// has set the protocol.
func newConn(below net.Conn, loop *loop, enc *codec.Encoder) (*Conn, error) {
	fd, err := detach(below)
	if err != nil {
		return nil, err
	}
	c := &Conn{fd: fd, loop: loop, enc: enc, traffic: &traffics[enc.Compression()], reading: true}
	if err := loop.poller.add(c); err != nil {
		return nil, err
	}
	return c, nil
}

// Send sends a payload that is no dispatch, before the dispatches that wait.
func (c *Conn) Send(op discord.Opcode, d any) { c.send(control{op: op, d: d}) }

func (c *Conn) send(what control) {
	c.mu.Lock()
	defer c.unlock()
	switch {
	case c.closing != nil || c.done:
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
	if c.closing == nil && !c.done {
		c.source = source
		c.wake()
	}
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
