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
// With transport compression the messages form one stream: all of them must reach the client, in the order they were
// made, for each may refer to the one before.
type Encoder struct {
	encoding    Encoding
	compression Compression
	payload     bool // compress payloads one by one: IDENTIFY's `compress`
	started     bool // the compressed stream's header is out
	// last is the dispatch with which the compressed stream ends; nil if that is none, or too long to be of use. It is let
	// go with the next message, and so at the next heartbeat.
	last *Shared
	// plain counts the bytes of messages before compression, since Counted.
	plain int
}

// NewEncoder returns the encoder of a connection made with p. With started, the compressed stream has begun
// elsewhere: its header is not sent again. It has no meaning without transport compression.
func NewEncoder(p Params, started bool) *Encoder {
	return &Encoder{encoding: p.Encoding, compression: p.Compression, started: started}
}

// CompressPayloads turns on payload compression, which IDENTIFY asks for with `compress`. It is for JSON only, and
// transport compression takes precedence over it.
func (e *Encoder) CompressPayloads() { e.payload = e.encoding == JSON }

// Compression returns what is done to all the connection's messages.
func (e *Encoder) Compression() Compression { return e.compression }

// Counted returns how many bytes the messages made since the last call had before compression.
func (e *Encoder) Counted() int {
	n := e.plain
	e.plain = 0
	return n
}

// Started tells whether the connection's compressed stream has begun.
func (e *Encoder) Started() bool { return e.started }

// AppendDispatch appends the message that carries sh under the sequence number seq, and tells whether it goes into
// a binary frame. Once sh has the form that the connection needs, it allocates nothing but what dst lacks.
func (e *Encoder) AppendDispatch(dst []byte, seq int64, sh *Shared) (message []byte, binary bool) {
	var buf [maxPrefix]byte
	prefix := e.appendPrefix(buf[:0], seq)
	f := sh.form(e.encoding)
	e.plain += len(prefix) + len(f.plain)
	switch {
	case sh.tail != nil:
		return e.appendWithTail(dst, prefix, sh)
	case e.compression != NoCompression:
		blocks := sh.packed(e.encoding, e.compression, e.last, len(prefix))
		e.last = nil
		if len(f.plain) <= maxSequel {
			e.last = sh
		}
		dst = e.appendUncompressed(e.appendHeader(dst), prefix)
		return append(dst, blocks...), true
	case e.payload && len(f.plain) >= compressFrom:
		blocks := sh.packed(e.encoding, ZlibStream, nil, 0)
		sum := combineAdler(adler32.Checksum(prefix), f.checksum(), len(f.plain))
		return appendPayload(dst, prefix, blocks, sum), true
	default:
		dst = append(dst, prefix...)
		return append(dst, f.plain...), e.encoding == ETF
	}
}

const (
	jsonPrefix = `{"op":0,"s":`
	// etfPrefix opens a map of four with op 0 and the key of s.
	etfPrefix = "\x83t\x00\x00\x00\x04" + "m\x00\x00\x00\x02op" + "a\x00" + "m\x00\x00\x00\x01s"
	// maxPrefix leaves room for a comma and 20 digits, which is more than the longest integer takes in ETF.
	maxPrefix = len(etfPrefix) + 21
)

// appendPrefix appends what comes before a form in one connection: the opcode and the sequence number.
func (e *Encoder) appendPrefix(dst []byte, seq int64) []byte {
	if e.encoding == ETF {
		return appendInteger(append(dst, etfPrefix...), seq)
	}
	return append(strconv.AppendInt(append(dst, jsonPrefix...), seq, 10), ',')
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
	if e.compression == NoCompression {
		begin := len(dst)
		dst, err = e.appendControl(dst, op, data)
		e.plain += len(dst) - begin
		return dst, e.encoding == ETF, err
	}
	plain, err := e.appendControl(nil, op, data)
	if err != nil {
		return dst, false, err
	}
	e.plain += len(plain)
	// These are a few bytes long: not worth compressing.
	e.last = nil
	dst = e.appendUncompressed(e.appendHeader(dst), plain)
	if e.compression == ZlibStream {
		dst = append(dst, syncMarker...)
	}
	return dst, true, nil
}

// appendUncompressed appends data to the connection's stream as it is.
func (e *Encoder) appendUncompressed(dst, data []byte) []byte {
	if e.compression == ZstdStream {
		return appendRaw(dst, data)
	}
	return appendStored(dst, data)
}

// appendControl appends a payload that is not a dispatch, uncompressed; data is JSON.
func (e *Encoder) appendControl(dst []byte, op discord.Opcode, data []byte) ([]byte, error) {
	if e.encoding == ETF {
		begin := len(dst)
		dst = append(dst, etfVersion, tagMap, 0, 0, 0, 4)
		dst = appendInteger(appendBinary(dst, "op"), int64(op))
		dst = appendAtom(appendBinary(dst, "s"), atomNil)
		dst = appendAtom(appendBinary(dst, "t"), atomNil)
		dst, err := appendTerm(appendBinary(dst, "d"), data)
		if err != nil {
			return dst[:begin], fmt.Errorf("encode the data of opcode %d: %w", op, err)
		}
		return dst, nil
	}
	dst = append(dst, `{"op":`...)
	dst = strconv.AppendInt(dst, int64(op), 10)
	dst = append(dst, `,"s":null,"t":null,"d":`...)
	dst = append(dst, data...)
	return append(dst, '}'), nil
}

// appendHeader begins the connection's stream, once.
func (e *Encoder) appendHeader(dst []byte) []byte {
	if e.started {
		return dst
	}
	e.started = true
	if e.compression == ZstdStream {
		return append(dst, zstdHeader...)
	}
	return append(dst, zlibHeader...)
}

// appendPayload appends a complete RFC 1950 stream of a prefix and a form's self-contained blocks, given the checksum of
// both.
func appendPayload(dst, prefix, blocks []byte, adler uint32) []byte {
	dst = append(dst, zlibHeader...)
	dst = appendStored(dst, prefix)
	dst = append(dst, blocks...)
	dst = append(dst, finalBlock...)
	return binary.BigEndian.AppendUint32(dst, adler)
}
