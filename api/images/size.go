package images

import (
	"strconv"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
)

// Bounds of a size, in pixels.
// https://discord.com/developers/docs/reference#image-formatting
const minSize, maxSize = 16, 4096

// odd are the sizes besides powers of two that clients are known to ask for.
var odd = map[int]bool{
	20: true, 22: true, 24: true, 28: true, 40: true, 44: true, 48: true, 56: true, 60: true, 80: true, 96: true, 100: true,
	160: true, 240: true, 300: true, 320: true, 480: true, 600: true, 640: true, 1280: true, 1536: true, 3072: true,
}

// sizeOf reads the side of the square that a picture is to fit into; 0 is no bound.
func sizeOf(c *call.Call) (int, error) {
	text := c.Query("size")
	if text == "" {
		return 0, nil
	}
	size, err := strconv.Atoi(text)
	if err != nil || size < minSize || size > maxSize || size&(size-1) != 0 && !odd[size] {
		return 0, form.Single("size", "IMAGE_SIZE_INVALID", "The size must be a power of two from 16 to 4096.")
	}
	return size, nil
}
