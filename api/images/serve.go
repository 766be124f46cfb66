package images

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/picture"
	"guildhall.chat/guildhall/internal/store"
)

const (
	// heldBytes is how much is kept in memory of pictures that were asked for, in the forms in which they were: avatars are
	// small, and many clients want the same at once.
	heldBytes = 32 << 20
	// makersAtOnce bounds how many pictures are read and scaled side by side, makingTime how long one may wait and take.
	makersAtOnce = 8
	makingTime   = 20 * time.Second
	// forGood lets clients and proxies keep what never changes.
	forGood = "public, max-age=31536000, immutable"
)

// Handlers serves images.
type Handlers struct{ variants *variants }

// New returns handlers that read images from the store.
func New(s *store.Store, scaler *picture.Scaler) *Handlers {
	return &Handlers{newVariants(s, scaler)}
}

// Routes lists where images are. They are outside /api, need no credentials and have no rate limit.
// https://discord.com/developers/docs/reference#image-formatting-cdn-endpoints
func (h *Handlers) Routes() []call.Route {
	var routes []call.Route
	add := func(path string, handle call.Handler) {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			routes = append(routes, call.Route{Method: method, Path: path, Access: call.Anyone, Handle: handle})
		}
	}
	add("/embed/avatars/:file", h.defaultAvatar)
	add("/emojis/:file", h.emoji)
	add("/stickers/:file", h.sticker)
	for _, kind := range []string{
		"avatars", "icons", "banners", "splashes", "discovery-splashes", "app-icons", "role-icons", "guild-events", "channel-icons",
	} {
		add("/"+kind+"/:owner_id/:file", h.image)
	}
	for _, kind := range []string{"avatars", "banners"} {
		add("/guilds/:guild_id/users/:user_id/"+kind+"/:file", h.image)
	}
	return routes
}

// formats are the endings of files, as package picture calls what they say.
var formats = map[string]string{"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp", "gif": "gif"}

// image serves a picture by its hash. It may be asked for under any owner: the hash, which can't be guessed, is what names
// the content.
func (h *Handlers) image(c *call.Call) error {
	hash, ending, _ := strings.Cut(c.Param("file"), ".")
	if !isHash(hash) {
		return discord.ErrNotFound
	}
	return h.serve(c, hash, ending)
}

func isHash(text string) bool {
	digits := strings.TrimPrefix(text, animated)
	return len(digits) == 2*hashBytes && strings.Trim(digits, "0123456789abcdef") == ""
}

// serve answers with the picture of a hash as ending and query ask for it, unless the client has that.
func (h *Handlers) serve(c *call.Call, hash, ending string) error {
	format, known := formats[ending]
	if !known {
		return discord.ErrNotFound
	}
	size, err := sizeOf(c)
	if err != nil {
		return err
	}
	moving := strings.HasPrefix(hash, animated)
	switch {
	case format == "gif" && !moving:
		return discord.ErrUnsupportedMedia // as clients find out whether a picture moves
	case format == "webp" && moving && c.QueryBool("animated"):
		redirect(c, "gif", size)
		return nil
	}
	v := variant{hash, format, size}
	if c.GetHeader("If-None-Match") == v.tag() {
		unchanged(c, v.tag())
		return nil
	}
	made, err := h.variants.get(c.Request.Context(), v)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return discord.ErrNotFound
	case errors.Is(err, context.DeadlineExceeded):
		return discord.ErrUnavailable
	case err != nil:
		return err
	case made.stored != "":
		redirect(c, made.stored, 0)
		return nil
	}
	send(c, v.tag(), made.Picture)
	return nil
}

// redirect leads to the same picture in another form, for good.
func redirect(c *call.Call, ending string, size int) {
	name, _, _ := strings.Cut(path.Base(c.Request.URL.Path), ".")
	to := url.URL{Path: path.Join(path.Dir(c.Request.URL.Path), name+"."+ending)}
	if size > 0 {
		to.RawQuery = "size=" + strconv.Itoa(size)
	}
	c.Header("Cache-Control", forGood)
	c.Header("Access-Control-Allow-Origin", "*")
	c.Redirect(http.StatusFound, to.String())
}

func (h *Handlers) defaultAvatar(c *call.Call) error {
	file := c.Param("file")
	for i := range defaultAvatars {
		if file == defaultNames[i] {
			send(c, fmt.Sprintf(`"default-%d"`, i), picture.Picture{Type: "image/png", Bytes: defaultAvatars[i]()})
			return nil
		}
	}
	return discord.ErrNotFound
}

func unchanged(c *call.Call, tag string) {
	c.Header("ETag", tag)
	c.Header("Cache-Control", forGood)
	c.Status(http.StatusNotModified)
	c.Writer.WriteHeaderNow()
}

// send answers with an image that browsers show but never run.
func send(c *call.Call, tag string, image picture.Picture) {
	c.Header("ETag", tag)
	c.Header("Cache-Control", forGood)
	c.Header("Content-Type", image.Type)
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Content-Security-Policy", "default-src 'none'; sandbox")
	c.Header("Access-Control-Allow-Origin", "*")
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(image.Bytes))
}
