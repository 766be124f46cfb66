package codec

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/test/wire"
)

func TestTermToJSON(t *testing.T) {
	t.Parallel()
	check := func(term, want string) {
		got, err := termToJSON([]byte("\x83" + term))
		if err != nil || string(got) != want {
			t.Errorf("%q: got %s, want %s (%v)", term, got, want, err)
		}
	}
	for _, test := range terms {
		check(test.term, test.value)
	}
	check("d\x00\x03nil", `null`)
	check("w\x04null", `null`)
	check("v\x00\x04true", `true`)
	check("k\x00\x02\x00\x01", `[0,1]`) // how Erlang writes the list of shard 0 of 1
	check("k\x00\x00", `[]`)
	check("h\x02a\x00a\x01", `[0,1]`)
	check("i\x00\x00\x00\x01j", `[[]]`)
	check("h\x00", `[]`)
	check("t\x00\x00\x00\x01k\x00\x02opa\x01", `{"op":1}`)
	check("n\x00\x00", `0`)
	check("n\x00\x01", `0`)
	check("n\x01\x00\x07", `7`)
	check("F\x41\xf2\xa0\x5f\x20\x00\x00\x00", `5000000000`) // how erlpack writes a sequence number beyond 32 bits
	check("F\x80\x00\x00\x00\x00\x00\x00\x00", `0`)
	check("F\x7f\xef\xff\xff\xff\xff\xff\xff", `1.7976931348623157e+308`)
	check("m\x00\x00\x00\x03\"\n<", `"\"\n\u003c"`)
	deepest := strings.Repeat("h\x01", maxDepth-1)
	check(deepest+"j", strings.Repeat("[", maxDepth)+strings.Repeat("]", maxDepth))
}

func TestTermToJSONRefuses(t *testing.T) {
	t.Parallel()
	for term, want := range map[string]error{
		"":                                      ErrNotPayload,
		"{\"op\":1}":                            ErrNotPayload,
		"t\x00\x00\x00\x00":                     ErrNotPayload, // no version
		"\x82j":                                 ErrNotPayload,
		"\x83":                                  ErrNotPayload,
		"\x83jj":                                ErrNotPayload,
		"\x83P\x00\x00\x00\x01\x78\x9c":         ErrNotPayload, // compressed
		"\x83g\x64\x00\x01a\x00\x00\x00":        ErrNotPayload, // pid
		"\x83X" + strings.Repeat("x", 20):       ErrNotPayload, // new pid
		"\x83r\x00\x01d\x00\x01a":               ErrNotPayload, // reference
		"\x83Z\x00\x01":                         ErrNotPayload, // newer reference
		"\x83f\x00":                             ErrNotPayload, // port
		"\x83u\x00\x00\x00\x00":                 ErrNotPayload, // fun
		"\x83p\x00\x00\x00\x00":                 ErrNotPayload, // new fun
		"\x83q":                                 ErrNotPayload, // export
		"\x83M\x00\x00\x00\x01\x01a":            ErrNotPayload, // bits
		"\x83R\x00":                             ErrNotPayload, // atom cache
		"\x83D\x00":                             ErrNotPayload, // distribution header
		"\x83c1.5" + strings.Repeat("\x00", 28): ErrNotPayload, // float as text
		"\x83o\x00\x00\x00\x01\x00\x01":         ErrNotPayload, // large integer
		"\x83n\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01": ErrNotPayload,
		"\x83n\x01\x02\x01":                                ErrNotPayload,
		"\x83n\x02\x00\x01":                                ErrNotPayload,
		"\x83F\x7f\xf8\x00\x00\x00\x00\x00\x00":            ErrNotPayload, // not a number
		"\x83F\xff\xf0\x00\x00\x00\x00\x00\x00":            ErrNotPayload, // minus infinity
		"\x83F\x00":                                        ErrNotPayload,
		"\x83a":                                            ErrNotPayload,
		"\x83b\x00\x00\x00":                                ErrNotPayload,
		"\x83s\x06online":                                  ErrNotPayload,
		"\x83s\x04nil":                                     ErrNotPayload,
		"\x83d\x00":                                        ErrNotPayload,
		"\x83m\x00\x00\x00\x02a":                           ErrNotPayload,
		"\x83m\x00\x00\x00\x01\xff":                        ErrNotUTF8,
		"\x83m\xff\xff\xff\xff":                            ErrNotPayload,
		"\x83k\x00\x02a":                                   ErrNotPayload,
		"\x83l\x00\x00\x00\x01a\x00":                       ErrNotPayload,
		"\x83l\x00\x00\x00\x01a\x00a\x00":                  ErrNotPayload, // improper
		"\x83l\xff\xff\xff\xffj":                           ErrNotPayload,
		"\x83i\x7f\xff\xff\xffj":                           ErrNotPayload,
		"\x83h\x02j":                                       ErrNotPayload,
		"\x83t\xff\xff\xff\xff":                            ErrNotPayload,
		"\x83t\x00\x00\x00\x01":                            ErrNotPayload,
		"\x83t\x00\x00\x00\x01s\x02opa\x01":                ErrKey,
		"\x83t\x00\x00\x00\x01d\x00\x02opa\x01":            ErrKey,
		"\x83t\x00\x00\x00\x01a\x01a\x01":                  ErrKey,
		"\x83t\x00\x00\x00\x01jj":                          ErrKey,
		"\x83t\x00\x00\x00\x01m\x00\x00\x00\x01\xffa\x01":  ErrNotUTF8,
		"\x83t\x00\x00\x00\x01m\x00\x00\x00\x02op":         ErrNotPayload,
		"\x83" + strings.Repeat("h\x01", maxDepth) + "j":   ErrTooDeep,
		"\x83" + strings.Repeat("l\x00\x00\x00\x01", 3000): ErrTooDeep,
	} {
		if got, err := termToJSON([]byte(term)); !errors.Is(err, want) || got != nil {
			t.Errorf("%.60q: got %s, %v; want %v", term, got, err, want)
		}
	}
}

