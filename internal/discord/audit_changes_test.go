package discord

import (
	"encoding/json"
	"testing"
)

func TestAuditChangesListsOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	topic, none := "new", (*string)(nil)
	before := Channel{ID: 1, Name: &topic, Topic: &none}
	after := before
	value := &topic
	after.Topic = &value
	for name, test := range map[string]struct {
		before, after any
		want          string
	}{
		"changed":   {before, after, `[{"key":"topic","new_value":"new"}]`},
		"unset":     {after, before, `[{"key":"topic","old_value":"new"}]`},
		"unchanged": {before, before, `null`},
		"created":   {nil, before, `[{"key":"name","new_value":"new"}]`},
		"deleted":   {before, nil, `[{"key":"name","old_value":"new"}]`},
	} {
		got, err := AuditChanges(test.before, test.after, "name", "topic", "position")
		if err != nil {
			t.Fatal(err)
		}
		if encoded, _ := json.Marshal(got); string(encoded) != test.want {
			t.Errorf("%s: %s, expected %s", name, encoded, test.want)
		}
	}
}
