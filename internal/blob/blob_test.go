package blob_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/internal/blob"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// s3 is a bucket of an S3 server in this process.
func s3(t *testing.T) (*blob.S3, blob.S3Config) {
	t.Helper()
	backend := s3mem.New()
	must(t, backend.CreateBucket("files"))
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	cfg := blob.S3Config{
		Endpoint: server.URL, Region: "us-east-1", Bucket: "files", Prefix: "guildhall/",
		AccessKey: "access", SecretKey: "secret", PathStyle: true,
	}
	store, err := blob.NewS3(cfg)
	must(t, err)
	return store, cfg
}

func directory(t *testing.T) (*blob.Directory, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "files")
	store, err := blob.NewDirectory(path)
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	return store, path
}

// drivers runs a promise of Store against all of them.
func drivers(t *testing.T, promise func(t *testing.T, store blob.Store)) {
	t.Run("directory", func(t *testing.T) {
		t.Parallel()
		store, _ := directory(t)
		promise(t, store)
	})
	t.Run("s3", func(t *testing.T) {
		t.Parallel()
		store, _ := s3(t)
		promise(t, store)
	})
}

func read(t *testing.T, store blob.Store, key string) []byte {
	t.Helper()
	opened, err := store.Open(t.Context(), key)
	must(t, err)
	content, err := io.ReadAll(opened)
	must(t, err)
	must(t, opened.Close())
	if opened.Size != int64(len(content)) {
		t.Errorf("%s: size %d of %d bytes", key, opened.Size, len(content))
	}
	return content
}

func put(t *testing.T, store blob.Store, key string, content []byte) {
	t.Helper()
	// Not all readers can seek, or yield all at once.
	must(t, store.Put(t.Context(), key, iotest.HalfReader(bytes.NewReader(content)), int64(len(content))))
}

func TestPutOpenDelete(t *testing.T) {
	t.Parallel()
	drivers(t, func(t *testing.T, store blob.Store) {
		large := make([]byte, 11<<20) // more than one buffer
		_, _ = rand.Read(large)
		for _, content := range [][]byte{{}, []byte("hello"), large} {
			put(t, store, "a/b.c/d", content)
			if got := read(t, store, "a/b.c/d"); !bytes.Equal(got, content) {
				t.Errorf("%d bytes came back as %d", len(content), len(got))
			}
		}
		for range 2 {
			must(t, store.Delete(t.Context(), "a/b.c/d"))
			if _, err := store.Open(t.Context(), "a/b.c/d"); !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("deleted: %v", err)
			}
		}
		if _, err := store.Open(t.Context(), "a"); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("a folder: %v", err)
		}
	})
}

func TestRangesAreServed(t *testing.T) {
	t.Parallel()
	drivers(t, func(t *testing.T, store blob.Store) {
		put(t, store, "text", []byte("0123456789"))
		opened, err := store.Open(t.Context(), "text")
		must(t, err)
		defer func() { _ = opened.Close() }()
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		request.Header.Set("Range", "bytes=3-5")
		recorder := httptest.NewRecorder()
		http.ServeContent(recorder, request, "text.txt", time.Time{}, opened)
		if recorder.Code != http.StatusPartialContent || recorder.Body.String() != "345" {
			t.Errorf("%d %q", recorder.Code, recorder.Body)
		}
	})
}

func TestFailedPutLeavesWhatWas(t *testing.T) {
	t.Parallel()
	drivers(t, func(t *testing.T, store blob.Store) {
		put(t, store, "key", []byte("before"))
		cut := errors.New("connection lost")
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		for name, try := range map[string]struct {
			ctx     context.Context
			content io.Reader
			size    int64
			want    error
		}{
			"too short":        {t.Context(), strings.NewReader("four"), 5, blob.ErrSize},
			"too long":         {t.Context(), strings.NewReader("fourfive"), 4, blob.ErrSize},
			"should be empty":  {t.Context(), strings.NewReader("x"), 0, blob.ErrSize},
			"should not be so": {t.Context(), strings.NewReader(""), 1, blob.ErrSize},
			"cut":              {t.Context(), io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(cut)), 4, cut},
			"cancelled":        {cancelled, strings.NewReader("after"), 5, context.Canceled},
		} {
			if err := store.Put(try.ctx, "key", try.content, try.size); !errors.Is(err, try.want) {
				t.Errorf("%s: %v", name, err)
			}
			if got := read(t, store, "key"); string(got) != "before" {
				t.Errorf("%s: left %q", name, got)
			}
		}
	})
}

func TestConcurrentPutsOfOneKeyDoNotMix(t *testing.T) {
	t.Parallel()
	drivers(t, func(t *testing.T, store blob.Store) {
		var group errgroup.Group
		for i := range 8 {
			group.Go(func() error {
				content := bytes.Repeat([]byte{byte(i)}, 100_000)
				return store.Put(t.Context(), "key", bytes.NewReader(content), int64(len(content)))
			})
		}
		must(t, group.Wait())
		got := read(t, store, "key")
		if len(got) != 100_000 || bytes.Count(got, got[:1]) != len(got) {
			t.Error("mixed")
		}
	})
}

func TestBadKeysAreRefused(t *testing.T) {
	t.Parallel()
	drivers(t, func(t *testing.T, store blob.Store) {
		for _, key := range []string{
			"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.b", `a\b`, "a b", "a\x00", "ä", strings.Repeat("a", 201),
		} {
			_, open := store.Open(t.Context(), key)
			for name, err := range map[string]error{
				"put":    store.Put(t.Context(), key, strings.NewReader(""), 0),
				"open":   open,
				"delete": store.Delete(t.Context(), key),
			} {
				if !errors.Is(err, blob.ErrKey) {
					t.Errorf("%s %q: %v", name, key, err)
				}
			}
		}
	})
}

func FuzzCheckKey(f *testing.F) {
	for _, key := range []string{"attachments/1", "../x", "a/./b", "a\x00b"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if blob.CheckKey(key) == nil && (!filepath.IsLocal(key) || filepath.Clean(key) != key || !fs.ValidPath(key)) {
			t.Fatalf("%q", key)
		}
	})
}

func TestDirectoryKeepsNoRemains(t *testing.T) {
	t.Parallel()
	store, path := directory(t)
	must(t, os.Symlink("/etc", filepath.Join(path, "link")))
	if _, err := store.Open(t.Context(), "link/passwd"); err == nil {
		t.Error("a link leads out of the directory")
	}
	must(t, os.Remove(filepath.Join(path, "link")))
	for i := range 3 {
		_ = store.Put(t.Context(), fmt.Sprintf("f/%d", i), strings.NewReader("short"), 9)
	}
	put(t, store, "f/3", []byte("good"))
	entries, err := os.ReadDir(filepath.Join(path, "f"))
	must(t, err)
	if len(entries) != 1 || entries[0].Name() != "3" {
		t.Errorf("%v", entries)
	}
}

func TestS3Ping(t *testing.T) {
	t.Parallel()
	store, cfg := s3(t)
	must(t, store.Ping(t.Context()))
	cfg.Bucket = "other"
	other, err := blob.NewS3(cfg)
	must(t, err)
	if err := other.Ping(t.Context()); err == nil {
		t.Error("a bucket that is not there")
	}
	for _, endpoint := range []string{"", "host:9000", "ftp://host", "http://", "http://host/path", "%"} {
		cfg.Endpoint = endpoint
		if _, err := blob.NewS3(cfg); err == nil {
			t.Errorf("endpoint %q", endpoint)
		}
	}
}
