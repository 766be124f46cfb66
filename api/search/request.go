package search

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strings"

	"guildhall.chat/guildhall/api/form"
)

// lists are the fields of a filter that hold several values.
var lists = func() map[string]bool {
	names := map[string]bool{}
	t := reflect.TypeFor[filter]()
	for i := range t.NumField() {
		if f := t.Field(i); f.Type.Kind() == reflect.Slice {
			names[f.Tag.Get("json")] = true
		}
	}
	return names
}()

// fromQuery reads a filter from the query of a request, where a list is a key that is repeated, and some clients add "[]".
// It goes through the form of a body, so that both are decoded and refused alike.
func fromQuery(values url.Values) (*filter, error) {
	fields := map[string]any{}
	for key, list := range values {
		key = strings.TrimSuffix(key, "[]")
		switch {
		case lists[key]:
			fields[key] = list
		case len(list) > 0 && list[0] != "":
			fields[key] = list[0]
		}
	}
	encoded, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	f := &filter{}
	return f, form.Decode(encoded, f)
}
