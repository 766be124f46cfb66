package webhooks

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/sync/singleflight"

	"guildhall.chat/guildhall/api/images"
	"guildhall.chat/guildhall/internal/fetch"
	"guildhall.chat/guildhall/internal/store"
)

const (
	// avatarTime bounds how long a message waits for a picture.
	avatarTime      = 3 * time.Second
	avatarBytes     = 4 << 20
	avatarRedirects = 3
	// avatarsHeld and avatarsFor say how many URLs are known, and for how long, before one is fetched again.
	avatarsHeld = 4096
	avatarsFor  = time.Hour
)

// avatars turns the URLs of pictures into hashes of images that the platform serves itself: clients of a message tell no
// other server who reads it.
type avatars struct {
	store  *store.Store
	fetch  *fetch.Client
	known  *expirable.LRU[string, string] // "": there is no picture at the URL
	flight singleflight.Group
}

func newAvatars(s *store.Store, f *fetch.Client) *avatars {
	return &avatars{store: s, fetch: f, known: expirable.NewLRU[string, string](avatarsHeld, nil, avatarsFor)}
}

// hash returns the hash of the picture at a URL, nil if there is none.
func (a *avatars) hash(ctx context.Context, log *slog.Logger, url string) *string {
	hash, ok := a.known.Get(url)
	if !ok {
		found, _, _ := a.flight.Do(url, func() (any, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), avatarTime)
			defer cancel()
			hash, err := a.take(ctx, url)
			if err != nil {
				log.Info("no picture for a webhook's message", "error", err)
			}
			a.known.Add(url, hash)
			return hash, nil
		})
		hash, _ = found.(string)
	}
	if hash == "" {
		return nil
	}
	return &hash
}

func (a *avatars) take(ctx context.Context, url string) (hash string, err error) {
	answer, err := a.fetch.Do(ctx, fetch.Request{
		URL: url, Header: http.Header{"Accept": {"image/*"}}, MaxBytes: avatarBytes, MaxRedirects: avatarRedirects,
	})
	if err != nil || answer.Status != http.StatusOK {
		return "", err
	}
	image, err := images.Check("avatar_url", answer.Body)
	if err != nil {
		return "", err
	}
	return image.Hash, a.store.Change(ctx, func(tx *store.Tx) error { return tx.SaveImage(ctx, image) })
}
