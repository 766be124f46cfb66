package images

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"testing"

	"guildhall.chat/guildhall/internal/store"
)

// gifOf is a GIF of so many frames, each with a color table of its own behind the first.
func gifOf(t testing.TB, frames int) []byte {
	t.Helper()
	var all gif.GIF
	for i := range frames {
		colors := color.Palette{color.Black, color.White, color.Gray{Y: uint8(i)}}
		all.Image = append(all.Image, image.NewPaletted(image.Rect(0, 0, 70, 70), colors))
		all.Delay = append(all.Delay, 10)
	}
	var file bytes.Buffer
	must(t, gif.EncodeAll(&file, &all))
	return file.Bytes()
}

// webpOf is the beginning of a WebP in the extended format.
func webpOf(flags byte) []byte {
	return append([]byte("RIFF\x0e\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00"), flags, 0, 0, 0, 0, 0, 0, 0, 0, 0)
}

func TestAnimated(t *testing.T) {
	t.Parallel()
	plain := pictures(t)
	for name, test := range map[string]struct {
		format string
		file   []byte
		want   bool
	}{
		"PNG":              {"png", plain["png"], false},
		"WebP":             {"webp", plain["webp"], false},
		"transparent WebP": {"webp", webpOf(1 << 4), false},
		"animated WebP":    {"webp", webpOf(1<<4 | 1<<1), true},
		"GIF":              {"gif", gifOf(t, 1), false},
		"GIF of two":       {"gif", gifOf(t, 2), true},
		"GIF of nine":      {"gif", gifOf(t, 9), true},
	} {
		if got := Animated(store.Image{Type: "image/" + test.format, Bytes: test.file}); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// FuzzAnimated: whatever the bytes are, it ends; and a GIF that can be decoded is told by its frames.
func FuzzAnimated(f *testing.F) {
	for frames := 1; frames < 4; frames++ {
		f.Add(gifOf(f, frames))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		got := Animated(store.Image{Type: "image/gif", Bytes: file})
		config, err := gif.DecodeConfig(bytes.NewReader(file))
		if err != nil || config.Width*config.Height > 1<<16 {
			return
		}
		if all, err := gif.DecodeAll(bytes.NewReader(file)); err == nil && got != (len(all.Image) > 1) {
			t.Fatalf("animated %v, with %d frames", got, len(all.Image))
		}
	})
}
