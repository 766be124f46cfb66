package socket

import (
	"errors"
	"io"
	"net"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

// maxDiscard bounds what is read of a client that goes on sending after its connection was closed, in bytes.
const maxDiscard = 1 << 20

// noStatus is the code of a close frame that has none. RFC 6455, section 7.1.5.
const noStatus = websocket.CloseNoStatusReceived

// serve reads the connection until its end.
func (c *Conn) serve(p Protocol) {
	connections.Inc()
	defer connections.Dec()
	c.ws.SetPingHandler(func(data string) error {
		p.Ping()
		c.send(control{pong: append([]byte{}, data...)})
		return nil
	})
	// The reply to a close frame goes through the writer, like everything else.
	c.ws.SetCloseHandler(func(int, string) error { return nil })

	code := c.read(p)
	p.Closed(code)
	<-c.flushed
	// Closing with unread data would reset the connection, and the client might never read why it was closed.
	if code == 0 {
		_, _ = io.CopyN(io.Discard, c.net, maxDiscard)
	}
	_ = c.net.Close()
}

// read hands over messages until the connection ends, and sees to its being closed. It returns the code that the client
// closed with, or 0.
func (c *Conn) read(p Protocol) int {
	for {
		data, err := c.next()
		var closed *websocket.CloseError
		switch {
		case err == nil:
			if !c.isClosing() {
				p.Message(data)
			}
			continue
		case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure:
			reply := closed.Code
			if reply == noStatus {
				reply = 0
			}
			c.Close(discord.CloseCode(reply), "")
			return closed.Code
		case errors.Is(err, codec.ErrTooLarge):
			c.CloseWith(discord.CloseDecodeError)
		case isTimeout(err):
			c.CloseWith(discord.CloseSessionTimedOut) // no effect on what is closing already
		default:
			c.abort()
		}
		return 0
	}
}

// isTimeout reports whether the read deadline has passed. gorilla does not wrap the error of net.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// next reads one message.
func (c *Conn) next() ([]byte, error) {
	_, message, err := c.ws.NextReader()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(message, codec.MaxInbound+1))
	if err == nil && len(data) > codec.MaxInbound {
		err = codec.ErrTooLarge
	}
	return data, err
}

func (c *Conn) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing != nil || c.dead
}
