package picture

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/gif"
	"sort"
)

const (
	// maxFrames is how many an animation may have that is scaled: each costs memory besides its pixels.
	maxFrames = 1000
	// indexed is how many pixels of a GIF take as much memory as one of another picture: they are a byte each.
	indexed = 4
)

// Moving is what a GIF says of its frames.
type Moving struct {
	Frames int
	Pixels int64 // of all frames together
}

// Look reads the frames of a GIF without unpacking them. What is cut off counts as far as it goes; what is no GIF has none.
// https://www.w3.org/Graphics/GIF/spec-gif89a.txt
func Look(file []byte) (m Moving) {
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
	if len(file) < header || !bytes.HasPrefix(file, []byte("GIF8")) {
		return m
	}
	rest := skip(file, header+colors(file[10]))
	for len(rest) > 0 {
		switch rest[0] {
		case extension:
			rest = skipBlocks(skip(rest, 2))
		case frame:
			m.Frames++
			if len(rest) <= frameHeader {
				return m
			}
			m.Pixels += int64(number(rest[5:])) * int64(number(rest[7:]))
			// The color table, and the one byte before the pixels.
			rest = skipBlocks(skip(rest, frameHeader+1+colors(rest[frameHeader])+1))
		default: // the end
			return m
		}
	}
	return m
}

func number(two []byte) int { return int(two[0]) | int(two[1])<<8 }

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

// scaleMoving scales all frames of a GIF.
func (s *Scaler) scaleMoving(ctx context.Context, file []byte, wish Wish) (Picture, error) {
	m := Look(file)
	need := m.Pixels/indexed + 1
	if m.Frames < 1 || m.Frames > maxFrames || need > maxPixels {
		return Picture{}, fmt.Errorf("%w: %d frames of %d pixels", ErrUnfit, m.Frames, m.Pixels)
	}
	if err := s.memory.Acquire(ctx, need); err != nil {
		return Picture{}, fmt.Errorf("wait to scale: %w", err)
	}
	defer s.memory.Release(need)
	all, err := gif.DecodeAll(bytes.NewReader(file))
	if err != nil {
		return Picture{}, fmt.Errorf("%w: %w", ErrUnfit, err)
	}
	w, h := inBox(all.Config.Width, all.Config.Height, wish.Width, wish.Height)
	if w < 1 || h < 1 {
		return Picture{}, fmt.Errorf("%w: no canvas", ErrUnfit)
	}
	var scaled bytes.Buffer
	if err := gif.EncodeAll(&scaled, shrink(all, w, h)); err != nil {
		return Picture{}, fmt.Errorf("%w: %w", ErrUnfit, err)
	}
	return Picture{"image/gif", scaled.Bytes()}, nil
}

// shrink takes of each frame the nearest pixels. Frames are parts of the canvas that build on each other: nearest pixels keep
// the palettes, what shows through and how frames go, so that the animation is the same.
func shrink(from *gif.GIF, w, h int) *gif.GIF {
	to := &gif.GIF{LoopCount: from.LoopCount, BackgroundIndex: from.BackgroundIndex, Config: from.Config}
	to.Config.Width, to.Config.Height = w, h
	columns, rows := nearest(from.Config.Width, w), nearest(from.Config.Height, h)
	for i, frame := range from.Image {
		bounds := image.Rect(
			sort.SearchInts(columns, frame.Rect.Min.X), sort.SearchInts(rows, frame.Rect.Min.Y),
			sort.SearchInts(columns, frame.Rect.Max.X), sort.SearchInts(rows, frame.Rect.Max.Y),
		)
		if bounds.Empty() {
			if len(to.Delay) > 0 { // nothing of it is left but its time
				to.Delay[len(to.Delay)-1] += from.Delay[i]
				continue
			}
			bounds = image.Rect(0, 0, 1, 1) // the first one stays, clear of what it can't show
		}
		small := image.NewPaletted(bounds, frame.Palette)
		for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
			for x := bounds.Min.X; x < bounds.Max.X; x++ {
				if at := (image.Point{X: columns[x], Y: rows[y]}); at.In(frame.Rect) {
					small.SetColorIndex(x, y, frame.ColorIndexAt(at.X, at.Y))
				}
			}
		}
		to.Image = append(to.Image, small)
		to.Delay = append(to.Delay, from.Delay[i])
		to.Disposal = append(to.Disposal, from.Disposal[i])
	}
	return to
}

// nearest is, for each of n places, the place of most that lies there.
func nearest(most, n int) []int {
	places := make([]int, n)
	for i := range places {
		places[i] = (2*i + 1) * most / (2 * n)
	}
	return places
}
