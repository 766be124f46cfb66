// Package blob keeps the bytes of files under keys, in a directory or in a bucket of any S3-compatible service. What a file
// is called, what type it has and who may read it is the business of whoever chose the key.
//
//	upload -> Put(key) -> directory or bucket -> Open(key) -> download, whole or in ranges
//
// A blob appears whole or not at all: a Put that fails leaves what was there before.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Errors of a Store.
var (
	// ErrNotFound is returned by Open when nothing is stored under the key.
	ErrNotFound = errors.New("blob not found")
	// ErrSize is returned by Put when the content is shorter or longer than was said.
	ErrSize = errors.New("blob has another size than announced")
	// ErrNowhere is returned by Put where files are not kept at all.
	ErrNowhere = errors.New("files are not kept here")
	// ErrKey is returned for a key that CheckKey refuses.
	ErrKey = errors.New("bad blob key")
)

// Store keeps blobs. Its methods may be called from many goroutines.
type Store interface {
	// Put stores exactly size bytes of content under the key, in place of what is there. It never holds all of them in
	// memory.
	Put(ctx context.Context, key string, content io.Reader, size int64) error
	// Open returns the blob; ctx must live until it is closed.
	Open(ctx context.Context, key string) (*Blob, error)
	// Delete removes the blob. It is no error if there is none.
	Delete(ctx context.Context, key string) error
}

// Blob is a stored blob, open for reading. Seeking is cheap: only what is read is fetched.
type Blob struct {
	io.ReadSeekCloser
	Size int64 // bytes
}

// Nowhere is the Store of a platform that keeps no files.
type Nowhere struct{}

// Put returns ErrNowhere.
func (Nowhere) Put(context.Context, string, io.Reader, int64) error { return ErrNowhere }

// Open returns ErrNotFound.
func (Nowhere) Open(context.Context, string) (*Blob, error) { return nil, ErrNotFound }

// Delete has nothing to do.
func (Nowhere) Delete(context.Context, string) error { return nil }

// maxKey is the longest key, in bytes. It and its folders fit any file system.
const maxKey = 200

// CheckKey returns ErrKey unless the key is one or more names joined by slashes, each of letters, digits, '-', '_' and
// '.', none beginning with a dot. Such a key is the same in every driver and can't leave a directory.
func CheckKey(key string) error {
	if len(key) > maxKey {
		return fmt.Errorf("%w: %d bytes", ErrKey, len(key))
	}
	for name := range strings.SplitSeq(key, "/") {
		if name == "" || name[0] == '.' || strings.ContainsFunc(name, outsideName) {
			return fmt.Errorf("%w: %q", ErrKey, key)
		}
	}
	return nil
}

func outsideName(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
		return false
	}
	return true
}

// exactly reads left bytes and fails with ErrSize if there are fewer or more. The last of them are not handed over before
// it has seen the end, so that a store never takes a part for the whole.
type exactly struct {
	from io.Reader
	left int64
}

func (e *exactly) Read(p []byte) (int, error) {
	if int64(len(p)) > e.left {
		p = p[:e.left]
	}
	var n int
	if len(p) > 0 {
		var err error
		n, err = e.from.Read(p)
		e.left -= int64(n)
		if err != nil && !errors.Is(err, io.EOF) {
			return n, err
		}
		if err != nil && e.left > 0 {
			return 0, ErrSize
		}
	}
	if e.left > 0 {
		return n, nil
	}
	if _, err := io.ReadFull(e.from, make([]byte, 1)); err == nil {
		return 0, ErrSize
	} else if !errors.Is(err, io.EOF) {
		return 0, err
	}
	return n, io.EOF
}
