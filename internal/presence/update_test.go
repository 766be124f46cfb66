package presence

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

var now = time.UnixMilli(1767323045000)

func TestParseUpdate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct {
		bot  bool
		json string
	}{
		`{"status":"dnd","since":null,"afk":false,"activities":[]}`: {true, `{"status":"dnd","activities":[],"client":"web"}`},
		`{"status":"idle","since":91879201,"game":{"name":"x"}}`:    {true, `{"status":"idle","activities":[],"since":91879201,"client":"web"}`},
		`{"status":"","since":0,"activities":null}`:                 {true, `{"status":"online","activities":[],"client":"web"}`},
		`{"since":-5.5}`:         {false, `{"status":"online","activities":[],"client":"web"}`},
		`{"since":1e300}`:        {false, `{"status":"online","activities":[],"client":"web"}`},
		`{"status":"invisible"}`: {false, `{"status":"invisible","activities":[],"client":"web"}`},
		`{"activities":[{"name":"a","type":4,"state":"s","url":"u","created_at":"0001-01-01T00:00:00Z","party":{"id":"1"}}]}`: {
			true, `{"status":"online","activities":[{"name":"a","type":4,"state":"s","url":"u","created_at":1767323045000}],"client":"web"}`,
		},
		`{"activities":[{"name":"a","type":0,"party":{"id":"1"}}]}`: {
			false, `{"status":"online","activities":[{"name":"a","type":0,"party":{"id":"1"}}],"client":"web"}`,
		},
	} {
		u, err := ParseUpdate([]byte(in), Web, want.bot, now)
		if got, _ := json.Marshal(u); err != nil || string(got) != want.json {
			t.Errorf("%s: got %s, %v, want %s", in, got, err, want.json)
		}
	}
	activity := func(fields string) string { return `{"activities":[{"name":"a"` + fields + `}]}` }
	for name, in := range map[string]string{
		"no JSON":             `{`,
		"no object":           `[]`,
		"unknown status":      `{"status":"busy"}`,
		"status no string":    `{"status":1}`,
		"since no number":     `{"since":"soon"}`,
		"activities no list":  `{"activities":{}}`,
		"activity no object":  `{"activities":["x"]}`,
		"activity null":       `{"activities":[null]}`,
		"unknown type":        activity(`,"type":6`),
		"negative type":       activity(`,"type":-1`),
		"type no number":      activity(`,"type":"game"`),
		"name too long":       `{"activities":[{"name":"` + strings.Repeat("é", 129) + `"}]}`,
		"state too long":      activity(`,"state":"` + strings.Repeat("x", 129) + `"`),
		"url too long":        activity(`,"url":"` + strings.Repeat("x", 513) + `"`),
		"too many activities": `{"activities":[` + strings.Repeat(`{},`, 16) + `{}]}`,
		"too many bytes":      activity(`,"x":"` + strings.Repeat("x", maxActivityBytes) + `"`),
	} {
		if u, err := ParseUpdate([]byte(in), Web, false, now); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %+v, %v", name, u, err)
		}
	}
	longest := activity(`,"state":"` + strings.Repeat("é", 128) + `","url":"` + strings.Repeat("x", 512) + `"`)
	if _, err := ParseUpdate([]byte(longest), Web, true, now); err != nil {
		t.Errorf("at the bounds: %v", err)
	}
}

func FuzzParseUpdate(f *testing.F) {
	f.Add([]byte(`{"status":"dnd","since":1,"activities":[{"name":"a","type":4,"state":"s"}]}`), true)
	f.Add([]byte(`{"activities":[null]}`), false)
	f.Fuzz(func(t *testing.T, data []byte, bot bool) {
		u, err := ParseUpdate(data, Web, bot, now)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		entry, err := encodeEntry("lease", Session{ID: "s", Update: u})
		if err != nil || len(entry) > 6*maxActivityBytes+200 { // escaped < has six bytes
			t.Fatalf("%q: an entry of %d bytes, %v", data, len(entry), err)
		}
		sessions, err := decodeSessions(map[string]string{"s": entry})
		if err != nil || len(sessions) != 1 {
			t.Fatalf("%q: read back as %v, %v", data, sessions, err)
		}
		if _, err := Aggregate(sessions).Event(1, 2); err != nil {
			t.Fatalf("%q: %v", data, err)
		}
	})
}
