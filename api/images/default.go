package images

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"sync"
)

// defaultSide is the width and height of a default avatar, in pixels.
const defaultSide = 256

// palette has one background for each default avatar; a user's is (id >> 22) % 6.
// https://discord.com/developers/docs/reference#image-formatting-cdn-endpoints
var palette = [...]color.RGBA{
	{0x3b, 0x6e, 0xa5, 0xff}, {0x6b, 0x72, 0x80, 0xff}, {0x2f, 0x85, 0x5a, 0xff},
	{0xc0, 0x7a, 0x1d, 0xff}, {0xb0, 0x3a, 0x48, 0xff}, {0x7a, 0x4f, 0x9e, 0xff},
}

var (
	defaultNames   [len(palette)]string
	defaultAvatars [len(palette)]func() []byte
)

func init() {
	for i := range palette {
		defaultNames[i] = fmt.Sprintf("%d.png", i)
		defaultAvatars[i] = sync.OnceValue(func() []byte { return drawDefault(palette[i]) })
	}
}

// drawDefault draws head and shoulders in white on the colour.
func drawDefault(background color.Color) []byte {
	picture := image.NewPaletted(image.Rect(0, 0, defaultSide, defaultSide), color.Palette{background, color.White})
	const middle = defaultSide / 2
	for y := range defaultSide {
		for x := range defaultSide {
			if inCircle(x, y, middle, 100, 46) || inCircle(x, y, middle, 250, 88) {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	var file bytes.Buffer
	_ = png.Encode(&file, picture) // a buffer takes everything
	return file.Bytes()
}

func inCircle(x, y, centreX, centreY, radius int) bool {
	dx, dy := x-centreX, y-centreY
	return dx*dx+dy*dy <= radius*radius
}
