package codec

import (
	"bytes"
	"encoding/binary"
	"sync"

	"github.com/klauspost/compress/flate"
)

const (
	// zlibHeader opens an RFC 1950 stream: deflate, 32 KiB window, no dictionary, default level.
	zlibHeader = "\x78\x9c"
	// syncMarker is an empty stored block on a byte boundary: what Z_SYNC_FLUSH ends with, header bits included.
	syncMarker = "\x00\x00\x00\xff\xff"
	// finalBlock is an empty last block with fixed Huffman codes (RFC 1951, section 3.2.6).
	finalBlock = "\x03\x00"

	// maxStored is the longest stored block (RFC 1951, section 3.2.4).
	maxStored = 1<<16 - 1

	// level 3 compresses a 1 KB message at half the cost of 6 in the standard library and to the same size within 3 %.
	level = 3
)

// deflator is a compressor whose output begins and ends on a byte boundary.
type deflator struct {
	out bytes.Buffer
	w   *flate.Writer
}

var deflators = sync.Pool{New: func() any {
	d := new(deflator)
	w, err := flate.NewWriter(&d.out, level)
	if err != nil {
		panic(err) // only for a level that does not exist
	}
	d.w = w
	return d
}}

// deflate compresses data into a self-contained run of blocks that ends with a sync flush and is not final.
func deflate(data []byte) []byte { return deflateBehind(nil, data) }

// deflateBehind is deflate for a stream that ends with history, to which the blocks may refer.
func deflateBehind(history, data []byte) []byte {
	d := deflators.Get().(*deflator)
	defer deflators.Put(d)
	d.out.Reset()
	d.w.ResetDict(&d.out, history)
	// Writes to a bytes.Buffer do not fail.
	_, _ = d.w.Write(data)
	_ = d.w.Flush()
	return bytes.Clone(d.out.Bytes())
}

// appendStored appends data as stored blocks. The stream must be on a byte boundary; it is afterwards.
func appendStored(dst, data []byte) []byte {
	for len(data) > 0 {
		n := min(len(data), maxStored)
		dst = append(dst, 0)
		dst = binary.LittleEndian.AppendUint16(dst, uint16(n))
		dst = binary.LittleEndian.AppendUint16(dst, ^uint16(n))
		dst = append(dst, data[:n]...)
		data = data[n:]
	}
	return dst
}

// adlerMod is the modulus of Adler-32 (RFC 1950, section 8.2).
const adlerMod = 65521

// combineAdler returns the Adler-32 of two byte strings joined, from the checksum of each and the length of the second.
//
// With a = 1 + sum of bytes and b = the running sum of a, the second string's b lacks what the first contributed to
// a, once for each of its bytes, and both count the initial 1.
func combineAdler(first, second uint32, secondLen int) uint32 {
	a1, b1 := first&0xffff, first>>16
	a2, b2 := second&0xffff, second>>16
	n := uint32(secondLen % adlerMod)
	a := (a1 + a2 + adlerMod - 1) % adlerMod
	b := (b1 + b2 + n*((a1+adlerMod-1)%adlerMod)%adlerMod) % adlerMod
	return b<<16 | a
}
