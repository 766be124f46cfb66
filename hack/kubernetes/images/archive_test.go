package images

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func TestArchiveHoldsDirectoriesAsLayersOwnedByRoot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	base, more := filepath.Join(dir, "base"), filepath.Join(dir, "more")
	if err := errors.Join(
		os.MkdirAll(filepath.Join(base, "bin"), 0o755),
		os.WriteFile(filepath.Join(base, "bin", "tool"), []byte("#!/bin/sh\n"), 0o755),
		os.Symlink("tool", filepath.Join(base, "bin", "link")),
		os.MkdirAll(more, 0o755),
		os.WriteFile(filepath.Join(more, "LICENSE"), []byte("free"), 0o644),
	); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(dir, "image.tar")
	if err := writeArchive(archive, "guildhall:test", v1.Config{User: "65532:65532"}, base, more); err != nil {
		t.Fatal(err)
	}
	image, err := tarball.ImageFromPath(archive, nil)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Config.User != "65532:65532" || config.OS != "linux" || config.Architecture != architecture {
		t.Errorf("config: %+v", config)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, layer := range layers {
		content, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		for reader := tar.NewReader(content); ; {
			header, err := reader.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if header.Uid != 0 || header.Gid != 0 || header.Uname != "" {
				t.Errorf("%s belongs to %d:%d %q", header.Name, header.Uid, header.Gid, header.Uname)
			}
			names = append(names, header.Name)
		}
	}
	if want := []string{"bin/", "bin/link", "bin/tool", "LICENSE"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	left, err := filepath.Glob(filepath.Join(dir, "image.tar?*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left beside the archive: %q, %v", left, err)
	}
}

func TestUsersAndGroupsOfAnImage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	d := debian{Users: []string{"redis:x:999:998:redis:/data:/bin/sh"}, Links: map[string]string{"sh": "/bin/dash"}}
	if err := d.finish(dir); err != nil {
		t.Fatal(err)
	}
	group, err := os.ReadFile(filepath.Join(dir, "etc/group"))
	if want := "root:x:0:\nnobody:x:65534:\nredis:x:998:\n"; err != nil || string(group) != want {
		t.Errorf("%q, %v; want %q", group, err, want)
	}
	if target, err := os.Readlink(filepath.Join(dir, "sh")); err != nil || target != "/bin/dash" {
		t.Errorf("link to %q, %v", target, err)
	}
}
