package codec

import (
	"encoding/binary"
	"encoding/json"
	"hash/adler32"
	"strconv"
	"sync"
	"sync/atomic"
)

// Tail is the keys that the data of many dispatches have in common, encoded and compressed once for all of them. It is
// immutable and safe for concurrent use.
//
//	{"op":0,"s":42,  "t":"GUILD_CREATE","d":{"joined_at":...,  "id":...,"channels":[...]}}
//	prefix           own                                       tail
type Tail struct {
	json form
	held atomic.Int64

	once  sync.Once
	etf   *form
	arity uint32 // of etf
}

// compressOwnFrom is the size in bytes from which what comes before a tail is worth compressing for one connection.
const compressOwnFrom = 2048

// NewTail returns the tail with the keys of a JSON object, which must have some and is copied.
func NewTail(object json.RawMessage) *Tail {
	plain := make([]byte, 0, len(object))
	plain = append(plain, object[1:]...)
	return &Tail{json: form{plain: append(plain, '}')}}
}

// NewDispatchWith is NewDispatch for data that ends with a tail: own is a JSON object with at least one key, and none of the
// tail's.
func NewDispatchWith(t string, own json.RawMessage, tail *Tail) *Shared {
	plain := make([]byte, 0, len(`"t":"","d":,`)+len(t)+len(own))
	plain = append(plain, `"t":`...)
	plain = strconv.AppendQuote(plain, t)
	plain = append(plain, `,"d":`...)
	at := len(plain)
	plain = append(plain, own[:len(own)-1]...) // without the closing brace
	plain = append(plain, ',')
	return &Shared{id: lastID.Add(1), name: t, data: at, json: form{plain: plain}, tail: tail}
}

// JSON returns the whole data of a dispatch: the keys of own, then the tail's.
func (t *Tail) JSON(own json.RawMessage) json.RawMessage {
	data := make(json.RawMessage, 0, len(own)+len(t.json.plain))
	data = append(append(data, own[:len(own)-1]...), ',')
	return append(data, t.json.plain[:len(t.json.plain)-1]...) // without the payload's closing brace
}

// len returns the bytes of JSON; 0 for no tail.
func (t *Tail) len() int {
	if t == nil {
		return 0
	}
	return len(t.json.plain)
}

// Held returns the bytes that the tail takes in all the forms that have been asked for so far. It only grows.
func (t *Tail) Held() int { return len(t.json.plain) + int(t.held.Load()) }

// form returns the tail in an encoding.
func (t *Tail) form(e Encoding) *form {
	if e == JSON {
		return &t.json
	}
	t.once.Do(func() {
		object := append([]byte{'{'}, t.json.plain[:len(t.json.plain)-1]...)
		t.etf = &form{}
		t.arity, t.etf.plain = pairsOf(object)
		t.held.Add(int64(len(t.etf.plain)))
	})
	return t.etf
}

// pairsOf returns a JSON object's keys and values as terms, and how many there are: none if it is not JSON, which it must be.
func pairsOf(object []byte) (arity uint32, pairs []byte) {
	const header = 1 + 4 // tag, arity
	term, err := appendTerm(make([]byte, 0, len(object)+len(object)/8+64), object)
	if err != nil || term[0] != tagMap {
		return 0, nil
	}
	return binary.BigEndian.Uint32(term[1:]), term[header:]
}

// termWithTail is term for a dispatch with a tail, which is not included.
func (s *Shared) termWithTail() []byte {
	own := append(append([]byte(nil), s.json.plain[s.data:len(s.json.plain)-1]...), '}')
	arity, pairs := pairsOf(own)
	s.tail.form(ETF)
	dst := make([]byte, 0, len(pairs)+64)
	dst = appendBinary(dst, "t")
	dst = appendBinary(dst, s.name)
	dst = appendBinary(dst, "d")
	dst = append(dst, tagMap)
	dst = binary.BigEndian.AppendUint32(dst, arity+s.tail.arity)
	return append(dst, pairs...)
}

// appendWithTail is AppendDispatch for a dispatch with a tail.
func (e *Encoder) appendWithTail(dst, prefix []byte, sh *Shared) (message []byte, binary bool) {
	own, tail := sh.form(e.encoding), sh.tail.form(e.encoding)
	e.plain += len(tail.plain)
	switch {
	case e.compression != NoCompression:
		e.last = nil
		dst = e.appendUncompressed(e.appendHeader(dst), prefix)
		if len(own.plain) < compressOwnFrom {
			dst = e.appendUncompressed(dst, own.plain)
		} else {
			dst = append(dst, own.alone(e.compression, &sh.held)...)
		}
		return append(dst, tail.alone(e.compression, &sh.tail.held)...), true
	case e.payload:
		stored := append(append([]byte(nil), prefix...), own.plain...)
		sum := combineAdler(adler32.Checksum(stored), tail.checksum(), len(tail.plain))
		return appendPayload(dst, stored, tail.alone(ZlibStream, &sh.tail.held), sum), true
	}
	dst = append(append(dst, prefix...), own.plain...)
	return append(dst, tail.plain...), e.encoding == ETF
}
