package settings

import (
	"encoding/json"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Legacy is the JSON object, or a part of it.
type Legacy map[string]json.RawMessage

// ErrInvalid says that a value is none that its key can have.
var ErrInvalid = errors.New("settings: invalid value")

// InvalidKeyError is the ErrInvalid of one key.
type InvalidKeyError struct{ Name string }

func (e InvalidKeyError) Error() string { return fmt.Sprintf("%v of %s", ErrInvalid, e.Name) }

// Unwrap makes it an ErrInvalid.
func (e InvalidKeyError) Unwrap() error { return ErrInvalid }

// ReadLegacy keeps of what a client sent the keys that are known, each in the one form that it has here. The errors are
// InvalidKeyError, one for each value that is none.
func ReadLegacy(sent map[string]json.RawMessage) (Legacy, []InvalidKeyError) {
	known := Legacy{}
	var invalid []InvalidKeyError
	for _, k := range keys {
		value, has := sent[k.name]
		if !has {
			continue
		}
		normal, err := k.kind.normal(value)
		if err != nil {
			invalid = append(invalid, InvalidKeyError{k.name})
			continue
		}
		known[k.name] = normal
	}
	return known, invalid
}

// Whole returns the object with all keys; what is not set has its default.
func (l Legacy) Whole() Legacy {
	whole := Legacy{}
	for _, k := range keys {
		if value, set := l[k.name]; set {
			whole[k.name] = value
		} else {
			whole[k.name] = json.RawMessage(k.fallback)
		}
	}
	return whole
}

// Merge returns the object with the keys of another in it.
func (l Legacy) Merge(other Legacy) Legacy {
	merged := Legacy{}
	for _, from := range []Legacy{l, other} {
		for name, value := range from {
			merged[name] = value
		}
	}
	return merged
}

// Encode returns the top-level fields of the preloaded settings that mean what l says, complete: with what else is in them.
// They are the patch that makes the protocol buffer say the same.
func (l Legacy) Encode(preloaded Proto) (patch Proto) {
	inner := map[protowire.Number]Proto{}
	var order []protowire.Number
	for _, k := range keys {
		value, set := l[k.name]
		if !set || k.at.top == 0 {
			continue
		}
		message, begun := inner[k.at.top]
		if !begun {
			message = preloaded.message(k.at.top)
			order = append(order, k.at.top)
		}
		message = message.without(k.at.field)
		if encoded, err := k.kind.encode(k.at.field, value); err == nil {
			message = message.with(encoded)
		}
		inner[k.at.top] = message
	}
	for _, top := range order {
		patch = patch.with(protowire.AppendBytes(protowire.AppendTag(nil, top, protowire.BytesType), inner[top].Bytes()))
	}
	return patch
}

// Decode returns the keys that mean what a patch of the preloaded settings says. A top-level field replaces what there was,
// so what it lacks has its default again.
func (p Proto) Decode() Legacy {
	said := Legacy{}
	for _, k := range keys {
		if k.at.top == 0 || !p.has(k.at.top) {
			continue
		}
		said[k.name] = json.RawMessage(k.fallback)
		values := p.message(k.at.top).all(k.at.field)
		if len(values) == 0 {
			continue
		}
		if value, err := k.kind.decode(values); err == nil {
			said[k.name] = value
		}
	}
	return said
}
