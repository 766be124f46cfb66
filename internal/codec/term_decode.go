package codec

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"
)

// termToJSON returns one term, version byte and all, as JSON. It takes the kinds that have a counterpart in JSON, with
// binaries as strings; the atoms nil, null, true and false; tuples as lists; and integers of up to 64 bits. Everything
// else, compressed terms too, is ErrNotPayload. Keys must be strings: no atom that a client names is ever kept.
//
// Each element takes at least a byte, and becomes six at most beside the numbers, so the term's length bounds all.
func termToJSON(term []byte) ([]byte, error) {
	if len(term) == 0 || term[0] != etfVersion {
		return nil, ErrNotPayload
	}
	t := termDecoder{in: term[1:], out: make([]byte, 0, 2*len(term))}
	if err := t.value(maxDepth); err != nil {
		return nil, err
	}
	if len(t.in) > 0 {
		return nil, ErrNotPayload
	}
	return t.out, nil
}

// termDecoder takes a term from the front of in, and appends JSON to out.
type termDecoder struct {
	in  []byte
	out []byte
}

// take returns the next n bytes, nil if there are fewer.
func (t *termDecoder) take(n int) []byte {
	if n > len(t.in) {
		return nil
	}
	part := t.in[:n:n]
	t.in = t.in[n:]
	return part
}

// length takes a big-endian number of the given size in bytes; false if it counts more than there can be.
func (t *termDecoder) length(size int) (n int, ok bool) {
	b := t.take(size)
	if b == nil {
		return 0, false
	}
	for _, c := range b {
		n = n<<8 | int(c)
	}
	return n, n <= len(t.in)
}

// counted takes a length of the given size and as many bytes.
func (t *termDecoder) counted(size int) (data []byte, ok bool) {
	n, ok := t.length(size)
	if !ok {
		return nil, false
	}
	return t.take(n), true
}

func (t *termDecoder) value(depth int) error {
	tag := t.take(1)
	if tag == nil {
		return ErrNotPayload
	}
	switch tag[0] {
	case tagSmallInteger, tagInteger, tagSmallBig, tagNewFloat:
		return t.number(tag[0])
	case tagAtom, tagAtomUTF8:
		return t.atom(2)
	case tagSmallAtom, tagSmallAtomUTF8:
		return t.atom(1)
	case tagBinary:
		data, ok := t.counted(4)
		if !ok {
			return ErrNotPayload
		}
		return t.string(data)
	}
	if depth == 0 {
		return ErrTooDeep
	}
	switch tag[0] {
	case tagNil:
		t.out = append(t.out, "[]"...)
		return nil
	case tagString:
		return t.bytes()
	case tagList:
		return t.list(depth - 1)
	case tagSmallTuple:
		return t.elements(1, depth-1)
	case tagLargeTuple:
		return t.elements(4, depth-1)
	case tagMap:
		return t.dictionary(depth - 1)
	default:
		return ErrNotPayload
	}
}

func (t *termDecoder) number(tag byte) error {
	switch tag {
	case tagSmallInteger:
		if b := t.take(1); b != nil {
			t.out = strconv.AppendUint(t.out, uint64(b[0]), 10)
			return nil
		}
	case tagInteger:
		if b := t.take(4); b != nil {
			t.out = strconv.AppendInt(t.out, int64(int32(binary.BigEndian.Uint32(b))), 10)
			return nil
		}
	case tagSmallBig:
		return t.big()
	case tagNewFloat:
		if b := t.take(8); b != nil {
			return t.float(math.Float64frombits(binary.BigEndian.Uint64(b)))
		}
	}
	return ErrNotPayload
}

// big takes an integer of up to 64 bits and a sign.
func (t *termDecoder) big() error {
	head := t.take(2)
	if head == nil || head[0] > 8 || head[1] > 1 {
		return ErrNotPayload
	}
	digits := t.take(int(head[0]))
	if digits == nil {
		return ErrNotPayload
	}
	var magnitude uint64
	for i, digit := range digits {
		magnitude |= uint64(digit) << (8 * i)
	}
	if head[1] == 1 && magnitude > 0 {
		t.out = append(t.out, '-')
	}
	t.out = strconv.AppendUint(t.out, magnitude, 10)
	return nil
}

// float writes whole numbers as integers: JavaScript's clients send every integer of more than 32 bits as a float.
func (t *termDecoder) float(f float64) error {
	const exact = 1 << 53
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return ErrNotPayload
	case f == math.Trunc(f) && math.Abs(f) <= exact:
		t.out = strconv.AppendInt(t.out, int64(f), 10)
	default:
		t.out = strconv.AppendFloat(t.out, f, 'g', -1, 64)
	}
	return nil
}

func (t *termDecoder) atom(size int) error {
	name, ok := t.counted(size)
	if !ok {
		return ErrNotPayload
	}
	switch string(name) {
	case "nil", "null":
		t.out = append(t.out, "null"...)
	case "true", "false":
		t.out = append(t.out, name...)
	default:
		return ErrNotPayload
	}
	return nil
}

func (t *termDecoder) string(data []byte) error {
	if !utf8.Valid(data) {
		return ErrNotUTF8
	}
	text, err := json.Marshal(string(data))
	if err != nil {
		return ErrNotPayload
	}
	t.out = append(t.out, text...)
	return nil
}

// bytes takes a list of small integers in the form that Erlang gives it.
func (t *termDecoder) bytes() error {
	data, ok := t.counted(2)
	if !ok {
		return ErrNotPayload
	}
	t.out = append(t.out, '[')
	for i, b := range data {
		if i > 0 {
			t.out = append(t.out, ',')
		}
		t.out = strconv.AppendUint(t.out, uint64(b), 10)
	}
	t.out = append(t.out, ']')
	return nil
}

// list takes a proper list.
func (t *termDecoder) list(depth int) error {
	if err := t.elements(4, depth); err != nil {
		return err
	}
	if tail := t.take(1); tail == nil || tail[0] != tagNil {
		return ErrNotPayload
	}
	return nil
}

// elements takes a count of the given size and as many terms.
func (t *termDecoder) elements(size, depth int) error {
	n, ok := t.length(size)
	if !ok {
		return ErrNotPayload
	}
	t.out = append(t.out, '[')
	for i := range n {
		if i > 0 {
			t.out = append(t.out, ',')
		}
		if err := t.value(depth); err != nil {
			return err
		}
	}
	t.out = append(t.out, ']')
	return nil
}

func (t *termDecoder) dictionary(depth int) error {
	n, ok := t.length(4)
	if !ok {
		return ErrNotPayload
	}
	t.out = append(t.out, '{')
	for i := range n {
		if i > 0 {
			t.out = append(t.out, ',')
		}
		if err := t.key(); err != nil {
			return err
		}
		t.out = append(t.out, ':')
		if err := t.value(depth); err != nil {
			return err
		}
	}
	t.out = append(t.out, '}')
	return nil
}

func (t *termDecoder) key() error {
	size := 0
	if tag := t.take(1); tag != nil {
		switch tag[0] {
		case tagBinary:
			size = 4
		case tagString:
			size = 2
		}
	}
	if size == 0 {
		return ErrKey
	}
	data, ok := t.counted(size)
	if !ok {
		return ErrNotPayload
	}
	return t.string(data)
}
