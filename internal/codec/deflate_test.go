package codec

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"hash/adler32"
	"io"
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

// Whatever the data of two events, both connections' streams and both payloads inflate to what was put in.
func FuzzCompression(f *testing.F) {
	f.Add([]byte(`{"a":1}`), []byte(``), int64(1))
	f.Add(bytes.Repeat([]byte("abc"), 40_000), bytes.Repeat([]byte{0}, 2000), int64(1<<62))
	f.Fuzz(func(t *testing.T, first, second []byte, seq int64) {
		shared := []*Shared{NewDispatch("A", json.RawMessage(first)), NewDispatch("B", json.RawMessage(second))}
		var want, stream []byte
		plain := NewEncoder(Params{}, false)
		streaming := NewEncoder(Params{Compression: ZlibStream}, false)
		single := NewEncoder(Params{}, false)
		single.CompressPayloads()
		for _, sh := range shared {
			message, _ := plain.AppendDispatch(nil, seq, sh)
			want = append(want, message...)
			stream, _ = streaming.AppendDispatch(stream, seq, sh)

			payload, binary := single.AppendDispatch(nil, seq, sh)
			if binary {
				payload = inflateAll(t, payload)
			}
			if !bytes.Equal(payload, message) {
				t.Fatalf("payload compression gave %q, want %q", payload, message)
			}
		}
		reader, err := zlib.NewReader(bytes.NewReader(stream))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(want))
		if _, err := io.ReadFull(reader, got); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("zlib-stream gave %q, want %q (%v)", got, want, err)
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
