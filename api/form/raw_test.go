package form

import (
	"encoding/json"
	"testing"
)

func TestNULIsDroppedFromRawJSON(t *testing.T) {
	t.Parallel()
	var got struct{ Raw json.RawMessage }
	body := `{"raw":{"nul":"a\u0000b","looks like it":"\\u0000","both":"\\\u0000"}}`
	if err := Decode([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	var texts map[string]string
	if err := json.Unmarshal(got.Raw, &texts); err != nil {
		t.Fatalf("%s: %v", got.Raw, err)
	}
	if texts["nul"] != "ab" || texts["looks like it"] != `\u0000` || texts["both"] != `\` {
		t.Errorf("%q", texts)
	}
}

func TestBoolMayBeText(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{`true`: true, `"true"`: true, `"1"`: true, `false`: false, `"False"`: false} {
		got := Bool(!want)
		if err := json.Unmarshal([]byte(body), &got); err != nil || bool(got) != want {
			t.Errorf("%s: %t, %v", body, got, err)
		}
	}
	for _, body := range []string{`"yes"`, `2`, `{}`, `""`} {
		if err := json.Unmarshal([]byte(body), new(Bool)); err == nil {
			t.Errorf("%s was accepted", body)
		}
	}
}
