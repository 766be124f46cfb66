package wire

import (
	"bytes"
	"compress/zlib"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// payloads are of all sizes up to several blocks of either compression.
func payloads() []string {
	var list []string
	for _, n := range []int{0, 1, 100, 40_000, 300_000, 0, 5} {
		list = append(list, `{"op":0,"d":"`+strings.Repeat("so it goes ", n)+`"}`)
	}
	return list
}

func TestZlibStream(t *testing.T) {
	t.Parallel()
	reader, err := NewReader("json", "zlib-stream")
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	for i, payload := range payloads() {
		out.Reset()
		_, _ = w.Write([]byte(payload))
		_ = w.Flush()
		if got, err := reader.Payload(out.Bytes()); err != nil || string(got) != payload {
			t.Fatalf("payload %d: got %.60s, %v", i, got, err)
		}
	}
	if _, err := reader.Payload([]byte("\x03\x00")); err == nil {
		t.Error("a message without a sync flush was taken")
	}
}

func TestZstdStream(t *testing.T) {
	t.Parallel()
	reader, err := NewReader("json", "zstd-stream")
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	for i, payload := range payloads() {
		out.Reset()
		_, _ = w.Write([]byte(payload))
		_ = w.Flush()
		if got, err := reader.Payload(out.Bytes()); err != nil || string(got) != payload {
			t.Fatalf("payload %d: got %.60s, %v", i, got, err)
		}
	}
	if got, err := reader.Payload([]byte{0x10}); err == nil {
		t.Errorf("half a block header gave %q", got)
	}
}

func TestPayloadsOneByOne(t *testing.T) {
	t.Parallel()
	reader, err := NewReader("", "")
	if err != nil {
		t.Fatal(err)
	}
	for i, payload := range payloads() {
		var out bytes.Buffer
		w := zlib.NewWriter(&out)
		_, _ = w.Write([]byte(payload))
		_ = w.Close()
		for _, message := range [][]byte{[]byte(payload), out.Bytes()} {
			if got, err := reader.Payload(message); err != nil || string(got) != payload {
				t.Fatalf("payload %d: got %.60s, %v", i, got, err)
			}
		}
	}
}

func TestETF(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`null`:        "\x83s\x03nil",
		`true`:        "\x83s\x04true",
		`[]`:          "\x83j",
		`{}`:          "\x83t\x00\x00\x00\x00",
		`""`:          "\x83m\x00\x00\x00\x00",
		`255`:         "\x83a\xff",
		`256`:         "\x83b\x00\x00\x01\x00",
		`-1`:          "\x83b\xff\xff\xff\xff",
		`1.5`:         "\x83F\x3f\xf8\x00\x00\x00\x00\x00\x00",
		`["<",{}]`:    "\x83l\x00\x00\x00\x02m\x00\x00\x00\x01<t\x00\x00\x00\x00j",
		`{"a":"b"}`:   "\x83t\x00\x00\x00\x01m\x00\x00\x00\x01am\x00\x00\x00\x01b",
		`{"op":[[]]}`: "\x83t\x00\x00\x00\x01m\x00\x00\x00\x02opl\x00\x00\x00\x01jj",
	} {
		got, err := EncodeETF([]byte(value))
		if err != nil || string(got) != want {
			t.Errorf("%s: got %q, want %q (%v)", value, got, want, err)
		}
		back, err := DecodeETF([]byte(want))
		if err != nil || string(back) != value {
			t.Errorf("%q: got %s, want %s (%v)", want, back, value, err)
		}
	}
	if got, err := DecodeETF([]byte("\x83n\x08\x01\x00\x00\x00\x00\x00\x00\x00\x80")); err != nil || string(got) != "-9223372036854775808" {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestDecodeETFRefuses(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		"", "\x83", "a\x01", "\x83a", "\x83a\x01\x01", "\x83s\x01x", "\x83m\x00\x00\x00\x02a", "\x83m\x00\x00\x00\x01\xff",
		"\x83l\x00\x00\x00\x01a\x01", "\x83l\x00\x00\x00\x01a\x01a\x01", "\x83t\x00\x00\x00\x01s\x01aa\x01",
		"\x83t\xff\xff\xff\xff", "\x83l\xff\xff\xff\xffj", "\x83n\xff\x00", "\x83F\x7f\xf0\x00\x00\x00\x00\x00\x00",
	} {
		if got, err := DecodeETF([]byte(data)); err == nil {
			t.Errorf("%q gave %s", data, got)
		}
	}
}
