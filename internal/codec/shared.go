package codec

import (
	"encoding/json"
	"hash/adler32"
	"strconv"
	"sync"
	"sync/atomic"
)

// Shared is one dispatch, encoded for every connection that gets it. It is immutable and safe for concurrent use;
// what an encoding or compression needs is made when first asked for, and kept.
type Shared struct {
	id   uint64 // unique in the process
	name string
	data int          // where d begins in json.plain
	tail *Tail        // what follows in d; usually nil
	held atomic.Int64 // bytes of all that was made of json.plain
	json form

	once sync.Once
	etf  *form
}

// form is a Shared in one encoding: the bytes after the prefix, as they are and compressed.
type form struct {
	plain []byte
	packs [compressions]pack

	summing sync.Once
	adler   uint32
}

var lastID atomic.Uint64

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
	at := len(plain)
	plain = append(plain, data...)
	plain = append(plain, '}')
	return &Shared{id: lastID.Add(1), name: t, data: at, json: form{plain: plain}}
}

// Name returns the dispatch's event name.
func (s *Shared) Name() string { return s.name }

// Len returns the number of uncompressed bytes of JSON that a connection gets beside its prefix: a measure for queue
// bounds, which never changes.
func (s *Shared) Len() int { return len(s.json.plain) + s.tail.len() }

// Held returns the bytes that the dispatch takes in all the forms that have been asked for so far, without its tail. It only
// grows.
func (s *Shared) Held() int { return len(s.json.plain) + int(s.held.Load()) }

// form returns the dispatch in an encoding.
func (s *Shared) form(e Encoding) *form {
	if e == JSON {
		return &s.json
	}
	s.once.Do(func() {
		s.etf = &form{plain: s.term()}
		s.held.Add(int64(len(s.etf.plain)))
	})
	return s.etf
}

// term returns t and d as the last two pairs of an ETF map of four. Data that is not JSON, which it must be, becomes nil.
func (s *Shared) term() []byte {
	if s.tail != nil {
		return s.termWithTail()
	}
	data := s.json.plain[s.data : len(s.json.plain)-1]
	// Most terms are somewhat longer than their JSON, by two bytes a string.
	dst := make([]byte, 0, len(data)+len(data)/8+64)
	dst = appendBinary(dst, "t")
	dst = appendBinary(dst, s.name)
	dst = appendBinary(dst, "d")
	dst, err := appendTerm(dst, data)
	if err != nil {
		dst = appendAtom(dst, atomNil)
	}
	return dst
}

// checksum returns the Adler-32 of the plain bytes.
func (f *form) checksum() uint32 {
	f.summing.Do(func() { f.adler = adler32.Checksum(f.plain) })
	return f.adler
}
