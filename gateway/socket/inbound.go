package socket

import (
	"encoding/binary"
	"math"

	"github.com/gobwas/ws"

	"guildhall.chat/guildhall/internal/codec"
)

// inbound makes messages of a client's frames. RFC 6455, section 5.
type inbound struct {
	fragmented bool   // a message has begun
	message    []byte // what there is of it
}

// frame is what a client has said: a whole message, a control frame, or with OpContinuation nothing yet.
type frame struct {
	op      ws.OpCode
	payload []byte
}

// next takes the frame at the beginning of data, unmasking it in place, and returns its length; 0 if it is incomplete. The
// payload is valid until the next call, and as long as data is. An error is codec.ErrTooLarge or a violation of the protocol.
func (in *inbound) next(data []byte) (f frame, n int, err error) {
	h, begin, err := in.header(data)
	if err != nil || begin == 0 {
		return frame{}, 0, err
	}
	if !h.OpCode.IsControl() && h.Length > int64(codec.MaxInbound-len(in.message)) {
		return frame{}, 0, codec.ErrTooLarge
	}
	if h.Length > int64(len(data)-begin) {
		return frame{}, 0, nil
	}
	n = begin + int(h.Length)
	payload := data[begin:n]
	ws.Cipher(payload, h.Mask, 0)
	if h.OpCode.IsControl() {
		return frame{h.OpCode, payload}, n, nil
	}
	return in.join(h, payload), n, nil
}

// header reads a frame's header, and returns its size; 0 if it is incomplete. What is wrong is said as early as it can be.
func (in *inbound) header(data []byte) (h ws.Header, size int, err error) {
	if len(data) < ws.MinHeaderSize {
		return ws.Header{}, 0, nil
	}
	h = ws.Header{
		Fin: data[0]&0x80 != 0, Rsv: data[0] >> 4 & 7, OpCode: ws.OpCode(data[0] & 0xF),
		Masked: data[1]&0x80 != 0, Length: int64(data[1] & 0x7F),
	}
	state := ws.StateServerSide
	if in.fragmented {
		state = state.Set(ws.StateFragmented)
	}
	if err := ws.CheckHeader(h, state); err != nil {
		return ws.Header{}, 0, err
	}
	size = ws.MinHeaderSize + len(h.Mask)
	length := data[ws.MinHeaderSize:]
	switch h.Length {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if len(data) < size {
		return ws.Header{}, 0, nil
	}
	switch h.Length {
	case 126:
		h.Length = int64(binary.BigEndian.Uint16(length))
	case 127:
		h.Length = int64(min(binary.BigEndian.Uint64(length), math.MaxInt64)) // too large in any case
	}
	copy(h.Mask[:], data[size-len(h.Mask):])
	return h, size, nil
}

// join puts a data frame behind those before it.
func (in *inbound) join(h ws.Header, payload []byte) frame {
	if !in.fragmented && h.Fin {
		return frame{h.OpCode, payload}
	}
	in.message = append(in.message, payload...)
	in.fragmented = !h.Fin
	if in.fragmented {
		return frame{op: ws.OpContinuation}
	}
	whole := in.message
	in.message = nil
	return frame{ws.OpText, whole}
}

// closeCode returns the code of a close frame's payload. RFC 6455, sections 5.5.1 and 7.4.
func closeCode(payload []byte) (int, error) {
	switch {
	case len(payload) == 0:
		return noStatus, nil
	case len(payload) == 1:
		return 0, ws.ErrProtocolStatusCodeUnknown
	}
	code, reason := ws.ParseCloseFrameData(payload)
	if code > ws.StatusRangePrivate.Max {
		return 0, ws.ErrProtocolStatusCodeUnknown
	}
	if err := ws.CheckCloseFrameData(code, reason); err != nil {
		return 0, err
	}
	return int(code), nil
}
