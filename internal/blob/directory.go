package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Directory keeps blobs as files below a directory, for a platform on one machine.
type Directory struct{ root *os.Root }

// NewDirectory makes the directory if need be.
func NewDirectory(path string) (*Directory, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("directory of files: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("directory of files: %w", err)
	}
	return &Directory{root}, nil
}

// Close releases the directory.
func (d *Directory) Close() error { return d.root.Close() }

// Put writes a temporary file and renames it, so that readers never see a part.
func (d *Directory) Put(ctx context.Context, key string, content io.Reader, size int64) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if err := d.put(ctx, key, &exactly{content, size}); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

func (d *Directory) put(ctx context.Context, key string, content io.Reader) error {
	if err := d.root.MkdirAll(filepath.Dir(key), 0o700); err != nil {
		return err
	}
	// No key begins with a dot.
	temporary := filepath.Join(filepath.Dir(key), "."+rand.Text())
	file, err := d.root.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, &whileAlive{ctx, content})
	if err == nil {
		err = file.Sync()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = d.root.Rename(temporary, key)
	}
	if err != nil {
		_ = d.root.Remove(temporary)
	}
	return err
}

// Open opens the file.
func (d *Directory) Open(_ context.Context, key string) (*Blob, error) {
	if err := CheckKey(key); err != nil {
		return nil, err
	}
	file, err := d.root.Open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open %s: %w", key, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", key, err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotFound
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("open %s: %w", key, err)
	}
	return &Blob{file, info.Size()}, nil
}

// Delete removes the file.
func (d *Directory) Delete(_ context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if err := d.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

// whileAlive ends a copy when its context does.
type whileAlive struct {
	ctx  context.Context
	from io.Reader
}

func (w *whileAlive) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.from.Read(p)
}
