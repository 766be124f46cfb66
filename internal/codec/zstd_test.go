package codec

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func TestZstdHeaderDeclaresTheWindowAndNothingElse(t *testing.T) {
	t.Parallel()
	var h zstd.Header
	if err := h.Decode([]byte(zstdHeader)); err != nil || h.HeaderSize != len(zstdHeader) || h.WindowSize != zstdWindow ||
		h.SingleSegment || h.HasFCS || h.HasCheckSum || h.DictionaryID != 0 {
		t.Errorf("%+v, %v", h, err)
	}
}

// lastOffsets are the last three offsets, the latest first, of a stream that begins with aftermath. Each reaches farther
// back than a test's blocks are long.
var lastOffsets = [3]uint32{220_001, 210_002, 200_003}

// poison is a byte that no JSON has.
const poison = 0xff

// aftermath begins a stream that has its whole window full of poison and lastOffsets to repeat, so that a block which
// repeats an offset that it has not set itself gives poison.
func aftermath() []byte {
	stream := []byte(zstdHeader)
	for range zstdWindow / maxBlock {
		h := uint32(maxBlock)<<3 | blockRLE<<1
		stream = append(stream, byte(h), byte(h>>8), byte(h>>16), poison)
	}
	return append(stream, matches(lastOffsets[2]+3, lastOffsets[1]+3, lastOffsets[0]+3)...)
}

// matches returns a compressed block (RFC 8878, section 3.1.1.3) of matches of three bytes without literals. Their
// offset values (section 3.1.1.3.2.1.1) must have the same number of bits.
func matches(offsetValues ...uint32) []byte {
	code := 0
	for offsetValues[0]>>(code+1) > 0 {
		code++
	}
	// Each table is one symbol, which takes no bits: literal lengths 0, the offset code, match lengths 3. What is left
	// are the offsets' extra bits, read from the end of the block, where a 1 marks their beginning.
	content := []byte{0, byte(len(offsetValues)), 0b01_01_01_00, 0, byte(code), 0}
	bits := []byte{1}
	for _, value := range offsetValues {
		for i := code - 1; i >= 0; i-- {
			bits = append(bits, byte(value>>i&1))
		}
	}
	for len(bits)%8 != 0 {
		bits = append([]byte{0}, bits...)
	}
	for ; len(bits) > 0; bits = bits[:len(bits)-8] {
		var b byte
		for _, bit := range bits[len(bits)-8:] {
			b = b<<1 | bit
		}
		content = append(content, b)
	}
	h := uint32(len(content))<<3 | 2<<1
	return append([]byte{byte(h), byte(h >> 8), byte(h >> 16)}, content...)
}

// decodeAll decodes a stream that has not ended.
func decodeAll(stream []byte) ([]byte, error) {
	return zstdDecoder().DecodeAll(append(stream, 1, 0, 0), nil) // an empty last block
}

var zstdDecoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil)
	if err != nil {
		panic(err)
	}
	return d
})

// requireSelfContained checks that data's blocks need nothing that came before them.
func requireSelfContained(t testing.TB, data []byte) {
	t.Helper()
	blocks := zstdBlocks(data)
	if got, err := decodeAll(append([]byte(zstdHeader), blocks...)); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d bytes become %d others in a fresh frame (%v)", len(data), len(got), err)
	}
	const before = zstdWindow + 9 // what aftermath holds
	if got, err := decodeAll(append(aftermath(), blocks...)); err != nil || !bytes.Equal(got[before:], data) {
		t.Fatalf("%d bytes become %d others amid a stream (%v)", len(data), len(got)-before, err)
	}
}

func TestBlocksThatLeanOnTheStreamAreFoundOut(t *testing.T) {
	t.Parallel()
	// The offset value 1 of a match without literals is the second of the last three offsets: 4 in a fresh frame.
	blocks := append(appendRaw(nil, []byte("abcd")), matches(1)...)
	fresh, err := decodeAll(append([]byte(zstdHeader), blocks...))
	if err != nil || string(fresh) != "abcdabc" {
		t.Fatalf("a fresh frame gives %q, %v", fresh, err)
	}
	later, err := decodeAll(append(aftermath(), blocks...))
	if err != nil || !bytes.HasSuffix(later, []byte{'a', 'b', 'c', 'd', poison, poison, poison}) {
		t.Fatalf("amid a stream it gives %q, %v", later[len(later)-7:], err)
	}
}