func TestDecodeFrameOfETF(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, in string
		op       discord.Opcode
		d        string
		err      error
	}{
		{"heartbeat", "\x83t\x00\x00\x00\x02m\x00\x00\x00\x02opa\x01m\x00\x00\x00\x01da\xfb", 1, `251`, nil},
		{"null data", "\x83t\x00\x00\x00\x02m\x00\x00\x00\x01ds\x03nilm\x00\x00\x00\x02opa\x01", 1, `null`, nil},
		{"no data", "\x83t\x00\x00\x00\x01m\x00\x00\x00\x02opa\x01", 1, ``, nil},
		{"negative op", "\x83t\x00\x00\x00\x01m\x00\x00\x00\x02opb\xff\xff\xff\xf9", -7, ``, nil},
		{"no op", "\x83t\x00\x00\x00\x00", 0, ``, ErrNotPayload},
		{"null op", "\x83t\x00\x00\x00\x01m\x00\x00\x00\x02ops\x03nil", 0, ``, ErrNotPayload},
		{"fractional op", "\x83t\x00\x00\x00\x01m\x00\x00\x00\x02opF\x3f\xf8\x00\x00\x00\x00\x00\x00", 0, ``, ErrNotPayload},
		{"list", "\x83l\x00\x00\x00\x01t\x00\x00\x00\x01m\x00\x00\x00\x02opa\x01j", 0, ``, ErrNotPayload},
		{"atom key", "\x83t\x00\x00\x00\x01s\x02opa\x01", 0, ``, ErrKey},
		{"JSON", `{"op":1}`, 0, ``, ErrNotPayload},
		{"over the size bound", "\x83" + strings.Repeat("j", MaxInbound), 0, ``, ErrTooLarge},
	} {
		op, d, err := ETF.DecodeFrame([]byte(test.in))
		if !errors.Is(err, test.err) || op != test.op || string(d) != test.d {
			t.Errorf("%s: got op %d, d %s, %v; want %d, %s, %v", test.name, op, d, err, test.op, test.d, test.err)
		}
	}
}

// Whatever is taken is valid JSON of a bounded size and depth, and means what another decoder makes of it.
func FuzzTermToJSON(f *testing.F) {
	for _, test := range terms {
		f.Add([]byte("\x83" + test.term))
	}
	f.Add([]byte("\x83t\x00\x00\x00\x02k\x00\x02opa\x01m\x00\x00\x00\x01dh\x02w\x03nilF\x41\xf2\xa0\x5f\x20\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, term []byte) {
		got, err := termToJSON(term)
		other, otherErr := wire.DecodeETF(term)
		if err != nil {
			// The other decoder is for what servers send, which is a part of what clients may.
			if otherErr == nil && depth(other) <= maxDepth && !strings.Contains(string(term), "n") {
				t.Fatalf("%q is refused: %v", term, err)
			}
			return
		}
		if !json.Valid(got) || len(got) > 8*len(term) || depth(got) > maxDepth {
			t.Fatalf("%q became %q", term, got)
		}
		if otherErr != nil {
			return
		}
		var a, b any
		if json.Unmarshal(got, &a) != nil || json.Unmarshal(other, &b) != nil {
			t.Fatalf("%q became %s and %s", term, got, other)
		}
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("%q became %s, and by another decoder %s", term, got, other)
		}
	})
}
