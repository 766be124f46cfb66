package controller

import "testing"

func TestDifferenceIsNamed(t *testing.T) {
	t.Parallel()
	type m = map[string]any
	type l = []any
	want := m{"spec": m{"replicas": int64(2), "containers": l{m{"name": "a", "image": "x"}, m{"name": "b", "args": l{"1", "2"}}}}}
	for path, have := range map[string]any{
		".":                           "text",
		".spec":                       m{},
		".spec.replicas":              m{"spec": m{"replicas": int64(3), "containers": want["spec"].(m)["containers"]}},
		".spec.containers[0].image":   m{"spec": m{"replicas": int64(2), "containers": l{m{"name": "a", "image": "y"}, m{"name": "b", "args": l{"1", "2"}}}}},
		".spec.containers[1].args[1]": m{"spec": m{"replicas": int64(2), "containers": l{m{"name": "a", "image": "x"}, m{"name": "b", "args": l{"1"}}}}},
		"":                            want,
	} {
		if got := difference(have, want); got != path {
			t.Errorf("got %q, want %q", got, path)
		}
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	type m = map[string]any
	type l = []any
	for name, c := range map[string]struct {
		have, want any
		covered    bool
	}{
		"the same":             {m{"a": "b"}, m{"a": "b"}, true},
		"a default more":       {m{"a": "b", "c": "d"}, m{"a": "b"}, true},
		"another value":        {m{"a": "x"}, m{"a": "b"}, false},
		"a field less":         {m{}, m{"a": "b"}, false},
		"an empty field":       {m{}, m{"a": m{}}, true},
		"a list":               {l{"a", "b"}, l{"a", "b"}, true},
		"another order":        {l{"b", "a"}, l{"a", "b"}, false},
		"a shorter list":       {l{"a"}, l{"a", "b"}, false},
		"an item with more":    {l{m{"name": "a", "x": "y"}}, l{m{"name": "a"}}, true},
		"an item before it":    {l{m{"name": "b"}, m{"name": "a", "v": "1"}}, l{m{"name": "a", "v": "1"}}, true},
		"an item gone":         {l{m{"name": "b"}}, l{m{"name": "a"}}, false},
		"a number, two types":  {m{"n": int64(3)}, m{"n": float64(3)}, true},
		"another number":       {m{"n": int64(3)}, m{"n": int64(4)}, false},
		"text for a number":    {m{"n": "3"}, m{"n": int64(3)}, false},
		"a text for an object": {m{"a": "b"}, m{"a": m{"b": "c"}}, false},
		"nothing at all":       {nil, m{"a": "b"}, false},
	} {
		if have := covers(c.have, c.want); have != c.covered {
			t.Errorf("%s: %v", name, have)
		}
	}
}
