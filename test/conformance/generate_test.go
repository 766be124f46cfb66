package conformance_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// generator makes values from schemas of the description. It knows the keywords that the request schemas use; what it
// makes is near to valid, not proven to be.
type generator struct {
	*rand.Rand
	doc *description
	ids []string // of things that exist
}

// maxDepth ends recursion through components.
const maxDepth = 7

func (g generator) value(schema any, depth int) any {
	s, ok := schema.(map[string]any)
	if !ok {
		return nil
	}
	if ref, ok := s["$ref"].(string); ok {
		target, _ := at(g.doc.root, strings.TrimPrefix(ref, "#"))
		return g.value(target, depth)
	}
	if value, ok := s["const"]; ok {
		return value
	}
	if list, ok := s["enum"].([]any); ok && len(list) > 0 {
		return list[g.IntN(len(list))]
	}
	for _, union := range []string{"oneOf", "anyOf"} {
		if branches, ok := s[union].([]any); ok {
			return g.value(branches[g.IntN(len(branches))], depth)
		}
	}
	switch g.kind(s["type"]) {
	case "boolean":
		return g.IntN(2) == 0
	case "integer":
		return g.integer(s)
	case "number":
		return g.Float64() * 100
	case "string":
		return g.text(s)
	case "array":
		return g.list(s, depth)
	case "object":
		return g.object(s, depth)
	}
	return nil
}

// kind picks one of a schema's types.
func (g generator) kind(of any) string {
	switch of := of.(type) {
	case string:
		return of
	case []any:
		return of[g.IntN(len(of))].(string)
	}
	return "null"
}

func (g generator) integer(s map[string]any) any {
	low, high := bound(s, "minimum", 0), bound(s, "maximum", 1<<20)
	switch g.IntN(4) {
	case 0:
		return low
	case 1:
		return high
	}
	if high <= low || high-low < 0 {
		return low
	}
	return low + g.Int64N(high-low)
}

// letters are worth more than ASCII: wide, combining, right to left, outside the basic plane, markup.
var letters = []rune("abcXYZ 019-_.:/@#<>&*`\"'\\\n\t가äß\u0301ش👍🏽\u200d\u202e")

func (g generator) text(s map[string]any) any {
	if s["format"] == "snowflake" {
		return g.ids[g.IntN(len(g.ids))]
	}
	switch s["format"] {
	case "date-time":
		return time.Now().Add(time.Duration(g.IntN(2000)-1000) * time.Hour).UTC().Format(time.RFC3339)
	case "uri":
		return "https://example.com/" + strconv.Itoa(g.Int())
	}
	if s["contentEncoding"] == "base64" {
		return pixel
	}
	if s["contentEncoding"] == "binary" {
		return []string{string(gif), "user_id\n" + g.ids[g.IntN(len(g.ids))] + "\n", "", "\x00\xff"}[g.IntN(4)]
	}
	low, high := bound(s, "minLength", 0), min(bound(s, "maxLength", 64), 4096)
	n := low
	switch g.IntN(8) {
	case 0:
		n = high
	default:
		n += g.Int64N(max(min(high-low, 24), 1))
	}
	text := make([]rune, n)
	for i := range text {
		text[i] = letters[g.IntN(len(letters))]
	}
	return string(text)
}

func (g generator) list(s map[string]any, depth int) any {
	low, high := bound(s, "minItems", 0), min(bound(s, "maxItems", 4), 4)
	if depth >= maxDepth {
		high = low
	}
	n := low + g.Int64N(max(high-low, 0)+1)
	list := make([]any, n)
	for i := range list {
		list[i] = g.value(s["items"], depth+1)
	}
	return list
}

func (g generator) object(s map[string]any, depth int) any {
	made := map[string]any{}
	required, _ := s["required"].([]any)
	properties, _ := s["properties"].(map[string]any)
	for _, name := range sorted(properties) { // not the map's order: a seed must make the same again
		if slices.Contains(required, any(name)) || depth < maxDepth && g.IntN(3) == 0 {
			made[name] = g.value(properties[name], depth+1)
		}
	}
	if rest, ok := s["additionalProperties"].(map[string]any); ok {
		for range g.IntN(3) {
			made[g.ids[g.IntN(len(g.ids))]] = g.value(rest, depth+1)
		}
	}
	return made
}

func bound(s map[string]any, key string, otherwise int64) int64 {
	number, ok := s[key].(json.Number)
	if !ok {
		return otherwise
	}
	n, err := number.Int64()
	if err != nil {
		return otherwise
	}
	return n
}

func sorted[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// hostile are values, as JSON, that break careless code wherever they stand.
var hostile = []json.RawMessage{}

func init() {
	for _, text := range []string{
		`null`, `true`, `""`, `" "`, `"0"`, `"-1"`, `"\u0000"`, `"a\u0000b"`, `"\ud800"`, `"\u202e"`, `"NaN"`, `"0x10"`, `"../../etc/passwd"`, `"'; --"`,
		`"18446744073709551615"`, `"18446744073709551616"`, `"data:image/png;base64,AAAA"`, `"` + strings.Repeat("x", 10_000) + `"`,
		`"` + strings.Repeat("가", 2_001) + `"`, `-1`, `0.5`, `1e400`, `-0`, `2147483648`, `-2147483649`, `9223372036854775807`,
		`9223372036854775808`, `18446744073709551615`, `99999999999999999999999999`, `[]`, `[null]`, `[[[]]]`, `{}`, `{"":null}`,
		`{"id":null,"type":"x"}`, `{"id":1,"id":2}`,
	} {
		hostile = append(hostile, json.RawMessage(text))
	}
}

// damage replaces, doubles, removes or adds one value somewhere in a tree and returns the tree.
func (g generator) damage(tree any) any {
	switch node := tree.(type) {
	case map[string]any:
		if len(node) == 0 || g.IntN(12) == 0 {
			node["unknown_"+strconv.Itoa(g.IntN(100))] = g.harm()
			return node
		}
		keys := sorted(node)
		key := keys[g.IntN(len(keys))]
		if g.IntN(12) == 0 {
			delete(node, key)
		} else {
			node[key] = g.damage(node[key])
		}
		return node
	case []any:
		if len(node) == 0 || g.IntN(4) == 0 {
			return g.harm()
		}
		i := g.IntN(len(node))
		if g.IntN(4) == 0 {
			return append(node, node[i])
		}
		node[i] = g.damage(node[i])
		return node
	}
	return g.harm()
}

func (g generator) harm() any { return hostile[g.IntN(len(hostile))] }
