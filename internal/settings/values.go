package settings

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"guildhall.chat/guildhall/internal/snowflake"
)

// kind is a kind of value, in both forms.
type kind interface {
	// normal checks a value of the JSON object and returns it in the form that it has here; ErrInvalid.
	normal(value json.RawMessage) (json.RawMessage, error)
	// encode returns a field with a value that normal has returned.
	encode(number protowire.Number, value json.RawMessage) ([]byte, error)
	// decode returns the value of what a field has, in the form that normal returns; ErrInvalid.
	decode(values []field) (json.RawMessage, error)
}

// Bounds of a value. Discord documents none.
const (
	maxIDs  = 1000
	maxText = 256 // characters
)

// read decodes and encodes anew: into T alone, so that nothing unknown stays. NUL can't be stored.
func read[T any](value json.RawMessage, valid func(*T) bool) (json.RawMessage, error) {
	var v *T
	if err := json.Unmarshal(value, &v); err != nil || v == nil || !valid(v) {
		return nil, ErrInvalid
	}
	normal, err := json.Marshal(v)
	if err != nil || bytes.Contains(normal, []byte(`\u0000`)) {
		return nil, ErrInvalid
	}
	return normal, nil
}

func lastOf(values []field) field { return values[len(values)-1] }

// unwrapped returns the value in a wrapper message, such as BoolValue; its zero is not on the wire.
// https://protobuf.dev/reference/protobuf/google.protobuf/#bool-value
func unwrapped(f field) (inner field, err error) {
	p, err := ReadProto(f.bytes)
	inner, _ = p.last(1)
	return inner, err
}

func message(number protowire.Number, inner []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), inner)
}

func varint(number protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), v)
}

// boolKind is a bool, by itself or in a BoolValue.
type boolKind struct{ wrapped bool }

var (
	plainBool   = boolKind{}
	wrappedBool = boolKind{wrapped: true}
)

func (boolKind) normal(value json.RawMessage) (json.RawMessage, error) {
	return read(value, func(*bool) bool { return true })
}

func (k boolKind) encode(number protowire.Number, value json.RawMessage) ([]byte, error) {
	bit := protowire.EncodeBool(string(value) == "true")
	if k.wrapped {
		return message(number, varint(1, bit)), nil
	}
	return varint(number, bit), nil
}

func (k boolKind) decode(values []field) (json.RawMessage, error) {
	f := lastOf(values)
	if k.wrapped {
		var err error
		if f, err = unwrapped(f); err != nil {
			return nil, err
		}
	}
	return json.Marshal(f.number64 != 0)
}

// intKind is an integer of 32 bits in its wrapper.
type intKind struct{ signed bool }

var (
	wrappedUint = intKind{}
	wrappedInt  = intKind{signed: true}
)

func (k intKind) normal(value json.RawMessage) (json.RawMessage, error) {
	return read(value, func(n *int64) bool {
		return *n <= math.MaxInt32 && (*n >= 0 || k.signed && *n >= math.MinInt32)
	})
}

func (intKind) encode(number protowire.Number, value json.RawMessage) ([]byte, error) {
	var n int64
	err := json.Unmarshal(value, &n)
	return message(number, varint(1, uint64(n))), err
}

func (k intKind) decode(values []field) (json.RawMessage, error) {
	inner, err := unwrapped(lastOf(values))
	if err != nil {
		return nil, err
	}
	n, err := json.Marshal(int64(inner.number64))
	if err != nil {
		return nil, err
	}
	return k.normal(n)
}

// wrappedText is a text in a StringValue: one of these, or any.
type wrappedText []string

func (k wrappedText) normal(value json.RawMessage) (json.RawMessage, error) {
	return read(value, func(s *string) bool {
		return utf8.RuneCountInString(*s) <= maxText && (len(k) == 0 || slices.Contains(k, *s))
	})
}

func (wrappedText) encode(number protowire.Number, value json.RawMessage) ([]byte, error) {
	var s string
	err := json.Unmarshal(value, &s)
	return message(number, message(1, []byte(s))), err
}

func (k wrappedText) decode(values []field) (json.RawMessage, error) {
	inner, err := unwrapped(lastOf(values))
	if err != nil {
		return nil, err
	}
	s, err := json.Marshal(string(inner.bytes))
	if err != nil {
		return nil, err
	}
	return k.normal(s)
}

// choice is an enum, whose values have names in JSON.
type choice map[uint64]string

func (k choice) normal(value json.RawMessage) (json.RawMessage, error) {
	return read(value, func(name *string) bool { return k.value(*name) != 0 })
}

func (k choice) value(name string) uint64 {
	for value, one := range k {
		if one == name {
			return value
		}
	}
	return 0
}

func (k choice) encode(number protowire.Number, value json.RawMessage) ([]byte, error) {
	var name string
	err := json.Unmarshal(value, &name)
	return varint(number, k.value(name)), err
}

func (k choice) decode(values []field) (json.RawMessage, error) {
	name, known := k[lastOf(values).number64]
	if !known {
		return nil, ErrInvalid
	}
	return json.Marshal(name)
}

// idsKind is a list of ids, each a fixed64.
type idsKind struct{}

var ids idsKind

func (idsKind) normal(value json.RawMessage) (json.RawMessage, error) {
	return read(value, func(list *[]snowflake.ID) bool { return *list != nil && len(*list) <= maxIDs })
}

func (idsKind) encode(number protowire.Number, value json.RawMessage) ([]byte, error) {
	var list []snowflake.ID
	err := json.Unmarshal(value, &list)
	return packed(number, list), err
}

func (idsKind) decode(values []field) (json.RawMessage, error) {
	list, err := unpacked(values)
	if err != nil {
		return nil, err
	}
	return json.Marshal(list)
}

// packed is a list of ids as proto3 writes it.
func packed(number protowire.Number, list []snowflake.ID) []byte {
	var inner []byte
	for _, id := range list {
		inner = protowire.AppendFixed64(inner, uint64(id))
	}
	return message(number, inner)
}

// unpacked reads a list of ids in either form, packed or one field each.
func unpacked(values []field) ([]snowflake.ID, error) {
	list := []snowflake.ID{}
	for _, f := range values {
		data := f.bytes
		if f.kind == protowire.Fixed64Type {
			data = protowire.AppendFixed64(nil, f.number64)
		}
		for len(data) > 0 {
			id, n := protowire.ConsumeFixed64(data)
			if n < 0 || id > uint64(snowflake.Max) || len(list) == maxIDs {
				return nil, ErrInvalid
			}
			list, data = append(list, snowflake.ID(id)), data[n:]
		}
	}
	return list, nil
}
