package form

import (
	"encoding/json"
	"reflect"
	"strings"
)

// maxLocated bounds how many values of a wrong type are told at once.
const maxLocated = 25

// locate says of each value of a body that doesn't fit its place in t where it stands, with the indexes of lists, which
// encoding/json doesn't tell. It runs only for bodies that couldn't be decoded, and returns nil where it finds nothing.
func locate(body []byte, t reflect.Type) error {
	l := locator{problems: &Problems{}}
	l.value("", body, t)
	return l.problems.Err()
}

// Part decodes a part of a body that was kept as it came, and reports whether it could; what doesn't fit is noted at path
// and below it.
func (p *Problems) Part(path string, raw json.RawMessage, into any) bool {
	if json.Unmarshal(raw, into) == nil {
		return true
	}
	l := locator{problems: p}
	l.value(path, raw, reflect.TypeOf(into))
	if l.found == 0 {
		p.Add(path, "BASE_TYPE_INVALID", "A value has the wrong form.")
	}
	return false
}

type locator struct {
	problems *Problems
	found    int
}

var (
	decoder = reflect.TypeFor[json.Unmarshaler]()
	wrapper = reflect.TypeFor[interface{ inner() reflect.Type }]()
)

func (l *locator) value(path string, raw json.RawMessage, t reflect.Type) {
	if l.found >= maxLocated {
		return
	}
	isNull := string(raw) == "null"
	switch {
	case t.Implements(wrapper):
		if !isNull {
			l.value(path, raw, reflect.Zero(t).Interface().(interface{ inner() reflect.Type }).inner())
		}
	case t.Kind() == reflect.Pointer:
		if !isNull {
			l.value(path, raw, t.Elem())
		}
	case reflect.PointerTo(t).Implements(decoder):
		l.leaf(path, raw, t)
	case isNull:
	case t.Kind() == reflect.Struct:
		l.fields(path, raw, t)
	case t.Kind() == reflect.Slice:
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			l.add(path, raw, t)
		}
		for i := range list {
			l.value(At(path, i), list[i], t.Elem())
		}
	default:
		l.leaf(path, raw, t)
	}
}

func (l *locator) fields(path string, raw json.RawMessage, t reflect.Type) {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		l.add(path, raw, t)
		return
	}
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case field.Anonymous && name == "":
			l.value(path, raw, field.Type)
		case object[name] != nil:
			l.value(At(path, name), object[name], field.Type)
		}
	}
}

func (l *locator) leaf(path string, raw json.RawMessage, t reflect.Type) {
	if json.Unmarshal(raw, reflect.New(t).Interface()) != nil {
		l.add(path, raw, t)
	}
}

func (l *locator) add(path string, raw json.RawMessage, t reflect.Type) {
	l.found++
	code, message := mismatch(kindOf(raw), t)
	l.problems.Add(path, code, message)
}
