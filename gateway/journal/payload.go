package journal

import (
	"encoding/binary"
	"errors"
	"math"

	"guildhall.chat/guildhall/internal/snowflake"
)

// A batch is stored as its payload:
//
//	version  byte
//	prev     uvarint: the position that the journal reached to before
//	entries  uvarint: how many
//	         position  uvarint, less the entry's before, or prev
//	         kind      5 bits, and a bit for each of the following that are there
//	         log       varint, less that of the entry before
//	         seq       uvarint
//	         session   8 bytes, little-endian
//	         data      uvarint length, bytes
//
// The layout does not depend on the kind: who does not know a kind can still read what follows.
const payloadVersion = 1

const (
	maxKind    = 1<<5 - 1
	hasSeq     = 1 << 5
	hasSession = 1 << 6
	hasData    = 1 << 7
	minEntry   = 3 // bytes
)

var (
	errMalformed = errors.New("journal: malformed payload")
	errEntry     = errors.New("journal: entry out of order or out of bounds")
)

// encode returns the payload of a batch that follows the position prev. Its entries may be none.
func encode(prev int64, entries []Entry) ([]byte, error) {
	const usual = 8 // bytes an entry
	b := make([]byte, 0, 16+usual*len(entries))
	b = append(b, payloadVersion)
	b = binary.AppendUvarint(b, uint64(prev))
	b = binary.AppendUvarint(b, uint64(len(entries)))
	var log snowflake.ID
	for i := range entries {
		e := &entries[i]
		if e.Position <= prev || e.Kind == 0 || e.Kind > maxKind || len(e.Data) > MaxData {
			return nil, errEntry
		}
		b = binary.AppendUvarint(b, uint64(e.Position-prev))
		b = append(b, byte(e.Kind)|flags(e))
		b = binary.AppendVarint(b, int64(e.Log-log))
		if e.Seq != 0 {
			b = binary.AppendUvarint(b, uint64(e.Seq))
		}
		if e.Session != 0 {
			b = binary.LittleEndian.AppendUint64(b, e.Session)
		}
		if len(e.Data) > 0 {
			b = binary.AppendUvarint(b, uint64(len(e.Data)))
			b = append(b, e.Data...)
		}
		prev, log = e.Position, e.Log
	}
	return b, nil
}

func flags(e *Entry) (f byte) {
	if e.Seq != 0 {
		f |= hasSeq
	}
	if e.Session != 0 {
		f |= hasSession
	}
	if len(e.Data) > 0 {
		f |= hasData
	}
	return f
}

// decode appends the entries of a payload to dst. last is the position that the journal reaches to with them.
func decode(dst []Entry, payload []byte) (entries []Entry, prev, last int64, err error) {
	d := decoder{rest: payload}
	if d.byte() != payloadVersion {
		return dst, 0, 0, errMalformed
	}
	prev = d.position(0)
	n := d.uvarint()
	if d.bad || n > uint64(len(d.rest)/minEntry) {
		return dst, 0, 0, errMalformed
	}
	last = prev
	var log snowflake.ID
	for range n {
		var e Entry
		e.Position = d.position(last)
		head := d.byte()
		e.Kind = Kind(head & maxKind)
		e.Log = log + snowflake.ID(d.varint())
		if head&hasSeq != 0 {
			e.Seq = int64(d.uvarint())
		}
		if head&hasSession != 0 {
			e.Session = d.uint64()
		}
		if head&hasData != 0 {
			e.Data = d.data()
		}
		if d.bad || e.Position == last || e.Kind == 0 {
			return dst, 0, 0, errMalformed
		}
		dst = append(dst, e)
		last, log = e.Position, e.Log
	}
	if len(d.rest) > 0 {
		return dst, 0, 0, errMalformed
	}
	return dst, prev, last, nil
}

// decoder takes values from the front of bytes. Once it is bad, nothing is left of them, and what it returns means nothing.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.rest) {
		d.bad, d.rest = true, nil
		return nil
	}
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		n = -1
	}
	d.take(n)
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		n = -1
	}
	d.take(n)
	return v
}

// position returns a position that is told as what it is above another.
func (d *decoder) position(above int64) int64 {
	v := d.uvarint()
	if v > uint64(math.MaxInt64-above) {
		d.take(-1)
		return above
	}
	return above + int64(v)
}

func (d *decoder) uint64() uint64 {
	if b := d.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// data returns a copy: it outlives the payload.
func (d *decoder) data() []byte {
	n := d.uvarint()
	if n > MaxData {
		d.take(-1)
		return nil
	}
	return append([]byte(nil), d.take(int(n))...)
}
