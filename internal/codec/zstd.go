package codec

import (
	"bytes"
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	// zstdWindow is how far back a block may refer, in bytes, and so what a client's decoder holds for a connection.
	// Only a READY or GUILD_CREATE is as long.
	zstdWindow = 256 << 10

	// zstdHeader opens an RFC 8878 frame: the magic number, no content size, no checksum, no dictionary, zstdWindow
	// (section 3.1.1.1).
	zstdHeader = "\x28\xb5\x2f\xfd\x00\x40"

	// maxBlock is how much a block may hold (section 3.1.1.2.4).
	maxBlock = 128 << 10

	blockHeaderLen = 3
)

// Types of blocks (section 3.1.1.2.2).
const (
	blockRaw = 0
	blockRLE = 1
)

// zstdEncoder makes frames that need nothing of a decoder but the window: no checksum, no dictionary. Level 3 is the
// fastest that does not lose to deflate by more than 3 % on a 1 KB message.
var zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithWindowSize(zstdWindow),
		zstd.WithEncoderCRC(false), zstd.WithSingleSegment(false))
	if err != nil {
		panic(err) // only for options that do not exist
	}
	return e
})

var zstdScratch = sync.Pool{New: func() any { return new([]byte) }}

// zstdBlocks compresses data, which must not be empty, into blocks that are right at any place of any frame whose window
// is zstdWindow.
//
// They are the blocks of a frame of their own, and a frame's blocks depend on what is before them in three ways only
// (sections 3.1.1.3 and 3.1.1.5). Matches reach back by an offset: never beyond their own frame's beginning. Literals
// and sequences may use the tables of the block before: never in a frame's first block, where there are none. And a
// sequence may repeat one of the last three offsets, which a frame begins with as 1, 4 and 8, but a block amid a stream
// finds as they were left: the encoder repeats none before it has set all three in the same block. The last is no
// promise of the format but the encoder's practice, on which its own concurrent streams rely; the tests hold it to it.
func zstdBlocks(data []byte) []byte {
	scratch := zstdScratch.Get().(*[]byte)
	defer zstdScratch.Put(scratch)
	*scratch = zstdEncoder().EncodeAll(data, (*scratch)[:0])
	if blocks, ok := openBlocks(*scratch); ok {
		return bytes.Clone(blocks)
	}
	return appendRaw(nil, data)
}

// zstdBlocksBehind is zstdBlocks for a stream that ends with history, to which the blocks may refer. It is to them what a
// dictionary's content is to a frame (section 5), which has no tables: what is said of zstdBlocks holds here, too.
func zstdBlocksBehind(history, data []byte) []byte {
	e, err := borrowBehind(history)
	if err != nil {
		return nil
	}
	defer giveBack(e)
	scratch := zstdScratch.Get().(*[]byte)
	defer zstdScratch.Put(scratch)
	*scratch = e.EncodeAll(data, (*scratch)[:0])
	blocks, ok := openBlocks(*scratch)
	if !ok {
		return nil
	}
	return bytes.Clone(blocks)
}

// behindEncoders are encoders with a dictionary that can be changed, free to be used. They are large and slow to make.
var behindEncoders = make(chan *zstd.Encoder, 16)

func borrowBehind(history []byte) (*zstd.Encoder, error) {
	dictionary := zstd.WithEncoderDictRaw(1, history)
	select {
	case e := <-behindEncoders:
		return e, e.ResetWithOptions(nil, dictionary)
	default:
		// The fastest level takes a quarter of the default's time, and the same bytes, where there is a history.
		return zstd.NewWriter(nil, dictionary, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(zstdWindow),
			zstd.WithEncoderCRC(false), zstd.WithSingleSegment(false), zstd.WithEncoderConcurrency(1))
	}
}

func giveBack(e *zstd.Encoder) {
	select {
	case behindEncoders <- e:
	default:
	}
}

// openBlocks returns a frame's blocks, the last of them no longer marked as such; it changes frame. False if they would
// not do in a frame with zstdHeader.
func openBlocks(frame []byte) (blocks []byte, ok bool) {
	var header zstd.Header
	if header.Decode(frame) != nil || header.HasCheckSum || header.WindowSize > zstdWindow {
		return nil, false
	}
	blocks = frame[header.HeaderSize:]
	for rest := blocks; len(rest) >= blockHeaderLen; {
		h := uint32(rest[0]) | uint32(rest[1])<<8 | uint32(rest[2])<<16
		size := blockHeaderLen + int(h>>3)
		if h>>1&3 == blockRLE {
			size = blockHeaderLen + 1
		}
		if h&1 != 0 {
			rest[0] &^= 1
			return blocks, size == len(rest)
		}
		rest = rest[min(size, len(rest)):]
	}
	return nil, false
}

// appendRaw appends data as raw blocks.
func appendRaw(dst, data []byte) []byte {
	for len(data) > 0 {
		n := min(len(data), maxBlock)
		h := uint32(n)<<3 | blockRaw<<1
		dst = append(dst, byte(h), byte(h>>8), byte(h>>16))
		dst = append(dst, data[:n]...)
		data = data[n:]
	}
	return dst
}
