package conformance_test

import "strings"

const schemas = "/components/schemas/"

// see notes which of the description's object schemas a part of a valid answer conforms to. Of a union it counts only the
// branches that the value conforms to.
func (s *suite) see(schema, value any) {
	node, ok := schema.(map[string]any)
	if !ok || value == nil {
		return
	}
	if ref, ok := node["$ref"].(string); ok {
		pointer := strings.TrimPrefix(ref, "#")
		if s.doc.validate(pointer, value) != nil {
			return
		}
		if _, ok := value.(map[string]any); ok {
			s.models[strings.TrimPrefix(pointer, schemas)] = true
		}
		target, _ := at(s.doc.root, pointer)
		s.see(target, value)
		return
	}
	for _, union := range []string{"oneOf", "anyOf", "allOf"} {
		branches, _ := node[union].([]any)
		for _, branch := range branches {
			s.see(branch, value)
		}
	}
	switch value := value.(type) {
	case map[string]any:
		properties, _ := node["properties"].(map[string]any)
		for name, part := range value {
			if property, ok := properties[name]; ok {
				s.see(property, part)
			} else {
				s.see(node["additionalProperties"], part)
			}
		}
	case []any:
		for _, element := range value {
			s.see(node["items"], element)
		}
	}
}

// models lists the object schemas that the successes of operations in scope are made of.
func (d *description) models() map[string]bool {
	found, visited := map[string]bool{}, map[string]bool{}
	var visit func(node any)
	visit = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			if ref, ok := node["$ref"].(string); ok && !visited[ref] {
				visited[ref] = true
				pointer := strings.TrimPrefix(ref, "#")
				target, _ := at(d.root, pointer)
				if fields, ok := target.(map[string]any); ok && strings.HasPrefix(pointer, schemas) && fields["properties"] != nil {
					found[strings.TrimPrefix(pointer, schemas)] = true
				}
				visit(target)
			}
			for _, part := range node {
				visit(part)
			}
		case []any:
			for _, part := range node {
				visit(part)
			}
		}
	}
	for _, operation := range d.operations() {
		if outOfScope(operation) != "" {
			continue
		}
		responses, _ := at(d.root, pointerTo(operation)+"/responses")
		for status, response := range responses.(map[string]any) {
			if strings.HasPrefix(status, "2") {
				visit(response)
			}
		}
	}
	return found
}
