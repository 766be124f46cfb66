package monitoring

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

const root = ".."

// What is made is checked in. If this fails: make generate.
func TestFilesAreCurrent(t *testing.T) {
	t.Parallel()
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		have, err := os.ReadFile(filepath.Join(root, path))
		if err != nil || !bytes.Equal(have, want) {
			t.Errorf("%s is not what monitoring makes: run make generate (%v)", path, err)
		}
	}
	for _, pattern := range []string{kustomizeDashboards + "/*", chartFiles + "/dashboards/*"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			path, err := filepath.Rel(root, path)
			if err != nil {
				t.Fatal(err)
			}
			if _, made := files[path]; !made {
				t.Errorf("%s is no longer made: delete it", path)
			}
		}
	}
}
