package codec

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
)

func TestDecodeFrame(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return `{"op":1,"d":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}` }
	padded := func(size int) string {
		frame := `{"op":1,"d":""}`
		return `{"op":1,"d":"` + strings.Repeat("x", size-len(frame)) + `"}`
	}
	for _, test := range []struct {
		name, in string
		op       discord.Opcode
		d        string
		err      error
	}{
		{"heartbeat", `{"op":1,"d":251}`, 1, `251`, nil},
		{"null data", `{"op":1,"d":null}`, 1, `null`, nil},
		{"no data", `{"op":1}`, 1, ``, nil},
		{"unknown keys", `{"x":{"op":7},"op":2,"d":{"a":1},"s":1,"t":2}`, 2, `{"a":1}`, nil},
		{"keys of another case are unknown", `{"op":2,"OP":3,"D":4}`, 2, ``, nil},
		{"unknown op", `{"op":-7}`, -7, ``, nil},
		{"at the size bound", padded(MaxInbound), 1, ``, nil},
		{"over the size bound", padded(MaxInbound + 1), 0, ``, ErrTooLarge},
		{"at the depth bound", nested(maxDepth), 1, ``, nil},
		{"over the depth bound", nested(maxDepth + 1), 0, ``, ErrTooDeep},
		{"brackets in strings", `{"op":1,"d":"\"` + strings.Repeat("[", 100) + `"}`, 1, ``, nil},
		{"invalid UTF-8", "{\"op\":1,\"d\":\"\xff\"}", 0, ``, ErrNotUTF8},
		{"empty", ``, 0, ``, ErrNotPayload},
		{"not JSON", `hello`, 0, ``, ErrNotPayload},
		{"cut off", `{"op":1`, 0, ``, ErrNotPayload},
		{"two values", `{"op":1}{"op":1}`, 0, ``, ErrNotPayload},
		{"array", `[{"op":1}]`, 0, ``, ErrNotPayload},
		{"null", `null`, 0, ``, ErrNotPayload},
		{"no op", `{"d":1}`, 0, ``, ErrNotPayload},
		{"null op", `{"op":null}`, 0, ``, ErrNotPayload},
		{"string op", `{"op":"1"}`, 0, ``, ErrNotPayload},
		{"fractional op", `{"op":1.5}`, 0, ``, ErrNotPayload},
		{"huge op", `{"op":1e99}`, 0, ``, ErrNotPayload},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			op, d, err := JSON.DecodeFrame([]byte(test.in))
			if !errors.Is(err, test.err) || op != test.op {
				t.Fatalf("got op %d, %v; want %d, %v", op, err, test.op, test.err)
			}
			if test.d != "" && string(d) != test.d {
				t.Errorf("got d %s, want %s", d, test.d)
			}
		})
	}
}

func FuzzDecodeFrame(f *testing.F) {
	f.Add([]byte(`{"op":2,"d":{"token":"x","shard":[0,1]}}`))
	f.Add([]byte(`{"op":1,"d":null,"d":[[["\"]]"]]]}`))
	f.Add([]byte("\x83t\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		op, d, err := JSON.DecodeFrame(data)
		if err != nil {
			return
		}
		if d != nil && !json.Valid(d) {
			t.Fatalf("d is not JSON: %q", d)
		}
		if d == nil {
			d = json.RawMessage("null")
		}
		again, err := json.Marshal(map[string]any{"op": op, "d": d})
		if err != nil {
			t.Fatal(err)
		}
		// Marshalling may escape and so lengthen.
		if op2, _, err := JSON.DecodeFrame(again); len(again) <= MaxInbound && (err != nil || op2 != op) {
			t.Fatalf("%q decodes to op %d, its copy to %d, %v", data, op, op2, err)
		}
	})
}
