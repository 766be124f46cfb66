package picture

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"golang.org/x/sync/errgroup"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// drawn is a PNG of the size; see-through if asked.
func drawn(t testing.TB, width, height int, through bool) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range picture.Pix {
		picture.Pix[i] = 0xff
	}
	if through {
		picture.Set(0, 0, color.Transparent)
	}
	var file bytes.Buffer
	must(t, png.Encode(&file, picture))
	return file.Bytes()
}

func TestScale(t *testing.T) {
	t.Parallel()
	var moving, photo bytes.Buffer
	frame := image.NewPaletted(image.Rect(0, 0, 40, 20), color.Palette{color.Black, color.White})
	must(t, gif.EncodeAll(&moving, &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}}))
	must(t, jpeg.Encode(&photo, frame, nil))
	webp, err := base64.StdEncoding.DecodeString("UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAUAmJaQAA3AA/v02aAA=")
	must(t, err)
	for name, c := range map[string]struct {
		file          []byte
		wish          Wish
		kind          string
		width, height int
	}{
		"as it is":            {drawn(t, 40, 20, false), Wish{}, "image/png", 40, 20},
		"never larger":        {drawn(t, 40, 20, false), Wish{Width: 80, Height: 80}, "image/png", 40, 20},
		"by width":            {drawn(t, 40, 20, false), Wish{Width: 10}, "image/png", 10, 5},
		"by height":           {drawn(t, 40, 20, false), Wish{Height: 10}, "image/png", 20, 10},
		"in a box":            {drawn(t, 40, 20, false), Wish{Width: 16, Height: 4}, "image/png", 8, 4},
		"a line":              {drawn(t, 400, 1, false), Wish{Width: 4}, "image/png", 4, 1},
		"JPEG":                {photo.Bytes(), Wish{Width: 10}, "image/jpeg", 10, 5},
		"to JPEG":             {drawn(t, 40, 20, true), Wish{Format: "jpeg", Quality: 50}, "image/jpeg", 40, 20},
		"the first of many":   {moving.Bytes(), Wish{Format: "png"}, "image/png", 40, 20},
		"WebP":                {webp, Wish{}, "image/jpeg", 1, 1},
		"to WebP":             {drawn(t, 40, 20, false), Wish{Format: "webp"}, "image/jpeg", 40, 20},
		"to WebP see-through": {drawn(t, 40, 20, true), Wish{Format: "webp"}, "image/png", 40, 20},
		"all of many":         {moving.Bytes(), Wish{Format: "gif", Width: 10}, "image/gif", 10, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := NewScaler().Scale(t.Context(), bytes.NewReader(c.file), c.wish)
			must(t, err)
			config, format, err := image.DecodeConfig(bytes.NewReader(got.Bytes))
			must(t, err)
			if got.Type != c.kind || "image/"+format != c.kind || config.Width != c.width || config.Height != c.height {
				t.Errorf("%s, in truth %s, %d x %d", got.Type, format, config.Width, config.Height)
			}
		})
	}
}

// claiming is a PNG whose header says that it has that size.
func claiming(t testing.TB, width, height uint32) []byte {
	file := drawn(t, 1, 1, false)
	binary.BigEndian.PutUint32(file[16:], width)
	binary.BigEndian.PutUint32(file[20:], height)
	binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
	return file
}

func TestUnfit(t *testing.T) {
	t.Parallel()
	for name, file := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "cut": drawn(t, 40, 20, false)[:60],
		"a bomb": claiming(t, 1<<31-1, 1<<31-1), "wide": claiming(t, 1<<30, 1), "just too large": claiming(t, 4096, 6145),
		"empty": claiming(t, 0, 1), "lies": claiming(t, 4096, 6144),
	} {
		if _, err := NewScaler().Scale(t.Context(), bytes.NewReader(file), Wish{}); !errors.Is(err, ErrUnfit) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	s := NewScaler()
	must(t, s.memory.Acquire(t.Context(), maxUnpacked))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Scale(ctx, bytes.NewReader(drawn(t, 2, 2, false)), Wish{}); !errors.Is(err, context.Canceled) {
		t.Errorf("unpacked without memory: %v", err)
	}
	s.memory.Release(maxUnpacked)
	var group errgroup.Group
	for range 8 {
		group.Go(func() error {
			_, err := s.Scale(t.Context(), bytes.NewReader(drawn(t, 300, 300, false)), Wish{Width: 30})
			return err
		})
	}
	must(t, group.Wait())
	if !s.memory.TryAcquire(maxUnpacked) {
		t.Error("memory was not given back")
	}
}

func FuzzScale(f *testing.F) {
	f.Add(drawn(f, 3, 2, true), 2, 2, "webp")
	f.Add([]byte("GIF89a"), 1, 1, "png")
	s := NewScaler()
	f.Fuzz(func(t *testing.T, file []byte, width, height int, format string) {
		got, err := s.Scale(t.Context(), bytes.NewReader(file), Wish{Width: width, Height: height, Format: format})
		if err == nil && len(got.Bytes) == 0 {
			t.Fatal("nothing")
		}
	})
}
