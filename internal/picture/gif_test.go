package picture

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"testing"

	"pgregory.net/rapid"
)

// animation draws a GIF of frames that are parts of the canvas and leave things as they may.
func animation(t *rapid.T) *gif.GIF {
	w, h := rapid.IntRange(1, 40).Draw(t, "width"), rapid.IntRange(1, 40).Draw(t, "height")
	all := &gif.GIF{Config: image.Config{Width: w, Height: h}}
	for range rapid.IntRange(1, 5).Draw(t, "frames") {
		x, y := rapid.IntRange(0, w-1).Draw(t, "x"), rapid.IntRange(0, h-1).Draw(t, "y")
		bounds := image.Rect(x, y, rapid.IntRange(x+1, w).Draw(t, "to x"), rapid.IntRange(y+1, h).Draw(t, "to y"))
		frame := image.NewPaletted(bounds, color.Palette{color.Transparent, color.Black, color.White, color.Gray{Y: 99}})
		for i := range frame.Pix {
			frame.Pix[i] = uint8(rapid.IntRange(0, 3).Draw(t, "pixel"))
		}
		all.Image = append(all.Image, frame)
		all.Delay = append(all.Delay, rapid.IntRange(0, 50).Draw(t, "delay"))
		all.Disposal = append(all.Disposal, rapid.SampledFrom([]byte{gif.DisposalNone, gif.DisposalBackground}).Draw(t, "disposal"))
	}
	return all
}

// shown is what one sees, frame by frame.
func shown(all *gif.GIF) []image.Image {
	var pictures []image.Image
	canvas := image.NewNRGBA(image.Rect(0, 0, all.Config.Width, all.Config.Height))
	for i, frame := range all.Image {
		draw.Draw(canvas, frame.Rect, frame, frame.Rect.Min, draw.Over)
		now := image.NewNRGBA(canvas.Rect)
		copy(now.Pix, canvas.Pix)
		pictures = append(pictures, now)
		if all.Disposal[i] == gif.DisposalBackground {
			draw.Draw(canvas, frame.Rect, image.Transparent, image.Point{}, draw.Src)
		}
	}
	return pictures
}

func total(delays []int) (sum int) {
	for _, d := range delays {
		sum += d
	}
	return sum
}

// TestShrink: each frame of the smaller animation shows what is at the nearest places of the larger one, and all together
// take as long, also when frames are too small to be seen.
func TestShrink(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		large := animation(t)
		w, h := rapid.IntRange(1, large.Config.Width).Draw(t, "new width"), rapid.IntRange(1, large.Config.Height).Draw(t, "new height")
		small := shrink(large, w, h)
		if total(small.Delay) != total(large.Delay) {
			t.Fatalf("%v for %v", small.Delay, large.Delay)
		}
		var file bytes.Buffer
		if err := gif.EncodeAll(&file, small); err != nil {
			t.Fatal(err)
		}
		if look := Look(file.Bytes()); look.Frames != len(small.Image) {
			t.Fatalf("%d frames, %d seen", len(small.Image), look.Frames)
		}
		if len(small.Image) != len(large.Image) {
			return
		}
		before, after := shown(large), shown(small)
		columns, rows := nearest(large.Config.Width, w), nearest(large.Config.Height, h)
		for i := range before {
			for y := range h {
				for x := range w {
					if got, want := after[i].At(x, y), before[i].At(columns[x], rows[y]); got != want {
						t.Fatalf("frame %d at %d, %d: %v for %v", i, x, y, got, want)
					}
				}
			}
		}
	})
}

func TestBombsAreNotScaled(t *testing.T) {
	t.Parallel()
	const side = 8000
	frame := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.Black, color.White})
	wide := &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}}
	many := &gif.GIF{}
	for range maxFrames + 1 {
		many.Image = append(many.Image, image.NewPaletted(image.Rect(0, 0, 1, 1), frame.Palette))
		many.Delay = append(many.Delay, 1)
	}
	for name, bomb := range map[string]*gif.GIF{"pixels": wide, "frames": many} {
		var file bytes.Buffer
		must(t, gif.EncodeAll(&file, bomb))
		if _, err := NewScaler().Scale(t.Context(), bytes.NewReader(file.Bytes()), Wish{Width: 16, Format: "gif"}); !errors.Is(err, ErrUnfit) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
