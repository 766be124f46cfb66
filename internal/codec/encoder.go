package codec

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/adler32"
	"strconv"

	"guildhall.chat/guildhall/internal/discord"
)

// compressFrom is the size in bytes from which payload compression is worth a client's inflating it.
const compressFrom = 1024

// Encoder makes one connection's messages. It belongs to that connection and must not be used concurrently.
//
// With zlib-stream the messages form one stream: they must reach the client in the order they were made, and the
// first of a fresh stream must not be dropped, for it carries the stream's header.
type Encoder struct {
	compression Compression
	payload     bool // compress payloads one by one: IDENTIFY's `compress`
	started     bool // the compressed stream's header is out
}

// NewEncoder returns the encoder of a connection made with p. With started, the compressed stream has begun
// elsewhere: its header is not sent again. It has no meaning without transport compression.
func NewEncoder(p Params, started bool) *Encoder {
	return &Encoder{compression: p.Compression, started: started}
}

// CompressPayloads turns on payload compression, which IDENTIFY asks for with `compress`. Transport compression
// takes precedence over it.
func (e *Encoder) CompressPayloads() { e.payload = true }

// Started tells whether the connection's compressed stream has begun.
func (e *Encoder) Started() bool { return e.started }

// AppendDispatch appends the message that carries sh under the sequence number seq, and tells whether it goes into
// a binary frame.
func (e *Encoder) AppendDispatch(dst []byte, seq int64, sh *Shared) (message []byte, binary bool) {
	var buf [len(`{"op":0,"s":,`) + 20]byte
	prefix := append(buf[:0], `{"op":0,"s":`...)
	prefix = strconv.AppendInt(prefix, seq, 10)
	prefix = append(prefix, ',')

	f := &sh.json
	switch {
	case e.compression == ZlibStream:
		blocks, _ := f.deflate()
		dst = e.appendHeader(dst)
		dst = appendStored(dst, prefix)
		return append(dst, blocks...), true
	case e.payload && len(f.plain) >= compressFrom:
		return appendPayload(dst, prefix, f), true
	default:
		dst = append(dst, prefix...)
		return append(dst, f.plain...), false
	}
}

// Append appends the message of any opcode but Dispatch, with `s` and `t` null, and tells whether it goes into a
// binary frame. It fails only if d can't be marshalled.
func (e *Encoder) Append(dst []byte, op discord.Opcode, d any) (message []byte, binary bool, err error) {
	data := []byte("null")
	if d != nil {
		if data, err = json.Marshal(d); err != nil {
			return dst, false, fmt.Errorf("encode the data of opcode %d: %w", op, err)
		}
	}
	if e.compression != ZlibStream {
		return appendControl(dst, op, data), false, nil
	}
	// These are a few bytes long: not worth compressing.
	dst = e.appendHeader(dst)
	dst = appendStored(dst, appendControl(nil, op, data))
	return append(dst, syncMarker...), true, nil
}

// appendControl appends the plain JSON of a payload that is not a dispatch.
func appendControl(dst []byte, op discord.Opcode, data []byte) []byte {
	dst = append(dst, `{"op":`...)
	dst = strconv.AppendInt(dst, int64(op), 10)
	dst = append(dst, `,"s":null,"t":null,"d":`...)
	dst = append(dst, data...)
	return append(dst, '}')
}

// appendHeader begins the connection's stream, once.
func (e *Encoder) appendHeader(dst []byte) []byte {
	if e.started {
		return dst
	}
	e.started = true
	return append(dst, zlibHeader...)
}

// appendPayload appends a complete RFC 1950 stream of the prefix and the form's shared blocks.
func appendPayload(dst, prefix []byte, f *form) []byte {
	blocks, adler := f.deflate()
	dst = append(dst, zlibHeader...)
	dst = appendStored(dst, prefix)
	dst = append(dst, blocks...)
	dst = append(dst, finalBlock...)
	return binary.BigEndian.AppendUint32(dst, combineAdler(adler32.Checksum(prefix), adler, len(f.plain)))
}
