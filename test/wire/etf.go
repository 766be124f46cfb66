package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Encode returns a client's payload, given as JSON, as it is sent with the encoding: JSON as it is, ETF as erlpack
// makes it.
func Encode(encoding string, payload []byte) ([]byte, error) {
	if encoding == "etf" {
		return EncodeETF(payload)
	}
	return payload, nil
}

// Tags of the External Term Format.
// https://www.erlang.org/doc/apps/erts/erl_ext_dist
const (
	version      = 131
	newFloat     = 'F'
	smallInteger = 'a'
	integer      = 'b'
	smallAtom    = 's'
	smallBig     = 'n'
	emptyList    = 'j'
	list         = 'l'
	binaryString = 'm'
	dictionary   = 't'
)

// EncodeETF returns a JSON value as one term.
func EncodeETF(value []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, fmt.Errorf("wire: encode ETF: %w", err)
	}
	return appendTerm([]byte{version}, v), nil
}

func appendTerm(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return appendAtom(dst, "nil")
	case bool:
		return appendAtom(dst, strconv.FormatBool(v))
	case string:
		return appendBinary(dst, v)
	case json.Number:
		return appendNumber(dst, v)
	case []any:
		if len(v) > 0 {
			dst = binary.BigEndian.AppendUint32(append(dst, list), uint32(len(v)))
			for _, item := range v {
				dst = appendTerm(dst, item)
			}
		}
		return append(dst, emptyList)
	case map[string]any:
		dst = binary.BigEndian.AppendUint32(append(dst, dictionary), uint32(len(v)))
		for key, item := range v {
			dst = appendTerm(appendBinary(dst, key), item)
		}
		return dst
	default:
		panic(fmt.Sprintf("encoding/json gave a %T", v))
	}
}

func appendAtom(dst []byte, name string) []byte {
	return append(append(dst, smallAtom, byte(len(name))), name...)
}

func appendBinary(dst []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(append(dst, binaryString), uint32(len(s))), s...)
}

// appendNumber makes integers of 32 bits INTEGER_EXT and all else a float: JavaScript, and so erlpack, has no others.
func appendNumber(dst []byte, n json.Number) []byte {
	if i, err := n.Int64(); err == nil {
		switch {
		case i >= 0 && i < 256:
			return append(dst, smallInteger, byte(i))
		case i == int64(int32(i)):
			return binary.BigEndian.AppendUint32(append(dst, integer), uint32(i))
		}
	}
	f, _ := n.Float64() // of JSON's grammar; out of range is an infinity
	return binary.BigEndian.AppendUint64(append(dst, newFloat), math.Float64bits(f))
}

// DecodeETF returns one term of the kinds that a gateway sends as JSON.
func DecodeETF(data []byte) (json.RawMessage, error) {
	if len(data) == 0 || data[0] != version {
		return nil, fmt.Errorf("wire: not a term: %.20q", data)
	}
	d := &termReader{left: data[1:]}
	v, err := d.term()
	if err == nil && len(d.left) > 0 {
		err = fmt.Errorf("%d bytes behind the term", len(d.left))
	}
	if err != nil {
		return nil, fmt.Errorf("wire: decode ETF: %w", err)
	}
	text, err := marshal(v)
	if err != nil {
		return nil, fmt.Errorf("wire: decode ETF: %w", err)
	}
	return text, nil
}

// marshal leaves <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

type termReader struct{ left []byte }

var errShort = errors.New("the term is cut off")

func (d *termReader) take(n int) ([]byte, error) {
	if n < 0 || n > len(d.left) {
		return nil, errShort
	}
	part := d.left[:n]
	d.left = d.left[n:]
	return part, nil
}

func (d *termReader) length() (int, error) {
	b, err := d.take(4)
	if err != nil {
		return 0, err
	}
	return int(binary.BigEndian.Uint32(b)), nil
}

func (d *termReader) term() (any, error) {
	tag, err := d.take(1)
	if err != nil {
		return nil, err
	}
	switch tag[0] {
	case smallInteger:
		b, err := d.take(1)
		if err != nil {
			return nil, err
		}
		return int(b[0]), nil
	case integer:
		n, err := d.length()
		return int32(uint32(n)), err
	case smallBig:
		return d.big()
	case newFloat:
		b, err := d.take(8)
		if err != nil {
			return nil, err
		}
		return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
	case smallAtom:
		return d.atom()
	case binaryString:
		return d.binary()
	case emptyList:
		return []any{}, nil
	case list:
		return d.list()
	case dictionary:
		return d.dictionary()
	default:
		return nil, fmt.Errorf("tag %d", tag[0])
	}
}

func (d *termReader) big() (any, error) {
	head, err := d.take(2)
	if err != nil {
		return nil, err
	}
	digits, err := d.take(int(head[0]))
	if err != nil {
		return nil, err
	}
	bigEndian := make([]byte, len(digits))
	for i, digit := range digits {
		bigEndian[len(digits)-1-i] = digit
	}
	n := new(big.Int).SetBytes(bigEndian)
	if head[1] != 0 {
		n.Neg(n)
	}
	return json.Number(n.String()), nil
}

func (d *termReader) atom() (any, error) {
	n, err := d.take(1)
	if err != nil {
		return nil, err
	}
	name, err := d.take(int(n[0]))
	if err != nil {
		return nil, err
	}
	switch string(name) {
	case "nil":
		return nil, nil
	case "true", "false":
		return string(name) == "true", nil
	default:
		return nil, fmt.Errorf("atom %q", name)
	}
}

func (d *termReader) binary() (string, error) {
	n, err := d.length()
	if err != nil {
		return "", err
	}
	b, err := d.take(n)
	if err == nil && !utf8.Valid(b) {
		err = fmt.Errorf("binary is not UTF-8: %.40q", b)
	}
	return string(b), err
}

func (d *termReader) list() (any, error) {
	n, err := d.length()
	if err != nil {
		return nil, err
	}
	items := []any{}
	for range n {
		item, err := d.term()
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	tail, err := d.take(1)
	if err != nil {
		return nil, err
	}
	if tail[0] != emptyList {
		return nil, errors.New("improper list")
	}
	return items, nil
}

// dictionary keeps the order of its keys, so that a payload reads as the server wrote it.
func (d *termReader) dictionary() (any, error) {
	n, err := d.length()
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	out.WriteByte('{')
	for i := range n {
		if tag, err := d.take(1); err != nil || tag[0] != binaryString {
			return nil, errors.Join(errors.New("a key is not a binary"), err)
		}
		key, err := d.binary()
		if err != nil {
			return nil, err
		}
		value, err := d.term()
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		for j, part := range []any{key, value} {
			if j == 1 {
				out.WriteByte(':')
			}
			text, err := marshal(part)
			if err != nil {
				return nil, err
			}
			out.Write(text)
		}
	}
	out.WriteByte('}')
	return json.RawMessage(out.String()), nil
}
