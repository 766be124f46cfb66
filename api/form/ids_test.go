package form

import (
	"slices"
	"testing"

	"guildhall.chat/guildhall/internal/snowflake"
)

func TestIDs(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]IDs{
		`["1",2]`: {1, 2}, `"1, 2,"`: {1, 2}, `""`: nil, `[]`: {}, `"x"`: nil, `["x"]`: nil, `{}`: nil,
	} {
		var body struct{ IDs Field[IDs] }
		err := Decode([]byte(`{"ids":`+sent+`}`), &body)
		if wrong := sent == `"x"` || sent == `["x"]` || sent == `{}`; wrong != (err != nil) {
			t.Errorf("%s: %v", sent, err)
		} else if !wrong && !slices.Equal([]snowflake.ID(body.IDs.Value), []snowflake.ID(want)) {
			t.Errorf("%s: %v", sent, body.IDs.Value)
		}
	}
}
