package codec

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"guildhall.chat/guildhall/test/wire"
)

// Bytes by the format's description: https://www.erlang.org/doc/apps/erts/erl_ext_dist
var terms = []struct{ value, term string }{
	{`null`, "s\x03nil"},
	{`true`, "s\x04true"},
	{`false`, "s\x05false"},
	{`0`, "a\x00"},
	{`255`, "a\xff"},
	{`256`, "b\x00\x00\x01\x00"},
	{`-1`, "b\xff\xff\xff\xff"},
	{`2147483647`, "b\x7f\xff\xff\xff"},
	{`-2147483648`, "b\x80\x00\x00\x00"},
	{`2147483648`, "n\x04\x00\x00\x00\x00\x80"},
	{`-2147483649`, "n\x04\x01\x01\x00\x00\x80"},
	{`1318274650912374784`, "n\x08\x00\x00\xc0\x08\x7c\xcf\x73\x4b\x12"},
	{`18446744073709551615`, "n\x08\x00\xff\xff\xff\xff\xff\xff\xff\xff"},
	{`-9223372036854775808`, "n\x08\x01\x00\x00\x00\x00\x00\x00\x00\x80"},
	{`1.5`, "F\x3f\xf8\x00\x00\x00\x00\x00\x00"},
	{`-0.1`, "F\xbf\xb9\x99\x99\x99\x99\x99\x9a"},
	{`""`, "m\x00\x00\x00\x00"},
	{`"1318274650912374784"`, "m\x00\x00\x00\x131318274650912374784"},
	{`"é"`, "m\x00\x00\x00\x02\xc3\xa9"},
	{`[]`, "j"},
	{`[0,1]`, "l\x00\x00\x00\x02a\x00a\x01j"},
	{`[[]]`, "l\x00\x00\x00\x01jj"},
	{`{}`, "t\x00\x00\x00\x00"},
	{`{"a":1,"b":{"c":null}}`, "t\x00\x00\x00\x02m\x00\x00\x00\x01aa\x01m\x00\x00\x00\x01bt\x00\x00\x00\x01m\x00\x00\x00\x01cs\x03nil"},
}

func TestAppendTerm(t *testing.T) {
	t.Parallel()
	check := func(value, want string) {
		got, err := appendTerm([]byte("kept"), []byte(value))
		if err != nil || string(got) != "kept"+want {
			t.Errorf("%s: got %q, want %q (%v)", value, got, "kept"+want, err)
		}
	}
	for _, test := range terms {
		check(test.value, test.term)
		check(" \n"+strings.NewReplacer(",", "\t, ", ":", " : ", "{", "{ ", "]", "\r]").Replace(test.value)+" ", test.term)
	}
	check(`-0`, "a\x00")
	check(`1e3`, "F\x40\x8f\x40\x00\x00\x00\x00\x00")
	check(`18446744073709551616`, "F\x43\xf0\x00\x00\x00\x00\x00\x00")
	check(`"\"\\\/\b\u00e9\ud83d\ude00"`, "m\x00\x00\x00\x0a\"\\/\b\xc3\xa9\xf0\x9f\x98\x80")
	check(`{"\n":"}"}`, "t\x00\x00\x00\x01m\x00\x00\x00\x01\nm\x00\x00\x00\x01}")
	deepest := strings.Repeat("[", maxTermDepth) + strings.Repeat("]", maxTermDepth)
	check(deepest, strings.Repeat("l\x00\x00\x00\x01", maxTermDepth-1)+"j"+strings.Repeat("j", maxTermDepth-1))
}

func TestAppendTermRefuses(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		``, ` `, `x`, `nul`, `truE`, `"`, `"\`, `"\"`, `"\x"`, `-`, `--1`, `1-2`, `1e999`, `[`, `[1`, `[1,`, `[1,]`, `[1 2]`, `[,]`, `{`,
		`{"a"`, `{"a":`, `{"a":1`, `{"a":1,}`, `{a:1}`, `{1:1}`, `{"a",1}`, `1 1`, `[]]`, `[}`,
		strings.Repeat("[", maxTermDepth+1) + strings.Repeat("]", maxTermDepth+1), strings.Repeat(`{"a":`, 1_000_000),
	} {
		if got, err := appendTerm([]byte("kept"), []byte(value)); err == nil || string(got) != "kept" {
			t.Errorf("%.40s: got %.40q, %v", value, got, err)
		}
	}
}

func TestETFDispatchIsOneMap(t *testing.T) {
	t.Parallel()
	sh := NewDispatch("TYPING_START", json.RawMessage(`{"a":1}`))
	suffix := "m\x00\x00\x00\x01tm\x00\x00\x00\x0cTYPING_STARTm\x00\x00\x00\x01dt\x00\x00\x00\x01m\x00\x00\x00\x01aa\x01"
	for seq, s := range map[int64]string{
		42: "a\x2a", 1 << 20: "b\x00\x10\x00\x00", 1 << 40: "n\x06\x00\x00\x00\x00\x00\x00\x01", -1 << 63: "n\x08\x01\x00\x00\x00\x00\x00\x00\x00\x80",
	} {
		message, binary := NewEncoder(Params{Encoding: ETF}, false).AppendDispatch(nil, seq, sh)
		want := "\x83t\x00\x00\x00\x04m\x00\x00\x00\x02opa\x00m\x00\x00\x00\x01s" + s + suffix
		if string(message) != want || !binary {
			t.Errorf("s %d: got %q, want %q", seq, message, want)
		}
	}
}

func TestETFDispatchOfWhatIsNotJSONIsNil(t *testing.T) {
	t.Parallel()
	message, _ := NewEncoder(Params{Encoding: ETF}, false).AppendDispatch(nil, 1, NewDispatch("X", json.RawMessage(`{"a":`)))
	got, err := wire.DecodeETF(message)
	if err != nil || string(got) != `{"op":0,"s":1,"t":"X","d":null}` {
		t.Errorf("got %s, %v", got, err)
	}
}

// What encoding/json takes becomes the term that another encoder makes of it; nothing else becomes one that can't be read.
func FuzzAppendTerm(f *testing.F) {
	for _, test := range terms {
		f.Add([]byte(test.value))
	}
	f.Add([]byte(`{"a":[1e3,-0,"\ud800\u2028<"],"a":{"":[[],{},null]}}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		term, err := appendTerm([]byte{etfVersion}, value)
		var got, wanted any
		if json.Unmarshal(value, &wanted) != nil || depth(value) > maxTermDepth {
			return // not JSON, a number out of range, or too deep
		}
		if err != nil {
			t.Fatalf("%q: %v", value, err)
		}
		back, err := wire.DecodeETF(term)
		if !utf8.Valid(value) {
			return // bytes that encoding/json replaces
		}
		if err != nil || json.Unmarshal(back, &got) != nil {
			t.Fatalf("%q became %q, and that %q (%v)", value, term, back, err)
		}
		if !reflect.DeepEqual(got, wanted) { // for which 0 is -0
			t.Fatalf("%q became %s", value, back)
		}
	})
}
