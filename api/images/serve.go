package images

import (
	"errors"
	"net/http"
	"path"
	"regexp"

	lru "github.com/hashicorp/golang-lru/v2"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

const (
	// heldImages of at most heldBytes each are kept in memory: avatars are small, and many clients want the same at once.
	heldImages = 256
	heldBytes  = 256 << 10
	// forGood lets clients and proxies keep what never changes.
	forGood = "public, max-age=31536000, immutable"
)

// Handlers serves images.
type Handlers struct {
	store *store.Store
	held  *lru.Cache[string, store.Image]
}

// New returns handlers that read images from the store.
func New(s *store.Store) *Handlers {
	held, _ := lru.New[string, store.Image](heldImages) // fails only for a size below one
	return &Handlers{store: s, held: held}
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
	for _, kind := range []string{"avatars", "icons", "banners", "splashes", "discovery-splashes", "app-icons", "role-icons", "guild-events"} {
		add("/"+kind+"/:owner_id/:file", h.image)
	}
	for _, kind := range []string{"avatars", "banners"} {
		add("/guilds/:guild_id/users/:user_id/"+kind+"/:file", h.image)
	}
	return routes
}

// imageFile is a hash and the format that the client would like. It may be asked for under any owner: the hash, which
// can't be guessed, is what names the content.
var imageFile = regexp.MustCompile(`^((?:a_)?[0-9a-f]{32})\.(?:png|jpe?g|gif|webp)$`)

func (h *Handlers) image(c *call.Call) error {
	match := imageFile.FindStringSubmatch(c.Param("file"))
	if match == nil {
		return discord.ErrNotFound
	}
	return h.serve(c, match[1])
}

// serve answers with the picture of a hash, unless the client has it.
func (h *Handlers) serve(c *call.Call, hash string) error {
	if c.GetHeader("If-None-Match") == tag(hash) {
		return unchanged(c, hash)
	}
	found, err := h.find(c, hash)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrNotFound
	}
	if err != nil {
		return err
	}
	send(c, found)
	return nil
}

func (h *Handlers) find(c *call.Call, hash string) (store.Image, error) {
	if held, ok := h.held.Get(hash); ok {
		return held, nil
	}
	found, err := h.store.Image(c.Request.Context(), hash)
	if err == nil && len(found.Bytes) <= heldBytes {
		h.held.Add(hash, found)
	}
	return found, err
}

func (h *Handlers) defaultAvatar(c *call.Call) error {
	file := c.Param("file")
	for i := range defaultAvatars {
		if file == defaultNames[i] {
			send(c, store.Image{Hash: path.Join("default", file), Type: "image/png", Bytes: defaultAvatars[i]()})
			return nil
		}
	}
	return discord.ErrNotFound
}

func tag(hash string) string { return `"` + hash + `"` }

func unchanged(c *call.Call, hash string) error {
	c.Header("ETag", tag(hash))
	c.Header("Cache-Control", forGood)
	c.Status(http.StatusNotModified)
	c.Writer.WriteHeaderNow()
	return nil
}

// send answers with an image that browsers show but never run.
func send(c *call.Call, image store.Image) {
	c.Header("ETag", tag(image.Hash))
	c.Header("Cache-Control", forGood)
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Content-Security-Policy", "default-src 'none'; sandbox")
	c.Header("Access-Control-Allow-Origin", "*")
	c.Data(http.StatusOK, image.Type, image.Bytes)
}
