package codec

import (
	"bytes"
	"sync"
	"sync/atomic"
)

const (
	compressions = 2 // beside none

	// maxSequel is the longest form, in bytes, that is compressed behind another: longer ones gain little.
	maxSequel = 16 << 10
	// maxBehind is how much of the other is looked at.
	maxBehind = 4 << 10
	// votesForSequel is how many connections must want a sequel before it is made, beyond those that want another. Making
	// one costs what a connection of its own compressor would pay for each message.
	votesForSequel = 8
	// stranger stands for a prefix, which is each connection's own. UTF-8 does not have it.
	stranger = 0xff
)

// pack is a form in one compression.
type pack struct {
	once   sync.Once
	blocks []byte // self-contained

	// vote is the sequel that most connections want: its key, and in the lowest byte the majority.
	vote    atomic.Uint64
	sequels [2]atomic.Pointer[sequel]
}

// sequel is a form compressed for connections whose stream has another dispatch's form right before, and a prefix of a
// given length in between. Its blocks refer to that form.
type sequel struct {
	key    uint64
	once   sync.Once
	blocks []byte // nil if it can't be
}

// sequelKey identifies a sequel of any form, in 56 bits.
func sequelKey(after *Shared, prefix int) uint64 { return after.id<<8 | uint64(prefix) }

// packed returns the blocks of the dispatch in a connection's encoding and compression. The connection's stream ends with
// the dispatch after, unless that is nil, and a prefix of the given length.
func (s *Shared) packed(e Encoding, c Compression, after *Shared, prefix int) []byte {
	f := s.form(e)
	p := &f.packs[c-1]
	if after != nil && len(f.plain) <= maxSequel {
		if q := p.sequel(sequelKey(after, prefix)); q != nil {
			q.once.Do(func() {
				q.blocks = compressBehind(c, after.form(e).plain, prefix, f.plain)
				s.held.Add(int64(len(q.blocks)))
			})
			if q.blocks != nil {
				return q.blocks
			}
		}
	}
	return f.alone(c, &s.held)
}

// alone returns the form's self-contained blocks. What making them takes is added to held.
func (f *form) alone(c Compression, held *atomic.Int64) []byte {
	p := &f.packs[c-1]
	p.once.Do(func() {
		p.blocks = compressors[c-1].alone(f.plain)
		held.Add(int64(len(p.blocks)))
	})
	return p.blocks
}

// sequel returns the sequel with the key if it is there or is to be made; else it notes that it was wanted.
func (p *pack) sequel(key uint64) *sequel {
	for i := range p.sequels {
		q := p.sequels[i].Load()
		if q == nil {
			if !p.elect(key) {
				return nil
			}
			q = &sequel{key: key}
			if !p.sequels[i].CompareAndSwap(nil, q) {
				return nil
			}
		}
		if q.key == key {
			return q
		}
	}
	return nil
}

// elect counts a vote for the key, or against another (Boyer and Moore's majority vote), and tells whether it has won. A
// vote that is cast while another is counted may be lost.
func (p *pack) elect(key uint64) bool {
	vote := p.vote.Load()
	next := vote - 1
	switch majority := vote & 0xff; {
	case majority == 0:
		next = key<<8 | 1
	case vote>>8 == key:
		next = vote + 1
		if majority+1 == votesForSequel {
			next = 0
		}
	}
	return p.vote.CompareAndSwap(vote, next) && next == 0 && vote>>8 == key
}

// compressBehind compresses data for streams that end with before and a prefix. It returns nil if the blocks might refer
// to the prefix, in whose place the compressor sees strangers.
func compressBehind(c Compression, before []byte, prefix int, data []byte) []byte {
	if bytes.IndexByte(data, stranger) >= 0 {
		return nil
	}
	before = before[max(0, len(before)-maxBehind):]
	history := append(make([]byte, 0, len(before)+prefix), before...)
	for range prefix {
		history = append(history, stranger)
	}
	return compressors[c-1].behind(history, data)
}

// compressors make blocks for a stream: by themselves, and for one that ends with the given bytes.
var compressors = [compressions]struct {
	alone  func(data []byte) []byte
	behind func(history, data []byte) []byte
}{
	ZlibStream - 1: {deflate, deflateBehind},
	ZstdStream - 1: {zstdBlocks, zstdBlocksBehind},
}
