package files

import (
	"bufio"
	"fmt"
	"image"
	_ "image/gif"  // what pictures are measured
	_ "image/jpeg" //
	_ "image/png"  //
	"io"
	"mime"
	"strings"

	"github.com/gabriel-vasile/mimetype"
	_ "golang.org/x/image/webp"

	"guildhall.chat/guildhall/internal/store"
)

// maxHeader is how far into a file the size of a picture is looked for, in bytes: a JPEG has it behind its metadata.
const maxHeader = 1 << 20

// probe finds out from the bytes of a file what type it is and, of a picture, how large. What the client says of it is not
// believed. It reads content to somewhere.
func probe(content io.Reader, f *store.File) error {
	buffered := bufio.NewReaderSize(io.LimitReader(content, maxHeader), 4<<10)
	start, err := buffered.Peek(3 << 10)
	if err != nil && err != io.EOF {
		return fmt.Errorf("probe file: %w", err)
	}
	if kind := mimetype.Detect(start); len(start) > 0 && !kind.Is("application/octet-stream") {
		name := kind.String()
		f.ContentType = &name
	}
	if f.ContentType == nil || !strings.HasPrefix(*f.ContentType, "image/") {
		return nil
	}
	// A picture that can't be read is a file like any other.
	if config, _, err := image.DecodeConfig(buffered); err == nil && config.Width > 0 && config.Height > 0 {
		f.Width, f.Height = &config.Width, &config.Height
	}
	return nil
}

// shownInline are the types, or their beginnings, that a browser may show by itself: it runs nothing in them.
var shownInline = []string{"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "video/", "audio/", "text/plain"}

// disposition says what a browser does with a file.
func disposition(contentType *string, filename string) string {
	kind := "attachment"
	for _, safe := range shownInline {
		if contentType != nil && strings.HasPrefix(*contentType, safe) {
			kind = "inline"
		}
	}
	return mime.FormatMediaType(kind, map[string]string{"filename": filename})
}
