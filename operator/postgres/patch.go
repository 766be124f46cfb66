package postgres

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Patch returns the merge patch (RFC 7396) that makes the shared configuration as wanted, nil if it is. Parameters of
// PostgreSQL that are not wanted go; other keys that are not mentioned stay, such as an administrator's pause.
func Patch(have, wanted map[string]any) (map[string]any, error) {
	// As Patroni would read it: 20 is 20.0.
	content, err := json.Marshal(wanted)
	if err != nil {
		return nil, fmt.Errorf("encode Patroni's configuration: %w", err)
	}
	var want map[string]any
	if err := json.Unmarshal(content, &want); err != nil {
		return nil, fmt.Errorf("encode Patroni's configuration: %w", err)
	}
	patch := merge(have, want)
	wantParameters := dig(want, "postgresql", "parameters")
	haveParameters := dig(have, "postgresql", "parameters")
	for name := range haveParameters {
		if _, wanted := wantParameters[name]; !wanted {
			set(patch, nil, "postgresql", "parameters", name)
		}
	}
	if len(patch) == 0 {
		return nil, nil
	}
	return patch, nil
}

// merge returns what of want is not so in have.
func merge(have, want map[string]any) map[string]any {
	patch := map[string]any{}
	for key, wanted := range want {
		object, isObject := wanted.(map[string]any)
		if !isObject {
			if !reflect.DeepEqual(have[key], wanted) {
				patch[key] = wanted
			}
			continue
		}
		inner, _ := have[key].(map[string]any)
		if change := merge(inner, object); len(change) > 0 {
			patch[key] = change
		}
	}
	return patch
}

// dig returns the object at the path, nil if there is none.
func dig(object map[string]any, path ...string) map[string]any {
	for _, key := range path {
		inner, is := object[key].(map[string]any)
		if !is {
			return nil
		}
		object = inner
	}
	return object
}

func set(object map[string]any, value any, path ...string) {
	for _, key := range path[:len(path)-1] {
		inner, is := object[key].(map[string]any)
		if !is {
			inner = map[string]any{}
			object[key] = inner
		}
		object = inner
	}
	object[path[len(path)-1]] = value
}
