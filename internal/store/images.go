package store

import (
	"context"
	"fmt"
)

// Image is a picture that a client has uploaded: an avatar, an icon, a banner.
type Image struct {
	Hash  string // names the content: the same picture is stored once, whoever uses it
	Type  string // media type
	Bytes []byte
}

// SaveImage keeps an image. It is there already if anybody has uploaded the same before.
func (tx *Tx) SaveImage(ctx context.Context, image Image) error {
	_, err := tx.Exec(ctx, `insert into images (hash, type, bytes) values ($1, $2, $3) on conflict do nothing`,
		image.Hash, image.Type, image.Bytes)
	if err != nil {
		return fmt.Errorf("save image: %w", err)
	}
	return nil
}

// Image returns an image by its hash.
func (s *Store) Image(ctx context.Context, hash string) (Image, error) {
	image := Image{Hash: hash}
	err := s.pool.QueryRow(ctx, `select type, bytes from images where hash = $1`, hash).Scan(&image.Type, &image.Bytes)
	if err != nil {
		return image, fmt.Errorf("image %s: %w", hash, notFound(err))
	}
	return image, nil
}
