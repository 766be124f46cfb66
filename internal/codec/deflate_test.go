package codec

import (
	"bytes"
	"compress/zlib"
	"hash/adler32"
	"io"
	"strings"
	"testing"
)

func FuzzCombineAdler(f *testing.F) {
	f.Add([]byte(nil), []byte(nil))
	f.Add([]byte("Wiki"), []byte("pedia"))
	f.Add(bytes.Repeat([]byte{0xff}, 70_000), bytes.Repeat([]byte{0xff}, adlerMod))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		got := combineAdler(adler32.Checksum(first), adler32.Checksum(second), len(second))
		if want := adler32.Checksum(append(bytes.Clone(first), second...)); got != want {
			t.Errorf("got %08x, want %08x", got, want)
		}
	})
}

// Whatever two events hold, and whatever came between, every mode's messages give what was put in.
func FuzzModes(f *testing.F) {
	f.Add([]byte(`{"a":1}`), []byte(``), int64(1))
	f.Add(bytes.Repeat([]byte("abc"), 4_000), bytes.Repeat([]byte{0}, 2000), int64(1<<62))
	f.Add([]byte(`"`+strings.Repeat("lorem ipsum", 2_000)+`"`), []byte(`[1,-2.5e3,null,true,"\u00e9"]`), int64(0))
	f.Fuzz(func(t *testing.T, first, second []byte, seq int64) {
		shared := []*Shared{NewDispatch("A", first), NewDispatch("B", second), NewDispatch("C", []byte(`1`))}
		for _, params := range modes {
			reader := client(t, params)
			plain := NewEncoder(Params{Encoding: params.Encoding}, false)
			e := NewEncoder(params, false)
			for i := range 2 * len(shared) {
				sh := shared[i%len(shared)]
				message, _ := e.AppendDispatch(nil, seq, sh)
				want, _ := plain.AppendDispatch(nil, seq, sh)
				if got, err := reader.Plain(message); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%s: got %.200q, want %.200q (%v)", params.name(), got, want, err)
				}
			}
		}
		single := NewEncoder(Params{}, false)
		single.CompressPayloads()
		for _, sh := range shared {
			message, compressed := single.AppendDispatch(nil, seq, sh)
			if compressed {
				message = inflateAll(t, message)
			}
			if want, _ := NewEncoder(Params{}, false).AppendDispatch(nil, seq, sh); !bytes.Equal(message, want) {
				t.Fatalf("payload compression gave %.200q, want %.200q", message, want)
			}
		}
	})
}

func inflateAll(t *testing.T, message []byte) []byte {
	t.Helper()
	reader, err := zlib.NewReader(bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}
