package codec

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"math/bits"
	"strconv"
)

// maxTermDepth bounds the nesting of what is sent as ETF. Nothing that the API takes or makes is a tenth as deep.
const maxTermDepth = 512

var errNotJSON = errors.New("codec: not JSON, or nested too deeply")

// appendTerm appends one JSON value as a term, without the version byte. Strings, and so snowflakes and keys, become
// binaries; null, true and false the atoms nil, true and false; integers of up to 64 bits stay integers, and all other
// numbers become floats. On an error dst is returned as it was.
func appendTerm(dst, value []byte) ([]byte, error) {
	t := termEncoder{in: value, out: dst}
	if t.value(maxTermDepth) {
		if t.space(); t.at == len(t.in) {
			return t.out, nil
		}
	}
	return dst, errNotJSON
}

// termEncoder goes through JSON once; what it knows of a container's size only at its end it fills in then. Its methods
// tell whether the input was JSON.
type termEncoder struct {
	in  []byte
	at  int
	out []byte
}

func (t *termEncoder) space() {
	for t.at < len(t.in) {
		switch t.in[t.at] {
		case ' ', '\t', '\n', '\r':
			t.at++
		default:
			return
		}
	}
}

// next skips spaces and returns the byte behind them without taking it; 0 at the end.
func (t *termEncoder) next() byte {
	t.space()
	if t.at == len(t.in) {
		return 0
	}
	return t.in[t.at]
}

func (t *termEncoder) value(depth int) bool {
	switch c := t.next(); {
	case c == '"':
		return t.string()
	case c == '{':
		return depth > 0 && t.object(depth-1)
	case c == '[':
		return depth > 0 && t.array(depth-1)
	case c == '-' || c >= '0' && c <= '9':
		return t.number()
	case c == 'n':
		return t.atom("null", atomNil)
	case c == 't':
		return t.atom("true", "true")
	case c == 'f':
		return t.atom("false", "false")
	default:
		return false
	}
}

func (t *termEncoder) object(depth int) bool {
	t.out = append(t.out, tagMap, 0, 0, 0, 0)
	arity := len(t.out) - 4
	n, ok := t.items('}', func() bool {
		if t.next() != '"' || !t.string() || t.next() != ':' {
			return false
		}
		t.at++
		return t.value(depth)
	})
	binary.BigEndian.PutUint32(t.out[arity:], n)
	return ok
}

func (t *termEncoder) array(depth int) bool {
	t.out = append(t.out, tagList, 0, 0, 0, 0)
	length := len(t.out) - 4
	n, ok := t.items(']', func() bool { return t.value(depth) })
	if n == 0 {
		t.out = append(t.out[:length-1], tagNil)
		return ok
	}
	binary.BigEndian.PutUint32(t.out[length:], n)
	t.out = append(t.out, tagNil)
	return ok
}

// items takes what is between an opening bracket and closer, separated by commas, and counts it.
func (t *termEncoder) items(closer byte, item func() bool) (n uint32, ok bool) {
	t.at++
	if t.next() == closer {
		t.at++
		return 0, true
	}
	for {
		if !item() {
			return n, false
		}
		n++
		switch t.next() {
		case ',':
			t.at++
		case closer:
			t.at++
			return n, true
		default:
			return n, false
		}
	}
}

func (t *termEncoder) string() bool {
	begin, escaped := t.at, false
	for t.at++; t.at < len(t.in); t.at++ {
		switch t.in[t.at] {
		case '\\':
			escaped = true
			t.at++
		case '"':
			t.at++
			if !escaped {
				t.out = appendBinary(t.out, t.in[begin+1:t.at-1])
				return true
			}
			var s string
			if json.Unmarshal(t.in[begin:t.at], &s) != nil {
				return false
			}
			t.out = appendBinary(t.out, s)
			return true
		}
	}
	return false
}

func (t *termEncoder) number() bool {
	begin, integer := t.at, true
	for ; t.at < len(t.in); t.at++ {
		switch c := t.in[t.at]; {
		case c >= '0' && c <= '9' || c == '-':
		case c == '.' || c == 'e' || c == 'E' || c == '+':
			integer = false
		default:
			return t.finishNumber(string(t.in[begin:t.at]), integer)
		}
	}
	return t.finishNumber(string(t.in[begin:t.at]), integer)
}

func (t *termEncoder) finishNumber(text string, integer bool) bool {
	if integer {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			t.out = appendInteger(t.out, n)
			return true
		}
		if n, err := strconv.ParseUint(text, 10, 64); err == nil {
			t.out = appendBig(t.out, n, 0)
			return true
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return false
	}
	t.out = binary.BigEndian.AppendUint64(append(t.out, tagNewFloat), math.Float64bits(f))
	return true
}

func (t *termEncoder) atom(literal, name string) bool {
	if len(t.in)-t.at < len(literal) || string(t.in[t.at:t.at+len(literal)]) != literal {
		return false
	}
	t.at += len(literal)
	t.out = appendAtom(t.out, name)
	return true
}

func appendAtom(dst []byte, name string) []byte {
	return append(append(dst, tagSmallAtom, byte(len(name))), name...)
}

func appendBinary[S []byte | string](dst []byte, s S) []byte {
	return append(binary.BigEndian.AppendUint32(append(dst, tagBinary), uint32(len(s))), s...)
}

// appendInteger appends n in the shortest form.
func appendInteger(dst []byte, n int64) []byte {
	switch {
	case n >= 0 && n <= math.MaxUint8:
		return append(dst, tagSmallInteger, byte(n))
	case n >= math.MinInt32 && n <= math.MaxInt32:
		return binary.BigEndian.AppendUint32(append(dst, tagInteger), uint32(n))
	case n < 0:
		return appendBig(dst, -uint64(n), 1)
	default:
		return appendBig(dst, uint64(n), 0)
	}
}

// appendBig appends an integer given by its magnitude and its sign, 1 if negative.
func appendBig(dst []byte, magnitude uint64, sign byte) []byte {
	digits := (bits.Len64(magnitude) + 7) / 8
	dst = append(dst, tagSmallBig, byte(digits), sign)
	for range digits {
		dst = append(dst, byte(magnitude))
		magnitude >>= 8
	}
	return dst
}
