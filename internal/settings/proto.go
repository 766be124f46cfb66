package settings

import (
	"errors"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrMalformed says that what a client sent is no protocol buffer.
var ErrMalformed = errors.New("settings: malformed protocol buffer")

// Proto is a protocol buffer: its fields in the order in which they were written, each with its tag. Only the top level is
// ever looked into, but for what is in the JSON object, too.
type Proto struct{ fields []field }

type field struct {
	number   protowire.Number
	kind     protowire.Type
	number64 uint64 // the value of what is no bytes
	bytes    []byte // the value of what is
	whole    []byte // with the tag
}

// maxFields bounds the fields of one level; those of real clients have some dozens.
const maxFields = 10_000

// ReadProto reads a protocol buffer; ErrMalformed. It refers to data.
func ReadProto(data []byte) (Proto, error) {
	var p Proto
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 || len(p.fields) == maxFields {
			return Proto{}, ErrMalformed
		}
		f := field{number: number, kind: kind}
		var size int
		switch kind {
		case protowire.VarintType:
			f.number64, size = protowire.ConsumeVarint(data[n:])
		case protowire.Fixed64Type:
			f.number64, size = protowire.ConsumeFixed64(data[n:])
		case protowire.Fixed32Type:
			var small uint32
			small, size = protowire.ConsumeFixed32(data[n:])
			f.number64 = uint64(small)
		case protowire.BytesType:
			f.bytes, size = protowire.ConsumeBytes(data[n:])
		default: // groups are no part of proto3
			return Proto{}, ErrMalformed
		}
		if size < 0 {
			return Proto{}, ErrMalformed
		}
		f.whole, data = data[:n+size], data[n+size:]
		p.fields = append(p.fields, f)
	}
	return p, nil
}

// Bytes is the wire form.
func (p Proto) Bytes() []byte {
	data := []byte{}
	for _, f := range p.fields {
		data = append(data, f.whole...)
	}
	return data
}

// Splice returns p with the fields of patch: each top-level field that patch has is replaced as a whole, the others stay.
func (p Proto) Splice(patch Proto) Proto {
	kept := slices.DeleteFunc(slices.Clone(p.fields), func(f field) bool { return patch.has(f.number) })
	return Proto{append(kept, patch.fields...)}
}

// WithVersion returns p with a data version, of which clients tell whether they have the last state.
func (p Proto) WithVersion(version int) Proto {
	const dataVersion protowire.Number = 3
	inner := p.message(versions).without(dataVersion)
	inner = inner.with(protowire.AppendVarint(protowire.AppendTag(nil, dataVersion, protowire.VarintType), uint64(version)))
	whole := protowire.AppendBytes(protowire.AppendTag(nil, versions, protowire.BytesType), inner.Bytes())
	versioned := Proto{}.with(whole)
	return Proto{append(versioned.fields, p.without(versions).fields...)}
}

// with appends a field that was encoded here.
func (p Proto) with(whole []byte) Proto {
	one, err := ReadProto(whole)
	if err != nil {
		return p // it can't be
	}
	return Proto{append(slices.Clip(p.fields), one.fields...)}
}

func (p Proto) without(number protowire.Number) Proto {
	return Proto{slices.DeleteFunc(slices.Clone(p.fields), func(f field) bool { return f.number == number })}
}

func (p Proto) has(number protowire.Number) bool {
	return slices.ContainsFunc(p.fields, func(f field) bool { return f.number == number })
}

// all returns the values of a repeated field.
func (p Proto) all(number protowire.Number) []field {
	return slices.DeleteFunc(slices.Clone(p.fields), func(f field) bool { return f.number != number })
}

// last returns the value of a field that is there once: of several, the last counts.
func (p Proto) last(number protowire.Number) (last field, has bool) {
	for _, f := range p.fields {
		if f.number == number {
			last, has = f, true
		}
	}
	return last, has
}

// message returns a field that is a message; several are merged, which is to put one behind the other. What is malformed
// counts as empty.
// https://protobuf.dev/programming-guides/encoding/#last-one-wins
func (p Proto) message(number protowire.Number) Proto {
	var data []byte
	for _, f := range p.all(number) {
		data = append(data, f.bytes...)
	}
	inner, err := ReadProto(data)
	if err != nil {
		return Proto{}
	}
	return inner
}
