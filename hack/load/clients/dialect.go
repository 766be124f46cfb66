package clients

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"guildhall.chat/guildhall/hack/load/control"
)

func newDialect(l *loop) (dialect, error) {
	switch l.fleet.Protocol {
	case control.Gateway:
		return newGateway(l)
	case control.Frames:
		return &frames{webSocket{l}}, nil
	case control.Handshake:
		return &handshake{webSocket{l}}, nil
	case control.Centrifuge:
		return &centrifuge{webSocket{l}}, nil
	case control.Redis:
		return &redis{l}, nil
	}
	return nil, fmt.Errorf("no protocol %q", l.fleet.Protocol)
}

// webSocket is what the dialects on WebSockets have in common.
type webSocket struct{ *loop }

func (w webSocket) connected(c *client)                   { w.upgrade(c, "/") }
func (w webSocket) beat(*client)                          {}
func (w webSocket) interval() time.Duration               { return 0 }
func (w webSocket) stream(int) (int, bool)                { return 0, true }
func (w webSocket) leave(c *client)                       { w.close(c) }
func (w webSocket) close(c *client)                       { w.sendFrame(c, opClose, []byte{1000 >> 8, 1000 & 0xff}) }
func (w webSocket) broken(c *client, what string) (n int) { w.lost(c, what); return -1 }

// each hands over every whole frame that is not a control frame.
func (w webSocket) each(c *client, b []byte, message func(f frame) bool) (used int) {
	for used < len(b) {
		f, need, bad := parseFrame(b[used:])
		if bad {
			w.counts.Damaged++
			return w.broken(c, fmt.Sprintf("bad frame % x", b[used:min(len(b), used+16)]))
		}
		if need > 0 {
			return used
		}
		used += f.size
		switch f.op {
		case opClose:
			code := 1005 // none: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
			if len(f.payload) >= 2 {
				code = int(binary.BigEndian.Uint16(f.payload))
			}
			return w.broken(c, "closed with "+strconv.Itoa(code))
		case opPing:
			w.sendFrame(c, opPong, f.payload)
		case opPong:
		default:
			if !message(f) {
				return -1
			}
		}
	}
	return used
}

// frames receives what the bare writer sends.
type frames struct{ webSocket }

func (d *frames) upgraded(c *client) { d.joined(c) }

func (d *frames) received(c *client, b []byte) int {
	return d.each(c, b, func(f frame) bool {
		c.stream.take(c, f.payload)
		return true
	})
}

// leave needs no good-bye: nobody reads it.
func (d *frames) leave(c *client) { d.lost(c, "") }

// handshake does no more.
type handshake struct{ webSocket }

func (d *handshake) upgraded(c *client)     { d.joined(c) }
func (d *handshake) stream(int) (int, bool) { return 0, false }
func (d *handshake) leave(c *client)        { d.lost(c, "") }
func (d *handshake) received(c *client, b []byte) int {
	return d.each(c, b, func(frame) bool { return true })
}

// centrifuge speaks centrifugal's bidirectional protocol as JSON: commands and replies, several to a frame, a line each.
// https://centrifugal.dev/docs/transports/client_protocol
type centrifuge struct{ webSocket }

const channel = "bench"

func (d *centrifuge) connected(c *client) { d.upgrade(c, "/connection/websocket") }

func (d *centrifuge) upgraded(c *client) {
	d.sendFrame(c, opText, []byte(`{"id":1,"connect":{}}`))
}

func (d *centrifuge) received(c *client, b []byte) int {
	return d.each(c, b, func(f frame) bool {
		for line := range bytes.Lines(f.payload) {
			if !d.line(c, bytes.TrimSuffix(line, []byte("\n"))) {
				return false
			}
		}
		return true
	})
}

func (d *centrifuge) line(c *client, line []byte) bool {
	const push = `{"push":{"channel":"` + channel + `","pub":{"data":`
	if rest, is := bytes.CutPrefix(line, []byte(push)); is {
		if e := c.stream.next(c); e != nil && bytes.HasPrefix(rest, e.data) {
			c.stream.accept(c)
			return true
		}
	}
	if string(line) == "{}" { // a ping, answered with the same
		d.sendFrame(c, opText, []byte("{}"))
		return true
	}
	var reply struct {
		ID    int             `json:"id"`
		Error json.RawMessage `json:"error"`
		Push  *struct {
			Pub struct {
				Data json.RawMessage `json:"data"`
			} `json:"pub"`
		} `json:"push"`
	}
	switch err := json.Unmarshal(line, &reply); {
	case err != nil || reply.Error != nil:
		d.counts.Damaged++
		d.broken(c, fmt.Sprintf("reply %.200q", line))
		return false
	case reply.Push != nil:
		c.stream.take(c, reply.Push.Pub.Data)
	case reply.ID == 1:
		d.sendFrame(c, opText, []byte(`{"id":2,"subscribe":{"channel":"`+channel+`"}}`))
	case reply.ID == 2:
		d.joined(c)
	}
	return true
}

// redis is subscribed to a channel. https://redis.io/docs/latest/develop/reference/protocol-spec/
type redis struct{ *loop }

func (d *redis) connected(c *client) {
	c.phase = joining
	d.send(c, []byte("SUBSCRIBE "+channel+"\r\n"))
}

func (d *redis) upgraded(*client)              {}
func (d *redis) beat(*client)                  {}
func (d *redis) interval() time.Duration       { return 0 }
func (d *redis) stream(int) (key int, ok bool) { return 0, true }
func (d *redis) leave(c *client)               { d.lost(c, "") }

func (d *redis) received(c *client, b []byte) (used int) {
	const (
		subscribed = "*3\r\n$9\r\nsubscribe\r\n$5\r\n" + channel + "\r\n:1\r\n"
		message    = "*3\r\n$7\r\nmessage\r\n$5\r\n" + channel + "\r\n$"
	)
	for used < len(b) {
		rest := b[used:]
		if bytes.HasPrefix(rest, []byte(subscribed)) {
			d.joined(c)
			used += len(subscribed)
			continue
		}
		if len(rest) < len(message) {
			return used
		}
		digits, body, whole := bytes.Cut(rest[min(len(message), len(rest)):], []byte("\r\n"))
		size, err := strconv.Atoi(string(digits))
		if !bytes.HasPrefix(rest, []byte(message)) || whole && err != nil {
			d.counts.Damaged++
			d.lost(c, fmt.Sprintf("reply %.100q", rest))
			return -1
		}
		if !whole || len(body) < size+2 {
			return used
		}
		c.stream.take(c, body[:size])
		used += len(message) + len(digits) + 2 + size + 2
	}
	return used
}
