package components

import (
	"encoding/json"
	"testing"

	"guildhall.chat/guildhall/api/form"
)

func TestComponentsAreCompleted(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		`[{"type":10}]`: `[{"id":1,"type":10}]`,
		`[{"type":10,"id":0},{"type":10,"id":1},{"type":10}]`:             `[{"id":2,"type":10},{"id":1,"type":10},{"id":3,"type":10}]`,
		`[{"type":1,"components":[{"type":5,"max_values":3}]}]`:           `[{"components":[{"id":2,"max_values":3,"min_values":1,"type":5}],"id":1,"type":1}]`,
		`[{"type":9,"accessory":{"type":11},"components":[{"type":10}]}]`: `[{"accessory":{"id":2,"type":11},"components":[{"id":3,"type":10}],"id":1,"type":9}]`,
	} {
		var p form.Problems
		if got := Check(&p, json.RawMessage(sent), 0); string(got) != want || p.Err() != nil {
			t.Errorf("%s\n got %s, %v\nwant %s", sent, got, p.Err(), want)
		}
	}
}

func TestComponentIDsAreChecked(t *testing.T) {
	t.Parallel()
	for _, sent := range []string{
		`[{"type":10,"id":5},{"type":1,"components":[{"type":2,"id":5}]}]`, `[{"type":10,"id":-1}]`, `[{"type":10,"id":"1"}]`,
		`[{"type":10,"id":0.5}]`, `[{"type":10,"id":2147483648}]`,
	} {
		var p form.Problems
		if Check(&p, json.RawMessage(sent), 0); p.Err() == nil {
			t.Errorf("%s was accepted", sent)
		}
	}
}

func TestAComponentThatIsNoObjectIsRefused(t *testing.T) {
	t.Parallel()
	for _, sent := range []string{`[null]`, `[{"type":1,"components":[null,1]}]`, `[{"type":5.5}]`, `[{"type":1,"components":["x"]}]`} {
		var p form.Problems
		if Check(&p, json.RawMessage(sent), 0); p.Err() == nil {
			t.Errorf("%s was accepted", sent)
		}
	}
}
