package clients

import (
	"encoding/binary"
	"math/rand/v2"
)

// Opcodes of frames. https://www.rfc-editor.org/rfc/rfc6455#section-5.2
const (
	opText   = 0x1
	opBinary = 0x2
	opClose  = 0x8
	opPing   = 0x9
	opPong   = 0xA
)

// frame is one that a server sent: whole and not masked.
type frame struct {
	op      byte
	payload []byte
	size    int // with its header
}

// maxFrame bounds what a frame may have, in bytes: READY of a user in a large guild has megabytes.
const maxFrame = 64 << 20

// parseFrame returns the frame at the beginning of b. If it is not whole, need is the number of bytes that it has, as far
// as that is known; bad says that no client would accept it.
func parseFrame(b []byte) (f frame, need int, bad bool) {
	if len(b) < 2 {
		return f, 2, false
	}
	const final, reserved, masked = 0x80, 0x70, 0x80
	f.op = b[0] & 0x0f
	if b[0]&final == 0 || b[0]&reserved != 0 || b[1]&masked != 0 || f.op == 0 {
		return f, 0, true // our servers don't fragment
	}
	header, length := 2, uint64(b[1]&0x7f)
	switch length {
	case 126:
		if header = 4; len(b) < header {
			return f, header, false
		}
		length = uint64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		if header = 10; len(b) < header {
			return f, header, false
		}
		length = binary.BigEndian.Uint64(b[2:])
	}
	if length > maxFrame {
		return f, 0, true
	}
	f.size = header + int(length)
	if len(b) < f.size {
		return f, f.size, false
	}
	f.payload = b[header:f.size]
	return f, 0, false
}

// appendFrame appends a frame of a client, which masks what it sends.
func appendFrame(dst []byte, op byte, payload []byte) []byte {
	const final, masked = 0x80, 0x80
	dst = append(dst, final|op)
	if n := len(payload); n < 126 {
		dst = append(dst, masked|byte(n))
	} else {
		dst = append(dst, masked|126, byte(n>>8), byte(n)) // a client never sends 64 KiB
	}
	var mask [4]byte
	binary.LittleEndian.PutUint32(mask[:], rand.Uint32())
	dst = append(dst, mask[:]...)
	for i, b := range payload {
		dst = append(dst, b^mask[i&3])
	}
	return dst
}
