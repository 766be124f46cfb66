package socket

import (
	"errors"
	"sync"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

const (
	// maxDiscard bounds what is read of a client that goes on sending after its connection was closed, in bytes.
	maxDiscard = 1 << 20
	// noStatus is the code of a close frame that has none. RFC 6455, section 7.1.5.
	noStatus = 1005
)

// reader is what a connection needs only while it reads. The buffer holds the largest frame.
type reader struct {
	buf [codec.MaxInbound + ws.MaxHeaderSize + 1024]byte
}

var readers = sync.Pool{New: func() any { return new(reader) }}

// partial is what has come of a message that is not complete.
type partial struct {
	inbound
	frame []byte // the beginning of the next frame
}

// read hands over what has come, and ends when that is all. The caller has set reading.
func (c *Conn) read() {
	r := readers.Get().(*reader)
	defer readers.Put(r)
	var in inbound
	n := 0
	if c.partial != nil {
		in, n = c.partial.inbound, copy(r.buf[:], c.partial.frame)
		c.partial = nil
	}
	for c.goOn() {
		m, err := c.receive(r.buf[n:])
		switch {
		case errors.Is(err, unix.EAGAIN):
			if n > 0 || in.fragmented {
				c.partial = &partial{in, append([]byte(nil), r.buf[:n]...)}
			}
			if c.pause() {
				return
			}
			c.partial = nil
		case err != nil:
			c.abort()
		case m == 0:
			c.halfClosed()
		case c.over:
			c.discard(m)
		default:
			n = copy(r.buf[:], c.take(&in, r.buf[:n+m]))
		}
	}
}

// take hands over the messages in data and returns what is left of it.
func (c *Conn) take(in *inbound, data []byte) []byte {
	for !c.over {
		f, n, err := in.next(data)
		if err != nil {
			c.refuse(err)
			break
		}
		if n == 0 {
			return data
		}
		data = data[n:]
		c.handle(f)
	}
	return nil
}

func (c *Conn) handle(f frame) {
	switch f.op {
	case ws.OpText, ws.OpBinary:
		if !c.isClosing() {
			c.protocol.Message(f.payload)
		}
	case ws.OpPing:
		c.protocol.Ping()
		c.send(control{pong: append([]byte{}, f.payload...)})
	case ws.OpClose:
		code, err := closeCode(f.payload)
		if err != nil {
			c.refuse(err)
			return
		}
		reply := code
		if code == noStatus {
			reply = 0
		}
		c.close(discord.CloseCode(reply), "")
		c.end(code)
	}
}

// refuse closes the connection because of what the client has sent.
func (c *Conn) refuse(err error) {
	if errors.Is(err, codec.ErrTooLarge) {
		c.CloseWith(discord.CloseDecodeError)
	} else {
		c.Close(discord.CloseCode(ws.StatusProtocolError), err.Error())
	}
	c.end(0)
}

func (c *Conn) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing != nil || c.done
}
