package files

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/blob"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/picture"
	"guildhall.chat/guildhall/internal/store"
)

// downloadTime bounds how long a file may take to reach a slow client.
const downloadTime = 10 * time.Minute

// download serves a file to whoever has a link to it: the whole, a range, or of a picture a smaller one.
func (h *Handlers) download(c *call.Call) error {
	allowOrigins(c)
	until, ok := h.links.check(c.Request.URL.Path, c.Request.URL.Query())
	if !ok {
		return discord.ErrNotFound
	}
	id, err := c.ID("attachment_id", discord.ErrNotFound)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	f, err := h.store.File(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !f.There {
		return discord.ErrNotFound
	}
	if err != nil {
		return err
	}
	content, err := h.blobs.Open(ctx, key(id))
	if errors.Is(err, blob.ErrNotFound) {
		return discord.ErrNotFound
	}
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(downloadTime))
	c.Header("Cache-Control", fmt.Sprintf("private, max-age=%d, immutable", int(time.Until(until).Seconds())))
	wish, asked := wishOf(c)
	if asked && f.ContentType != nil && strings.HasPrefix(*f.ContentType, "image/") && (*f.ContentType != "image/gif" || wish.Format != "") {
		small, err := h.scaler.Scale(ctx, content, wish)
		if err == nil {
			f.ContentType = &small.Type
			head(c, f, "")
			c.Data(http.StatusOK, small.Type, small.Bytes)
			return nil
		}
		if !errors.Is(err, picture.ErrUnfit) {
			return err
		}
		if _, err := content.Seek(0, 0); err != nil {
			return fmt.Errorf("read file again: %w", err)
		}
	}
	head(c, f, `"`+f.ID.String()+`"`)
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, content)
	return nil
}

// head sets the headers that keep a browser from running what a user has uploaded.
func head(c *call.Call, f store.File, etag string) {
	contentType := "application/octet-stream"
	if f.ContentType != nil {
		contentType = *f.ContentType
	}
	c.Header("Content-Type", contentType)
	c.Header("Content-Disposition", disposition(f.ContentType, f.Filename))
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Content-Security-Policy", "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox")
	if etag != "" {
		c.Header("ETag", etag)
	}
}

// formats are what the query may ask for, as package picture calls them.
var formats = map[string]string{"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp"}

// qualities are those that clients ask for by name; others are numbers.
var qualities = map[string]int{"low": 60, "high": 92, "lossless": 100}

// wishOf reads from the query how a picture is wanted; asked is false if it is wanted as it is. What makes no sense is
// left out, as Discord does.
func wishOf(c *call.Call) (wish picture.Wish, asked bool) {
	number := func(name string, most int) int {
		n, err := strconv.Atoi(c.Query(name))
		if err != nil || n < 1 || n > most {
			return 0
		}
		return n
	}
	wish = picture.Wish{
		Width: number("width", maxSide), Height: number("height", maxSide),
		Format: formats[c.Query("format")], Quality: number("quality", 100),
	}
	if named, known := qualities[c.Query("quality")]; known {
		wish.Quality = named
	}
	return wish, wish != picture.Wish{}
}

// maxSide is the largest width or height that may be asked for, in pixels.
const maxSide = 4096
