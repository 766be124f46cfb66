package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/gobwas/ws"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

// maxFrames is the most frames a client may send in 60 s; no client is read here for longer.
// https://discord.com/developers/docs/events/gateway#rate-limiting
const maxFrames = 120

// frameReader reads a client's frames and remembers the bytes of the current message as they came.
type frameReader struct {
	in    *bufio.Reader
	count int // frames read

	// The message that has begun, or the one that was last returned.
	state   ws.State     // whether continuations are due
	parts   int          // how many frames it has
	raw     bytes.Buffer // its frames, masked
	payload []byte       // its payload, unmasked
}

// message is a whole data message, or one control frame.
type message struct {
	op      ws.OpCode
	payload []byte // unmasked; valid until the next read
}

// next returns the next control frame or, its fragments joined, data message. The error is a *refusal if the client
// broke a rule, else the connection's.
func (r *frameReader) next() (message, error) {
	if !r.state.Fragmented() {
		r.raw.Reset()
		r.payload = r.payload[:0]
		r.parts = 0
	}
	for {
		whole := r.raw.Len()
		header, err := ws.ReadHeader(io.TeeReader(r.in, &r.raw))
		switch {
		case errors.Is(err, ws.ErrHeaderLengthMSB), errors.Is(err, ws.ErrHeaderLengthUnexpected):
			return message{}, refuseProtocol(err)
		case err != nil:
			return message{}, err
		}
		if err := ws.CheckHeader(header, r.state|ws.StateServerSide); err != nil {
			return message{}, refuseProtocol(err)
		}
		if r.count++; r.count > maxFrames {
			return message{}, refuse(refusedRate, discord.CloseRateLimited)
		}
		if header.OpCode.IsControl() {
			r.raw.Truncate(whole) // it may come amid a fragmented message, but is no part of it
			payload := make([]byte, header.Length)
			if _, err := io.ReadFull(r.in, payload); err != nil {
				return message{}, err
			}
			ws.Cipher(payload, header.Mask, 0)
			return message{op: header.OpCode, payload: payload}, nil
		}
		if err := r.appendData(header); err != nil {
			return message{}, err
		}
		r.parts++
		if header.Fin {
			r.state = r.state.Clear(ws.StateFragmented)
			return message{op: ws.OpText, payload: r.payload}, nil
		}
		r.state = r.state.Set(ws.StateFragmented)
	}
}

// appendData reads the payload of a data frame into the current message.
func (r *frameReader) appendData(header ws.Header) error {
	if header.Length > int64(codec.MaxInbound-len(r.payload)) {
		return refuseDecode(codec.ErrTooLarge)
	}
	if _, err := io.CopyN(&r.raw, r.in, header.Length); err != nil {
		return err
	}
	start := len(r.payload)
	r.payload = append(r.payload, r.raw.Bytes()[r.raw.Len()-int(header.Length):]...)
	ws.Cipher(r.payload[start:], header.Mask, 0)
	return nil
}

// rest returns the last message's frames as they came and, behind them, what was read beyond it.
func (r *frameReader) rest() ([]byte, error) {
	ahead, err := r.in.Peek(r.in.Buffered())
	if err != nil {
		return nil, err
	}
	return append(bytes.Clone(r.raw.Bytes()), ahead...), nil
}
