// Package images takes the pictures that come in requests as data URIs and serves them where Discord's CDN would.
//
//	PATCH {"avatar": "data:image/png;base64,..."} -> Store -> Postgres -> GET /avatars/{user}/{hash}.png
//
// A picture is named by its content, is stored once and never changes, so that whoever fetches it may keep it for good.
//
//	GET -> hash, format, size -> held in memory? -> original -> fits? -> scale and encode -> held
//
// Media types are told as they are: what is asked for as WebP, which is not written here, comes as PNG or JPEG unless it was
// uploaded so. Where nothing can be made of a picture the answer is a redirect to what was uploaded; a still one as .gif is 415.
// https://discord.com/developers/docs/reference#image-formatting
package images

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"strings"

	_ "golang.org/x/image/webp"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/store"
)

const (
	// maxBytes is the size of an image once decoded from base64.
	// https://discord.com/developers/docs/reference#image-data
	maxBytes = 10 << 20
	// maxSide bounds width and height in pixels: a small file may unpack to what no client can show.
	maxSide = 8192
	// hashBytes is the length of a hash, as Discord's: clients check its form.
	hashBytes = 16
	// animated starts the hash of a GIF: clients ask for such a one as .gif, for all others as .png or .webp.
	animated = "a_"
)

// Parse reads the data URI in a field of a request. A JPEG, PNG, GIF or WebP is accepted, whichever of them the URI says
// it is. The error is a form error at the field.
func Parse(field, uri string) (store.Image, error) {
	header, encoded, found := strings.Cut(uri, ",")
	if !found || !strings.HasPrefix(header, "data:image/") || !strings.HasSuffix(header, ";base64") {
		return store.Image{}, invalid(field, "Expected a data URI of an image: data:image/png;base64,...")
	}
	if base64.StdEncoding.DecodedLen(len(encoded)) > maxBytes+2 { // the length does not tell the padding
		return store.Image{}, tooLarge(field)
	}
	content, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return store.Image{}, invalid(field, "The image is not base64.")
	}
	return Check(field, content)
}

// Check reads a picture in one of the same forms. The error is a form error at the field.
func Check(field string, content []byte) (store.Image, error) {
	if len(content) > maxBytes {
		return store.Image{}, tooLarge(field)
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return store.Image{}, invalid(field, "Invalid image data: it must be a JPEG, PNG, GIF or WebP.")
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxSide || config.Height > maxSide {
		return store.Image{}, invalid(field, fmt.Sprintf("The image must be between 1 and %d pixels wide and high.", maxSide))
	}
	return Named(content, "image/"+format), nil
}

// Named gives a file that has been checked the name by which it is kept.
func Named(content []byte, mediaType string) store.Image {
	sum := sha256.Sum256(content)
	hash := hex.EncodeToString(sum[:hashBytes])
	if mediaType == "image/gif" {
		hash = animated + hash
	}
	return store.Image{Hash: hash, Type: mediaType, Bytes: content}
}

// Store reads the data URI in a field of a request and keeps the image within the change; the hash is what objects tell.
func Store(ctx context.Context, tx *store.Tx, field, uri string) (hash string, err error) {
	parsed, err := Parse(field, uri)
	if err != nil {
		return "", err
	}
	return parsed.Hash, tx.SaveImage(ctx, parsed)
}

// Apply does what a field of a PATCH asks for: it keeps a new image and sets *to to its hash, or to nil for null. A field
// that was not sent changes nothing.
func Apply(ctx context.Context, tx *store.Tx, field string, value form.Field[*string], to **string) error {
	if !value.Set {
		return nil
	}
	if value.Value == nil {
		*to = nil
		return nil
	}
	hash, err := Store(ctx, tx, field, *value.Value)
	if err != nil {
		return err
	}
	*to = &hash
	return nil
}

func invalid(field, message string) error { return form.Single(field, "IMAGE_INVALID", message) }

func tooLarge(field string) error {
	return form.Single(field, "BINARY_TYPE_MAX_SIZE", fmt.Sprintf("File cannot be larger than %d kb.", maxBytes>>10))
}
