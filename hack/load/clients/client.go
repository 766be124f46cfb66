package clients

import (
	"golang.org/x/sys/unix"
)

// phase is how far a client has come.
type phase uint8

const (
	waiting    phase = iota // not begun, or to be begun again
	connecting              // TCP
	upgrading               // HTTP
	joining                 // the dialect's own opening
	ready
	leaving
	gone
)

// client is one connection. There are many: it has no pointer that it can do without.
type client struct {
	fd       int32 // -1: none
	index    int32
	phase    phase
	begun    bool  // of a compressed stream: its header has come
	acked    bool  // the last heartbeat was answered
	turns    bool  // has a turn to send heartbeats
	missing  int16 // guilds to come before it is ready
	tries    uint8
	since    int64 // when the connection was begun, nanoseconds
	position int   // in its stream
	seq      int64
	session  string
	in       []byte // a frame that is not whole
	out      []byte // what the socket did not take yet
	tail     tail   // of a compressed stream
	stream   *stream
}

// send writes what fits into the socket and keeps the rest.
func (l *loop) send(c *client, b []byte) {
	if len(c.out) > 0 {
		c.out = append(c.out, b...)
		return
	}
	n, err := unix.Write(int(c.fd), b)
	if err == unix.EAGAIN {
		n, err = 0, nil
	}
	if err != nil {
		return // reading will find the same
	}
	if n < len(b) {
		c.out = append(c.out, b[n:]...)
		l.watch(c, unix.EPOLLIN|unix.EPOLLOUT)
	}
}

// flush goes on writing what was kept.
func (l *loop) flush(c *client) {
	n, err := unix.Write(int(c.fd), c.out)
	if err != nil {
		return
	}
	if n == len(c.out) {
		c.out = nil
		l.watch(c, unix.EPOLLIN)
		return
	}
	c.out = c.out[n:]
}

// sendFrame sends a WebSocket frame.
func (l *loop) sendFrame(c *client, op byte, payload []byte) {
	l.scratch = appendFrame(l.scratch[:0], op, payload)
	l.send(c, l.scratch)
}
