package form

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/snowflake"
)

type part struct {
	ID   snowflake.ID        `json:"id"`
	Flag Field[Bool]         `json:"flag"`
	Tags Field[[]Field[Int]] `json:"tags"`
}

type whole struct {
	part
	Name  Field[*string] `json:"name"`
	Parts Field[[]part]  `json:"parts"`
	Ref   *part          `json:"ref"`
}

func TestEveryWrongTypeIsTold(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"name":1}`:                                 `{"name":BASE_TYPE_INVALID}`,
		`{"id":"x","name":[]}`:                       `{"id":NUMBER_TYPE_COERCE,"name":BASE_TYPE_INVALID}`,
		`{"parts":{}}`:                               `{"parts":LIST_TYPE_CONVERT}`,
		`{"parts":[{"id":1},2,{"id":{}}]}`:           `{"parts":{"1":DICT_TYPE_CONVERT,"2":{"id":NUMBER_TYPE_COERCE}}}`,
		`{"parts":[{"tags":[1,"2",null,"x",true]}]}`: `{"parts":{"0":{"tags":{"3":NUMBER_TYPE_COERCE,"4":NUMBER_TYPE_COERCE}}}}`,
		`{"ref":{"flag":"maybe"},"name":null}`:       `{"ref":{"flag":BASE_TYPE_INVALID}}`,
		`{"NAME":1}`:                                 `BASE_TYPE_INVALID`,
		`[]`:                                         `DICT_TYPE_CONVERT`,
		`"x"`:                                        `DICT_TYPE_CONVERT`,
	} {
		if got := shape(t, Decode([]byte(body), new(whole))); got != want {
			t.Errorf("%s\n got %s\nwant %s", body, got, want)
		}
	}
}

func TestWrongTypesAreBounded(t *testing.T) {
	t.Parallel()
	body := `{"tags":[` + strings.Repeat(`"x",`, 10_000) + `1]}`
	if got := strings.Count(shape(t, Decode([]byte(body), new(whole))), "NUMBER_TYPE_COERCE"); got != maxLocated {
		t.Errorf("%d problems", got)
	}
}

func TestProblemsOfAFieldHideThoseBelow(t *testing.T) {
	t.Parallel()
	for _, paths := range [][]string{{"a.0.b", "a", "a"}, {"a", "a.0.b", "a"}} {
		var p Problems
		for _, path := range paths {
			p.Add(path, "X", "")
		}
		if got := shape(t, p.Err()); got != `{"a":X,X}` {
			t.Errorf("%q: %s", paths, got)
		}
	}
}

// shape writes an error tree with the codes at its leaves.
func shape(t *testing.T, err error) string {
	t.Helper()
	encoded, _ := json.Marshal(err)
	var e struct {
		Errors any `json:"errors"`
	}
	if json.Unmarshal(encoded, &e) != nil || e.Errors == nil {
		t.Fatalf("no error tree: %v", err)
	}
	return leaves(e.Errors)
}

func leaves(node any) string {
	fields := node.(map[string]any)
	if own, ok := fields["_errors"].([]any); ok && len(fields) == 1 {
		var codes []string
		for _, problem := range own {
			codes = append(codes, fmt.Sprint(problem.(map[string]any)["code"]))
		}
		return strings.Join(codes, ",")
	}
	texts := make([]string, 0, len(fields))
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		texts = append(texts, fmt.Sprintf("%q:%s", key, leaves(fields[key])))
	}
	return "{" + strings.Join(texts, ",") + "}"
}
