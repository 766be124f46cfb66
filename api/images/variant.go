package images

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"strings"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"guildhall.chat/guildhall/internal/picture"
	"guildhall.chat/guildhall/internal/store"
)

// variant is a picture in a form.
type variant struct {
	hash   string
	format string // as package picture calls it
	size   int    // side of the square that it fits into, in pixels; 0: as large as it is
}

// tag is the variant's ETag.
func (v variant) tag() string { return fmt.Sprintf(`"%s.%s.%d"`, v.hash, v.format, v.size) }

// made is a variant, or where to find the nearest that there is.
type made struct {
	picture.Picture
	stored string // if the variant can't be made: the ending of what was uploaded
}

// variants makes variants, each once for all who want it at the same time, and keeps those that were wanted last.
type variants struct {
	store  *store.Store
	scaler *picture.Scaler
	held   *held
	flight singleflight.Group
	makers *semaphore.Weighted
}

func newVariants(s *store.Store, scaler *picture.Scaler) *variants {
	return &variants{store: s, scaler: scaler, held: newHeld(heldBytes), makers: semaphore.NewWeighted(makersAtOnce)}
}

func (vs *variants) get(ctx context.Context, v variant) (made, error) {
	if held, ok := vs.held.get(v); ok {
		return held, nil
	}
	flying := vs.flight.DoChan(v.tag(), func() (any, error) {
		// Others wait for it too, and will when this client has left.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), makingTime)
		defer cancel()
		m, err := vs.make(ctx, v)
		if err == nil {
			vs.held.add(v, m)
		}
		return m, err
	})
	select {
	case <-ctx.Done():
		return made{}, ctx.Err()
	case result := <-flying:
		if result.Err != nil {
			return made{}, result.Err
		}
		return result.Val.(made), nil
	}
}

func (vs *variants) make(ctx context.Context, v variant) (made, error) {
	if err := vs.makers.Acquire(ctx, 1); err != nil {
		return made{}, fmt.Errorf("wait to make picture: %w", err)
	}
	defer vs.makers.Release(1)
	original, err := vs.store.Image(ctx, v.hash)
	if err != nil {
		return made{}, err
	}
	stored, isPicture := strings.CutPrefix(original.Type, "image/")
	if !isPicture || stored == v.format && fits(original.Bytes, v.size) {
		return made{Picture: picture.Picture{Type: original.Type, Bytes: original.Bytes}}, nil
	}
	scaled, err := vs.scaler.Scale(ctx, bytes.NewReader(original.Bytes), picture.Wish{Width: v.size, Height: v.size, Format: v.format})
	if !errors.Is(err, picture.ErrUnfit) {
		return made{Picture: scaled}, err
	}
	if stored == v.format { // rather too large than not at all
		return made{Picture: picture.Picture{Type: original.Type, Bytes: original.Bytes}}, nil
	}
	return made{stored: stored}, nil
}

// fits reports whether a picture is no larger than size.
func fits(file []byte, size int) bool {
	if size == 0 {
		return true
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(file))
	return err != nil || config.Width <= size && config.Height <= size
}
