package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"guildhall.chat/guildhall/internal/discord"
)

// Decode reads a JSON body into a struct. Unknown keys are ignored, as Discord does. NUL characters are dropped from
// all texts: Postgres can't keep them.
func Decode(body []byte, into any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	if !utf8.Valid(body) {
		return discord.ErrInvalidJSON
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(into); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || !json.Valid(body) {
			return discord.ErrInvalidJSON
		}
		if located := locate(body, reflect.TypeOf(into)); located != nil {
			return located
		}
		// What only the decoder sees: a key in another case, the first of two values of one key.
		return Single("", "BASE_TYPE_INVALID", "A value has the wrong form.")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return discord.ErrInvalidJSON
	}
	dropNUL(reflect.ValueOf(into))
	return nil
}

// mismatch is the problem of a value that is no t.
func mismatch(sent string, t reflect.Type) (code, message string) {
	kind := t.Kind()
	switch {
	case kind >= reflect.Int && kind <= reflect.Float64:
		return "NUMBER_TYPE_COERCE", "Value is not an integer of the allowed size."
	case reflect.PointerTo(t).Implements(decoder): // a form of its own, whatever it is kept in
	case kind == reflect.Slice || kind == reflect.Array:
		return "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"
	case kind == reflect.Struct || kind == reflect.Map:
		return "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"
	}
	return "BASE_TYPE_INVALID", fmt.Sprintf("Value of type %q is not valid here.", sent)
}

// escapedNUL is NUL inside raw JSON that is kept as it came.
var escapedNUL = []byte(`\u0000`)

func dropNUL(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			dropNUL(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				dropNUL(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if raw := v.Bytes(); v.CanSet() && bytes.Contains(raw, escapedNUL) {
				v.SetBytes(dropEscapedNUL(raw))
			}
			return
		}
		for i := range v.Len() {
			dropNUL(v.Index(i))
		}
	case reflect.String:
		if s := v.String(); v.CanSet() && strings.ContainsRune(s, 0) {
			v.SetString(strings.ReplaceAll(s, "\x00", ""))
		}
	}
}

// dropEscapedNUL leaves alone what only looks like one: an escaped backslash before u0000.
func dropEscapedNUL(raw []byte) []byte {
	kept := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		switch {
		case bytes.HasPrefix(raw[i:], escapedNUL):
			i += len(escapedNUL)
		case raw[i] == '\\' && i+1 < len(raw):
			kept = append(kept, raw[i], raw[i+1])
			i += 2
		default:
			kept = append(kept, raw[i])
			i++
		}
	}
	return kept
}
