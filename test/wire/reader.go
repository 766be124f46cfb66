package wire

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Reader reads one connection. It must be given every message, in order, and is not safe for concurrent use.
type Reader struct {
	encoding string
	stream   stream // nil without transport compression
}

// stream decompresses a connection's messages.
type stream interface {
	// next returns what the message holds, valid until the next call. All of the message must have been of use.
	next(message []byte) ([]byte, error)
	close()
}

// NewReader returns a reader of a connection made with the given values of the gateway URL's `encoding` ("" or "json",
// "etf") and `compress` ("", "zlib-stream", "zstd-stream").
func NewReader(encoding, compress string) (*Reader, error) {
	r := &Reader{encoding: encoding}
	switch encoding {
	case "", "json", "etf":
	default:
		return nil, fmt.Errorf("wire: unknown encoding %q", encoding)
	}
	switch compress {
	case "":
	case "zlib-stream":
		r.stream = new(inflater)
	case "zstd-stream":
		r.stream = new(zstdStream)
	default:
		return nil, fmt.Errorf("wire: unknown compression %q", compress)
	}
	return r, nil
}

// Payload returns the JSON of the one payload that a message carries. The result is the caller's. Without transport
// compression a JSON message may be a compressed payload, as IDENTIFY's `compress` has them.
func (r *Reader) Payload(message []byte) (json.RawMessage, error) {
	plain, err := r.Plain(message)
	if err != nil {
		return nil, err
	}
	if r.encoding == "etf" {
		return DecodeETF(plain)
	}
	if !json.Valid(plain) {
		return nil, fmt.Errorf("wire: not one JSON value: %.80q", plain)
	}
	return bytes.Clone(plain), nil
}

// Plain returns the decompressed message in the connection's encoding, valid until the next call.
func (r *Reader) Plain(message []byte) ([]byte, error) {
	switch {
	case len(message) == 0:
		return nil, errors.New("wire: empty message")
	case r.stream != nil:
		return r.stream.next(message)
	case r.encoding != "etf" && message[0] != '{':
		return inflatePayload(message)
	default:
		return message, nil
	}
}

// Close frees what the reader holds.
func (r *Reader) Close() {
	if r.stream != nil {
		r.stream.close()
	}
}

// inflatePayload decompresses a payload that is an RFC 1950 stream of its own, checksum included.
func inflatePayload(message []byte) ([]byte, error) {
	inflated, err := zlib.NewReader(bytes.NewReader(message))
	if err != nil {
		return nil, fmt.Errorf("wire: payload compression: %w", err)
	}
	plain, err := io.ReadAll(inflated)
	if err != nil {
		return nil, fmt.Errorf("wire: payload compression: %w", err)
	}
	return plain, nil
}
