package images

import (
	"bytes"

	"guildhall.chat/guildhall/internal/store"
)

// Animated reports whether a picture that Parse took moves: a GIF of several frames, or a WebP that says so.
func Animated(picture store.Image) bool {
	switch picture.Type {
	case "image/gif":
		return gifMoves(picture.Bytes)
	case "image/webp":
		return webpMoves(picture.Bytes)
	}
	return false
}

// webpMoves reads the flags of the extended file format.
// https://developers.google.com/speed/webp/docs/riff_container#extended_file_format
func webpMoves(file []byte) bool {
	const kind, flags, animation = 12, 20, 1 << 1
	return len(file) > flags && bytes.HasPrefix(file[kind:], []byte("VP8X")) && file[flags]&animation != 0
}

// gifMoves looks for a second frame without unpacking the first. What is cut off counts as far as it goes.
// https://www.w3.org/Graphics/GIF/spec-gif89a.txt
func gifMoves(file []byte) bool {
	const (
		header, frameHeader  = 13, 9
		extension, frame     = 0x21, 0x2C
		hasColors, colorBits = 0x80, 0x07
	)
	colors := func(packed byte) int { // the size of a color table
		if packed&hasColors == 0 {
			return 0
		}
		return 3 << (packed&colorBits + 1)
	}
	if len(file) < header {
		return false
	}
	rest := skip(file, header+colors(file[10]))
	frames := 0
	for len(rest) > 0 {
		switch rest[0] {
		case extension:
			rest = skipBlocks(skip(rest, 2))
		case frame:
			if frames++; frames > 1 {
				return true
			}
			if len(rest) <= frameHeader {
				return false
			}
			// The color table, and the one byte before the pixels.
			rest = skipBlocks(skip(rest, frameHeader+1+colors(rest[frameHeader])+1))
		default: // the end
			return false
		}
	}
	return false
}

// skipBlocks skips blocks that begin with their length, up to an empty one.
func skipBlocks(data []byte) []byte {
	for len(data) > 0 {
		length := int(data[0])
		data = skip(data, 1+length)
		if length == 0 {
			break
		}
	}
	return data
}

func skip(data []byte, n int) []byte { return data[min(n, len(data)):] }
