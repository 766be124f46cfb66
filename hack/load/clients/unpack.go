package clients

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
)

// unpacker inflates the messages of a compressed stream. It relies on what the gateway does to compress once for all:
// each message is a prefix that is stored as it is, with the sequence number, and then bytes that all clients get and that
// refer to nothing before them. A stream that is made in another way is damaged in its eyes.
type unpacker interface {
	// split returns the two parts of a message, or false if it has another form.
	split(c *client, message []byte) (prefix, shared []byte, ok bool)
	// inflate returns the whole message, valid until the next call.
	inflate(c *client, message []byte) ([]byte, error)
}

// newUnpacker returns nil for no compression.
func newUnpacker(compress string) (unpacker, error) {
	switch compress {
	case "":
		return nil, nil
	case "zlib-stream":
		return newInflater(), nil
	}
	return nil, fmt.Errorf("no compression %q", compress)
}

// inflater is for zlib-stream: https://www.rfc-editor.org/rfc/rfc1950 and 1951.
type inflater struct {
	in  bytes.Reader
	out bytes.Buffer
	r   io.ReadCloser
	raw []byte
}

func newInflater() *inflater {
	z := &inflater{}
	z.r = flate.NewReader(&z.in)
	return z
}

// body takes off the header of the stream, before the first message.
func (z *inflater) body(c *client, message []byte) ([]byte, bool) {
	if c.begun {
		return message, true
	}
	if len(message) < 2 || message[0]&0x0f != 8 || binary.BigEndian.Uint16(message)%31 != 0 {
		return nil, false
	}
	return message[2:], true
}

func (z *inflater) split(c *client, message []byte) (prefix, shared []byte, ok bool) {
	const header = 5 // a stored block that is not the last: its bits, length, and the complement
	body, ok := z.body(c, message)
	if !ok || len(body) < header || body[0] != 0 {
		return nil, nil, false
	}
	n := int(binary.LittleEndian.Uint16(body[1:]))
	if ^uint16(n) != binary.LittleEndian.Uint16(body[3:]) || len(body) < header+n {
		return nil, nil, false
	}
	return body[header : header+n], body[header+n:], true
}

func (z *inflater) inflate(c *client, message []byte) ([]byte, error) {
	body, ok := z.body(c, message)
	if !ok {
		return nil, fmt.Errorf("no zlib header: %.2x", message)
	}
	z.raw = append(append(z.raw[:0], body...), 3, 0) // an empty last block
	z.in.Reset(z.raw)
	if err := z.r.(flate.Resetter).Reset(&z.in, nil); err != nil {
		return nil, err
	}
	z.out.Reset()
	if _, err := z.out.ReadFrom(io.LimitReader(z.r, maxFrame)); err != nil {
		return nil, fmt.Errorf("inflate: %w", err)
	}
	return z.out.Bytes(), nil
}
