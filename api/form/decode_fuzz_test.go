package form

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// FuzzDecode: whatever a body holds, it is refused as the client's mistake or read into values that can be stored.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"name":"a\u0000b","count":"12","ids":["1",2]}`, `{"name":null,"topic":null}`,
		`{"nested":[{"allow":"8","deny":1e3},{"allow":true}]}`, `{"raw":{"a":"\\u0000"}}`, `{"raw":"\u0000"}`,
		`{"name":"\ud800"}`, `{"count":-9223372036854775809}`, `{"name":1,"name":"x"} {}`, "{\"name\":\"\xff\"}",
		strings.Repeat(`{"raw":[`, 500), `{"ids":[[[["1"]]]]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var into struct {
			Name   Field[string]         `json:"name"`
			Topic  Field[*string]        `json:"topic"`
			Count  Field[Int]            `json:"count"`
			IDs    Field[[]snowflake.ID] `json:"ids"`
			Nested []struct {
				Allow Field[permissions.Set] `json:"allow"`
				Deny  permissions.Set        `json:"deny"`
			} `json:"nested"`
			Raw json.RawMessage `json:"raw"`
		}
		err := Decode(body, &into)
		if err != nil {
			var e *discord.Error
			if !errors.As(err, &e) || e.Status != 400 {
				t.Fatalf("%v", err)
			}
			if _, err := json.Marshal(e); err != nil {
				t.Fatalf("the refusal can't be told: %v", err)
			}
			return
		}
		if strings.ContainsRune(into.Name.Value, 0) || into.Topic.Value != nil && strings.ContainsRune(*into.Topic.Value, 0) {
			t.Errorf("NUL in %q", into.Name.Value)
		}
		if len(into.Raw) > 0 && !json.Valid(into.Raw) {
			t.Errorf("raw JSON was broken: %q", into.Raw)
		}
	})
}