func TestZstdBlocksAreSelfContained(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(21, 22))
	for _, size := range []int{1, 2, 9, 10, 16, 100, 1000, 1000, 1000, 5000, 50_000, maxBlock - 20, maxBlock, 150_000, 700_000} {
		requireSelfContained(t, randomData(r, size))
	}
	for _, data := range []string{
		"a", strings.Repeat("a", 3), strings.Repeat("a", 100), strings.Repeat("a", maxBlock), strings.Repeat("a", 300_000),
		// What would repeat 1, 4 and 8 first of all, if the encoder did.
		strings.Repeat("abcd", 50), strings.Repeat("abcdefgh", 50), "xaaaaaaaaabcdabcdabcdabcdefghijklefghijkl" + strings.Repeat("z", 50),
		strings.Repeat(`{"a":[],"b":[]},`, 20),
	} {
		requireSelfContained(t, []byte(data))
	}
	for _, sh := range messages() {
		requireSelfContained(t, sh.json.plain)
		requireSelfContained(t, sh.form(ETF).plain)
	}
}

// Pins the practice of the encoder on which zstdBlocks relies.
func FuzzZstdBlocks(f *testing.F) {
	f.Add([]byte(`{"a":1}`), uint16(1))
	f.Add([]byte("abcdabcdabcdabcdabcd"), uint16(10_000))
	f.Add(messages()[0].json.plain, uint16(200))
	f.Fuzz(func(t *testing.T, data []byte, times uint16) {
		const longest = 190_000 // a block behind this could reach the run itself by lastOffsets
		if data = bytes.Repeat(data, 1+int(times)%64); len(data) == 0 || len(data) > longest || bytes.IndexByte(data, poison) >= 0 {
			return
		}
		requireSelfContained(t, data)
	})
}

func TestUnfitFramesAreNotOpened(t *testing.T) {
	t.Parallel()
	data := []byte(strings.Repeat("lorem ipsum ", 50_000))
	for name, option := range map[string]zstd.EOption{
		"checksum":    zstd.WithEncoderCRC(true),
		"wide window": zstd.WithWindowSize(2 * zstdWindow),
	} {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(false), zstd.WithWindowSize(zstdWindow), zstd.WithSingleSegment(false), option)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := openBlocks(e.EncodeAll(data, nil)); ok {
			t.Errorf("a frame with a %s was opened", name)
		}
	}
	good := zstdEncoder().EncodeAll(data, nil)
	for n := range good {
		if _, ok := openBlocks(bytes.Clone(good[:n])); ok {
			t.Errorf("%d bytes of %d were opened", n, len(good))
		}
	}
	if _, ok := openBlocks(append(bytes.Clone(good), 0)); ok {
		t.Error("a frame with a byte too many was opened")
	}
	if _, ok := openBlocks(good); !ok {
		t.Error("a whole frame was not opened")
	}
}

func TestZstdMessagesAreWholeBlocksOfOneFrame(t *testing.T) {
	t.Parallel()
	e := NewEncoder(Params{Compression: ZstdStream}, false)
	first, _ := e.AppendDispatch(nil, 42, NewDispatch("X", json.RawMessage(`{}`)))
	want := zstdHeader + "\x78\x00\x00" + `{"op":0,"s":42,` + "\x78\x00\x00" + `"t":"X","d":{}}`
	if string(first) != want {
		t.Errorf("got %q, want %q", first, want)
	}
	if message, _, _ := e.Append(nil, 11, nil); string(message) != "\x20\x01\x00"+`{"op":11,"s":null,"t":null,"d":null}` {
		t.Errorf("got %q", message)
	}
}
