// Package picture makes pictures smaller and changes their format.
//
//	file -> size, from its header -> wait for memory -> decode -> scale -> encode
//
// Pictures come from anybody, and a small file may unpack to gigabytes: the header is believed first, and all that are
// unpacked at the same time have a bound together. A new file has no metadata of the old one.
package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
	"golang.org/x/sync/semaphore"
)

const (
	// maxPixels is how many a picture may have; each takes up to 8 bytes.
	maxPixels = 24 << 20
	// maxUnpacked is how many pixels are in memory at once.
	maxUnpacked = 32 << 20
	// defaultQuality is that of a JPEG for which none is asked.
	defaultQuality = 85
)

// ErrUnfit is returned for what is no picture, or too large a one.
var ErrUnfit = errors.New("not a picture that can be scaled")

// Wish is what a picture is to be.
type Wish struct {
	// Width and Height are the box that it is to fit into, in pixels; 0 is no bound. It is never made larger.
	Width, Height int
	// Format is png, jpeg, webp or gif; empty: as it is. A GIF that is to be one keeps all its frames, any other picture can't
	// become one; for another format the first frame is taken. For webp, which can't be written, the answer is a PNG if anything
	// shows through, else a JPEG.
	Format string
	// Quality of a JPEG, 1 to 100; 0 is the default.
	Quality int
}

// Picture is an encoded picture.
type Picture struct {
	Type  string // media type
	Bytes []byte
}

// Scaler scales pictures within a bound of memory.
type Scaler struct{ memory *semaphore.Weighted }

// NewScaler returns a scaler of which a process has one.
func NewScaler() *Scaler { return &Scaler{semaphore.NewWeighted(maxUnpacked)} }

// Scale makes the picture in file what is wished.
func (s *Scaler) Scale(ctx context.Context, file io.ReadSeeker, wish Wish) (Picture, error) {
	config, format, err := image.DecodeConfig(file)
	if err != nil {
		return Picture{}, fmt.Errorf("%w: %w", ErrUnfit, err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels/config.Height {
		return Picture{}, fmt.Errorf("%w: %d x %d pixels", ErrUnfit, config.Width, config.Height)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return Picture{}, fmt.Errorf("read picture again: %w", err)
	}
	need := int64(config.Width) * int64(config.Height)
	if wish.Format == "gif" {
		if format != "gif" {
			return Picture{}, fmt.Errorf("%w: a %s is no animation", ErrUnfit, format)
		}
		all, err := io.ReadAll(file)
		if err != nil {
			return Picture{}, fmt.Errorf("read picture: %w", err)
		}
		return s.scaleMoving(ctx, all, wish)
	}
	if err := s.memory.Acquire(ctx, need); err != nil {
		return Picture{}, fmt.Errorf("wait to scale: %w", err)
	}
	defer s.memory.Release(need)
	decoded, _, err := image.Decode(file)
	if err != nil {
		return Picture{}, fmt.Errorf("%w: %w", ErrUnfit, err)
	}
	if wish.Format == "" {
		wish.Format = format
	}
	return encode(fit(decoded, wish.Width, wish.Height), wish)
}

// fit scales a picture down into a box.
func fit(from image.Image, width, height int) image.Image {
	w, h := inBox(from.Bounds().Dx(), from.Bounds().Dy(), width, height)
	if w == from.Bounds().Dx() && h == from.Bounds().Dy() {
		return from
	}
	to := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(to, to.Bounds(), from, from.Bounds(), draw.Src, nil)
	return to
}

// inBox is the largest size in a box that has the proportions, and is not larger than it was.
func inBox(w, h, width, height int) (int, int) {
	if width > 0 && w > width {
		w, h = width, max(1, h*width/w)
	}
	if height > 0 && h > height {
		w, h = max(1, w*height/h), height
	}
	return w, h
}

func encode(from image.Image, wish Wish) (Picture, error) {
	asJPEG := wish.Format == "jpeg"
	if wish.Format != "jpeg" && wish.Format != "png" {
		opaque, known := from.(interface{ Opaque() bool })
		asJPEG = known && opaque.Opaque()
	}
	var file bytes.Buffer
	if !asJPEG {
		err := png.Encode(&file, from)
		return Picture{"image/png", file.Bytes()}, err
	}
	quality := wish.Quality
	if quality < 1 || quality > 100 {
		quality = defaultQuality
	}
	err := jpeg.Encode(&file, from, &jpeg.Options{Quality: quality})
	return Picture{"image/jpeg", file.Bytes()}, err
}
