package codec

import (
	"encoding/json"
	"hash/adler32"
	"strconv"
	"sync"
)

// Shared is one dispatch, encoded for every connection that gets it. It is immutable and safe for concurrent use;
// what an encoding or compression needs is made when first asked for.
type Shared struct {
	name string
	json form
}

// form is a Shared in one encoding: the bytes after the prefix, as they are and compressed.
type form struct {
	plain []byte

	once     sync.Once
	deflated []byte // self-contained blocks, sync-flushed
	adler    uint32 // of plain
}

// NewDispatch encodes a dispatch named t (`MESSAGE_CREATE`) with its data, which must be valid JSON and is copied.
// Without data, `d` is null.
func NewDispatch(t string, data json.RawMessage) *Shared {
	if len(data) == 0 {
		data = json.RawMessage("null")
	}
	plain := make([]byte, 0, len(`"t":"","d":}`)+len(t)+len(data))
	plain = append(plain, `"t":`...)
	plain = strconv.AppendQuote(plain, t) // event names are ASCII capitals, so Go's quoting is JSON's
	plain = append(plain, `,"d":`...)
	plain = append(plain, data...)
	plain = append(plain, '}')
	return &Shared{name: t, json: form{plain: plain}}
}

// Name returns the dispatch's event name.
func (s *Shared) Name() string { return s.name }

// Len returns the number of uncompressed bytes that a connection gets beside its prefix: a measure for queue bounds.
func (s *Shared) Len() int { return len(s.json.plain) }

// deflate returns the compressed blocks and the checksum of the plain bytes, made once.
func (f *form) deflate() (blocks []byte, adler uint32) {
	f.once.Do(func() {
		f.deflated = deflate(f.plain)
		f.adler = adler32.Checksum(f.plain)
	})
	return f.deflated, f.adler
}
