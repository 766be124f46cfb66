package clients

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// unpacker reads messages of a compressed stream. It relies on what the gateway does to compress once for many: each message
// is a prefix that is stored as it is, with the sequence number, and then blocks that refer to nothing, or to the
// dispatch that came right before and not to the prefix. A stream that is made in another way is damaged in its eyes.
type unpacker interface {
	// open takes the header of the stream off its first message.
	open(message []byte) (rest []byte, ok bool)
	// split returns the two parts of a message.
	split(message []byte) (prefix, blocks []byte, ok bool)
	// expand returns what the blocks stand for in a stream that ends with history, valid until the next call.
	expand(history, blocks []byte) ([]byte, error)
}

// newUnpacker returns nil for no compression.
func newUnpacker(compress string) (unpacker, error) {
	switch compress {
	case "":
		return nil, nil
	case "zlib-stream":
		return &inflater{}, nil
	case "zstd-stream":
		decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxFrame))
		return &expander{decoder: decoder}, err
	}
	return nil, fmt.Errorf("no compression %q", compress)
}

// inflater is for zlib-stream: https://www.rfc-editor.org/rfc/rfc1950 and 1951.
type inflater struct {
	in  bytes.Reader
	out bytes.Buffer
	r   io.Reader
	raw []byte
}

func (*inflater) open(message []byte) ([]byte, bool) {
	if len(message) < 2 || message[0]&0x0f != 8 || binary.BigEndian.Uint16(message)%31 != 0 {
		return nil, false
	}
	return message[2:], true
}

func (*inflater) split(message []byte) (prefix, blocks []byte, ok bool) {
	const header = 5 // of a stored block that is not the last: its bits, length, and the complement
	if len(message) < header || message[0] != 0 {
		return nil, nil, false
	}
	n := int(binary.LittleEndian.Uint16(message[1:]))
	if ^uint16(n) != binary.LittleEndian.Uint16(message[3:]) || len(message) < header+n {
		return nil, nil, false
	}
	return message[header : header+n], message[header+n:], true
}

func (z *inflater) expand(history, blocks []byte) ([]byte, error) {
	const window = 32 << 10
	history = history[max(0, len(history)-window):]
	z.raw = append(append(z.raw[:0], blocks...), 3, 0) // an empty last block
	z.in.Reset(z.raw)
	if z.r == nil {
		z.r = flate.NewReaderDict(&z.in, history)
	} else if err := z.r.(flate.Resetter).Reset(&z.in, history); err != nil {
		return nil, err
	}
	z.out.Reset()
	if _, err := z.out.ReadFrom(io.LimitReader(z.r, maxFrame)); err != nil {
		return nil, fmt.Errorf("inflate: %w", err)
	}
	return z.out.Bytes(), nil
}

// expander is for zstd-stream: one frame of https://www.rfc-editor.org/rfc/rfc8878 over the connection.
type expander struct {
	decoder  *zstd.Decoder
	raw, out []byte
}

const (
	zstdMagic = "\x28\xb5\x2f\xfd"
	// zstdHeader opens a frame with a window of 8 MiB: section 3.1.1.1.
	zstdHeader = zstdMagic + "\x00\x68"
	// zstdMaxBlock is of section 3.1.1.2.4.
	zstdMaxBlock    = 128 << 10
	zstdBlockHeader = 3
)

func (*expander) open(message []byte) ([]byte, bool) {
	var header zstd.Header
	if err := header.Decode(message); err != nil || header.SingleSegment || header.DictionaryID != 0 || header.HasCheckSum {
		return nil, false
	}
	return message[header.HeaderSize:], true
}

func (*expander) split(message []byte) (prefix, blocks []byte, ok bool) {
	if len(message) < zstdBlockHeader {
		return nil, nil, false
	}
	h := int(message[0]) | int(message[1])<<8 | int(message[2])<<16
	n := h >> 3
	if h&7 != 0 || len(message) < zstdBlockHeader+n { // raw, and not the last
		return nil, nil, false
	}
	return message[zstdBlockHeader : zstdBlockHeader+n], message[zstdBlockHeader+n:], true
}

// expand makes a frame of its own of the history, uncompressed, the blocks, and an empty last one.
func (z *expander) expand(history, blocks []byte) ([]byte, error) {
	z.raw = append(z.raw[:0], zstdHeader...)
	for piece := range slices.Chunk(history, zstdMaxBlock) {
		z.raw = append(z.raw, byte(len(piece)<<3), byte(len(piece)>>5), byte(len(piece)>>13))
		z.raw = append(z.raw, piece...)
	}
	z.raw = append(append(z.raw, blocks...), 1, 0, 0)
	var err error
	if z.out, err = z.decoder.DecodeAll(z.raw, z.out[:0]); err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	return z.out[len(history):], nil
}

// tail is what a client's stream ends with: a dispatch without its prefix, or nil for anything else.
type tail []byte

func (t tail) is(o tail) bool {
	return len(t) == len(o) && (len(t) == 0 || &t[0] == &o[0])
}

// packed is a message in one of the forms in which clients got it.
type packed struct {
	after  tail // nil: the blocks refer to nothing
	prefix int  // with after: the length of the prefix in between
	blocks []byte
}

// maxPacked bounds the forms that are remembered of a message; a client that gets another one inflates it.
const maxPacked = 16

// stranger stands for a prefix, to which nothing must refer. UTF-8 does not have it.
const stranger = 0xff

var errPrefix = errors.New("blocks refer to the prefix")

// expand returns what blocks stand for in the client's stream, and the form to remember.
func expand(u unpacker, after tail, prefix int, blocks []byte) ([]byte, packed, error) {
	if plain, err := u.expand(nil, blocks); err == nil {
		return plain, packed{blocks: blocks}, nil
	}
	history := append(bytes.Clone(after), bytes.Repeat([]byte{stranger}, prefix)...)
	plain, err := u.expand(history, blocks)
	if err == nil && bytes.IndexByte(plain, stranger) >= 0 {
		err = errPrefix
	}
	return plain, packed{after: after, prefix: prefix, blocks: blocks}, err
}

// knows says whether the client got the message in a form that was inflated for another one.
func (e *entry) knows(after tail, prefix int, blocks []byte) bool {
	for i := range e.packed {
		p := &e.packed[i]
		if (p.after == nil || p.prefix == prefix && p.after.is(after)) && bytes.Equal(p.blocks, blocks) {
			return true
		}
	}
	return false
}
