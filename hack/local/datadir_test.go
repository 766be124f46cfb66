package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/hack/local/status"
)

func TestDataDirHasOneSupervisor(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data")
	first, err := openDataDir(t.Context(), path, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if err := status.Write(path, status.Platform{URL: "http://127.0.0.1:1", PID: 42}); err != nil {
		t.Fatal(err)
	}
	_, err = openDataDir(t.Context(), path, &bytes.Buffer{})
	for _, want := range []string{path, "in use", "pid 42", "http://127.0.0.1:1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	first.close()
	second, err := openDataDir(t.Context(), path, &bytes.Buffer{})
	if err != nil {
		t.Fatalf("after the first has left: %v", err)
	}
	second.close()
}

func TestDataDirWaitsForOrphans(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	orphans, err := lock(filepath.Join(path, "children.lock"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var progress bytes.Buffer
	if _, err := openDataDir(ctx, path, &progress); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(progress.String(), "waiting") {
		t.Errorf("%v, told %q", err, &progress)
	}
	if err := orphans.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := openDataDir(t.Context(), path, &progress)
	if err != nil {
		t.Fatalf("after they are gone: %v", err)
	}
	data.close()
}

func TestSecretIsMadeOnce(t *testing.T) {
	t.Parallel()
	data, err := openDataDir(t.Context(), t.TempDir(), &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	defer data.close()
	first, firstErr := data.secret("password", newPassword)
	second, secondErr := data.secret("password", newPassword)
	if err := errors.Join(firstErr, secondErr); err != nil || first != second || len(first) < 20 {
		t.Errorf("%q, then %q, %v", first, second, err)
	}
	if info, err := os.Stat(data.file("secrets", "password")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}
