// Package form checks what clients send and says in Discord's way what is wrong with it: a tree that mirrors the
// request, with {"_errors": [...]} at its leaves.
//
// Bodies are decoded into structs whose fields are Field[T] where "absent" differs from "null"; a Problems then collects
// everything that is wrong, so that a client learns all of it at once.
package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
)

// Field is a field of a body that may be absent. With a pointer as T, null is a value of its own; with anything else,
// null counts as absent.
type Field[T any] struct {
	Set   bool
	Value T
}

// UnmarshalJSON is called only when the key is there.
func (f *Field[T]) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		f.Set = reflect.TypeFor[T]().Kind() == reflect.Pointer
		return nil
	}
	if err := json.Unmarshal(b, &f.Value); err != nil {
		return typeError(err, b, reflect.TypeFor[T]())
	}
	f.Set = true
	return nil
}

// MarshalJSON writes the value. What is kept as it was sent has omitzero in its tag, so that an absent field stays absent.
func (f Field[T]) MarshalJSON() ([]byte, error) { return json.Marshal(f.Value) }

// inner is the type of the value, for saying where in it something is wrong.
func (Field[T]) inner() reflect.Type { return reflect.TypeFor[T]() }

// Or is the value, or what to use when there is none.
func (f Field[T]) Or(otherwise T) T {
	if f.Set {
		return f.Value
	}
	return otherwise
}

// Apply sets *to if the field was sent, and reports whether it was.
func (f Field[T]) Apply(to *T) bool {
	if f.Set {
		*to = f.Value
	}
	return f.Set
}

// typeError makes encoding/json add the field's path to an error that a type's own decoder returned.
func typeError(err error, value []byte, t reflect.Type) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return wrong
	}
	return &json.UnmarshalTypeError{Value: kindOf(value), Type: t}
}

func kindOf(b []byte) string {
	switch {
	case len(b) == 0:
		return "nothing"
	case b[0] == '"':
		return "string"
	case b[0] == '{':
		return "object"
	case b[0] == '[':
		return "array"
	case b[0] == 't', b[0] == 'f':
		return "bool"
	}
	return "number"
}

// Int is an integer that may be sent as a numeric string, as Discord allows everywhere.
type Int int64

// UnmarshalJSON accepts 12 and "12".
func (i *Int) UnmarshalJSON(b []byte) error {
	digits := bytes.Trim(b, `"`)
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil || (len(digits) != len(b) && len(digits)+2 != len(b)) {
		return &json.UnmarshalTypeError{Value: kindOf(b), Type: reflect.TypeFor[Int]()}
	}
	*i = Int(n)
	return nil
}

// Bool is a boolean that may be sent as text, as in the fields of a form.
type Bool bool

// UnmarshalJSON accepts true and "true", "1", and their opposites.
func (v *Bool) UnmarshalJSON(b []byte) error {
	switch string(bytes.Trim(b, `"`)) {
	case "true", "True", "1":
		*v = true
	case "false", "False", "0":
		*v = false
	default:
		return &json.UnmarshalTypeError{Value: kindOf(b), Type: reflect.TypeFor[bool]()}
	}
	return nil
}
