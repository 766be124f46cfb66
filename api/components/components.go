// Package components checks the components of messages and modals.
// https://discord.com/developers/docs/components/reference
package components

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
)

// Limits of components.
// https://discord.com/developers/docs/components/reference#what-is-a-component
const (
	maxRows           = 5  // top-level components of a legacy message
	maxComponents     = 40 // all components of a v2 message
	maxComponentDepth = 12 // of objects and lists in each other
	maxComponentBytes = 48 << 10
)

// component is kept as it came, but for what it leaves out: what its fields mean is between the bot and the clients.
type component map[string]any

// selects are the types of component in which one chooses: of texts, users, roles, both, channels.
// https://discord.com/developers/docs/components/reference#component-object-component-types
var selects = []int{3, 5, 6, 7, 8}

// Check checks the frame of all components: objects with a type, bounded in number, depth and size. It returns them as they
// are kept, with an id each.
func Check(p *form.Problems, raw json.RawMessage, flags int) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return discord.EmptyList
	}
	if len(raw) > maxComponentBytes {
		p.Add("components", "BASE_TYPE_MAX_LENGTH", fmt.Sprintf("Components are at most %d bytes.", maxComponentBytes))
		return nil
	}
	var list []component
	if err := json.Unmarshal(raw, &list); err != nil {
		p.Add("components", "LIST_TYPE_CONVERT", "Only lists of objects may be used here.")
		return nil
	}
	if flags&discord.MessageFlagComponentsV2 == 0 {
		p.Max("components", len(list), maxRows)
	}
	w := componentWalk{problems: p}
	for i, c := range list {
		w.component(form.At("components", i), c, 1)
	}
	if w.count > maxComponents {
		p.Add("components", "BASE_TYPE_BAD_LENGTH", fmt.Sprintf("A message has at most %d components.", maxComponents))
	}
	if len(list) == 0 {
		return discord.EmptyList
	}
	w.complete()
	// Encoded anew: what Go's decoder took for text and number Postgres takes too.
	encoded, err := json.Marshal(list)
	if err != nil {
		p.Add("components", "BASE_TYPE_INVALID", "Components cannot be kept in this form.")
	}
	return encoded
}

// componentWalk counts components and checks that each has a type.
type componentWalk struct {
	problems *form.Problems
	count    int
	open     []component  // without an id of their own, in order
	ids      map[int]bool // taken
}

func (w *componentWalk) component(path string, fields component, depth int) {
	w.count++
	kind, ok := whole(fields["type"])
	if !ok || kind < 1 || kind > 1000 {
		w.problems.Required(form.At(path, "type"))
	}
	w.id(path, fields)
	if slices.Contains(selects, kind) {
		for _, key := range []string{"min_values", "max_values"} {
			if fields[key] == nil {
				fields[key] = 1
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		value := fields[key]
		at := form.At(path, key)
		object, isObject := value.(map[string]any)
		list, isList := value.([]any)
		switch {
		case key == "components" && isList:
			for i, item := range list {
				child, _ := item.(map[string]any)
				w.child(form.At(at, i), child, depth)
			}
		case (key == "component" || key == "accessory") && isObject:
			w.child(at, object, depth)
		default:
			w.other(at, value, depth+1)
		}
	}
}

// id notes a component's id. It is unique in the message; absent or 0, it is given.
// https://discord.com/developers/docs/components/reference#anatomy-of-a-component
func (w *componentWalk) id(path string, fields component) {
	n, ok := whole(fields["id"])
	switch {
	case fields["id"] == nil || ok && n == 0:
		if fields != nil { // what is no object has been refused for want of a type
			w.open = append(w.open, fields)
		}
	case !ok || n < 0 || n > math.MaxInt32:
		w.problems.Add(form.At(path, "id"), "NUMBER_TYPE_COERCE", "Value is not an integer of the allowed size.")
	case w.ids[n]:
		w.problems.Add(form.At(path, "id"), "COMPONENT_ID_DUPLICATED", "Component ids are unique in a message.")
	default:
		if w.ids == nil {
			w.ids = map[int]bool{}
		}
		w.ids[n] = true
	}
}

// complete gives ids to the components without one: from 1, in order, leaving out those taken.
func (w *componentWalk) complete() {
	next := 1
	for _, fields := range w.open {
		for w.ids[next] {
			next++
		}
		fields["id"] = next
		next++
	}
}

// whole returns a number without a fraction.
func whole(v any) (int, bool) {
	n, isNumber := v.(float64)
	return int(n), isNumber && n == float64(int(n))
}

func (w *componentWalk) child(path string, fields component, depth int) {
	if !w.tooDeep(path, depth+2) {
		w.component(path, fields, depth+2)
	}
}

// other bounds the depth of what is no component: options, media, whatever comes.
func (w *componentWalk) other(path string, value any, depth int) {
	if w.tooDeep(path, depth) {
		return
	}
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			w.other(form.At(path, key), inner, depth+1)
		}
	case []any:
		for i, inner := range v {
			w.other(form.At(path, i), inner, depth+1)
		}
	}
}

func (w *componentWalk) tooDeep(path string, depth int) bool {
	if depth > maxComponentDepth {
		w.problems.Add(path, "BASE_TYPE_BAD_VALUE", "Components are nested too deeply.")
		return true
	}
	return false
}
