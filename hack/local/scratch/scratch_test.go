package scratch

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

func exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

func TestAbandonedDirectoriesAreSwept(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	directory := func(kind string) Dir {
		dir, err := New(kind)
		if err != nil {
			t.Fatal(err)
		}
		return dir
	}
	abandoned, inUse := directory("a"), directory("b")
	if err := abandoned.Lock.Close(); err != nil { // as when its last process ends
		t.Fatal(err)
	}
	removed := directory("c")
	if err := removed.Remove(); err != nil {
		t.Error(err)
	}
	for path, want := range map[string]bool{abandoned.Path: false, inUse.Path: true, removed.Path: false} {
		if got := exists(t, path); got != want {
			t.Errorf("%s exists: %v, want %v", path, got, want)
		}
	}
	if err := inUse.Remove(); err != nil {
		t.Error(err)
	}
}
