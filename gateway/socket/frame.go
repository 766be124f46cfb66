package socket

import (
	"encoding/binary"

	"guildhall.chat/guildhall/internal/discord"
)

// First bytes of unfragmented frames: FIN and the opcode. RFC 6455, section 5.2.
const (
	frameText   = 0x80 | 0x1
	frameBinary = 0x80 | 0x2
	frameClose  = 0x80 | 0x8
	framePong   = 0x80 | 0xA
)

// headerRoom is reserved before a payload whose length is not known yet. It is the header's size for payloads of 126 to
// 65,535 bytes, which most are; others are moved by a few bytes.
const headerRoom = 4

// beginFrame appends the room for a frame's header and returns where the frame starts.
func beginFrame(dst []byte) (extended []byte, start int) {
	return append(dst, make([]byte, headerRoom)...), len(dst)
}

// endFrame writes the header of the frame that starts at start and whose payload is the rest of dst. Frames of a server
// are not masked.
func endFrame(dst []byte, start int, first byte) []byte {
	length := len(dst) - start - headerRoom
	switch {
	case length < 126:
		copy(dst[start+2:], dst[start+headerRoom:])
		dst = dst[:len(dst)-2]
		dst[start+1] = byte(length)
	case length <= 0xFFFF:
		dst[start+1] = 126
		binary.BigEndian.PutUint16(dst[start+2:], uint16(length))
	default:
		dst = append(dst, make([]byte, 6)...)
		copy(dst[start+10:], dst[start+headerRoom:start+headerRoom+length])
		dst[start+1] = 127
		binary.BigEndian.PutUint64(dst[start+2:], uint64(length))
	}
	dst[start] = first
	return dst
}

// appendFrame appends a frame with a payload that is at hand.
func appendFrame(dst []byte, first byte, payload []byte) []byte {
	dst, start := beginFrame(dst)
	return endFrame(append(dst, payload...), start, first)
}

// maxControlPayload is the longest payload of a close, ping or pong frame. RFC 6455, section 5.5.
const maxControlPayload = 125

// appendClose appends a close frame; without a code its payload is empty.
func appendClose(dst []byte, code discord.CloseCode, reason string) []byte {
	if code == 0 {
		return appendFrame(dst, frameClose, nil)
	}
	payload := binary.BigEndian.AppendUint16(nil, uint16(code))
	payload = append(payload, reason[:min(len(reason), maxControlPayload-2)]...)
	return appendFrame(dst, frameClose, payload)
}
