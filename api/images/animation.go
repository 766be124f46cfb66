package images

import (
	"bytes"

	"guildhall.chat/guildhall/internal/picture"
	"guildhall.chat/guildhall/internal/store"
)

// Animated reports whether a picture that Parse took moves: a GIF of several frames, or a WebP that says so.
func Animated(image store.Image) bool {
	switch image.Type {
	case "image/gif":
		return picture.Look(image.Bytes).Frames > 1
	case "image/webp":
		return webpMoves(image.Bytes)
	}
	return false
}

// webpMoves reads the flags of the extended file format.
// https://developers.google.com/speed/webp/docs/riff_container#extended_file_format
func webpMoves(file []byte) bool {
	const kind, flags, animation = 12, 20, 1 << 1
	return len(file) > flags && bytes.HasPrefix(file[kind:], []byte("VP8X")) && file[flags]&animation != 0
}
