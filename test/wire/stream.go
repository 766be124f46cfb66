package wire

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// errStarved stops a decompressor that wants more than the message has.
var errStarved = errors.New("wire: the message ends before its payload does")

// feed hands a decompressor one message and no more. It reads byte by byte if asked to, so nothing is read ahead.
type feed struct{ left []byte }

func (f *feed) Read(p []byte) (int, error) {
	if len(f.left) == 0 {
		return 0, errStarved
	}
	n := copy(p, f.left)
	f.left = f.left[n:]
	return n, nil
}

func (f *feed) ReadByte() (byte, error) {
	if len(f.left) == 0 {
		return 0, errStarved
	}
	b := f.left[0]
	f.left = f.left[1:]
	return b, nil
}

// drain reads until the message is used up. from gives at most step bytes before it reads on.
func (f *feed) drain(message []byte, from io.Reader, out []byte, step int) ([]byte, error) {
	f.left = message
	out = out[:0]
	for len(f.left) > 0 {
		if cap(out)-len(out) < step {
			out = append(make([]byte, 0, 2*cap(out)+step), out...)
		}
		n, err := from.Read(out[len(out) : len(out)+step])
		out = out[:len(out)+n]
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// inflater reads zlib-stream: RFC 1950, each message ending with a sync flush.
type inflater struct {
	feed feed
	from io.Reader
	out  []byte
}

// syncFlush is how each message ends.
// https://docs.discord.com/developers/events/gateway#zlib-stream
const syncFlush = "\x00\x00\xff\xff"

func (s *inflater) next(message []byte) ([]byte, error) {
	if !bytes.HasSuffix(message, []byte(syncFlush)) {
		return nil, fmt.Errorf("wire: zlib-stream message ends with % x", message[max(0, len(message)-4):])
	}
	if s.from == nil {
		if len(message) < 2 {
			return nil, errStarved
		}
		s.feed.left = message[:2]
		from, err := zlib.NewReader(&s.feed)
		if err != nil {
			return nil, fmt.Errorf("wire: zlib-stream: %w", err)
		}
		s.from, message = from, message[2:]
	}
	const window = 32 << 10 // what flate gives at most at a time
	out, err := s.feed.drain(message, s.from, s.out, window)
	if err != nil {
		return nil, fmt.Errorf("wire: zlib-stream: %w", err)
	}
	s.out = out
	return out, nil
}

func (s *inflater) close() {}

// zstdStream reads zstd-stream: one frame (RFC 8878) over the connection, each message whole blocks of it.
type zstdStream struct {
	feed feed
	from *zstd.Decoder
	out  []byte
}

// maxWindow bounds what a stream may make a client hold: the size that RFC 8878, section 3.1.1.1.2, has every decoder
// support.
const maxWindow = 8 << 20

func (s *zstdStream) next(message []byte) ([]byte, error) {
	if s.from == nil {
		from, err := zstd.NewReader(&s.feed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, fmt.Errorf("wire: zstd-stream: %w", err)
		}
		s.from = from
	}
	// One more than a block may hold, so that a read never stops amid one.
	out, err := s.feed.drain(message, s.from, s.out, 128<<10+1)
	if err != nil {
		return nil, fmt.Errorf("wire: zstd-stream: %w", err)
	}
	s.out = out
	return out, nil
}

func (s *zstdStream) close() {
	if s.from != nil {
		s.from.Close()
	}
}
