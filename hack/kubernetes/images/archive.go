package images

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// writeArchive writes an image of the directories' content as a file that containerd, docker and kind can load. Each
// directory is a layer.
func writeArchive(path, tag string, config v1.Config, layers ...string) (err error) {
	reference, err := name.NewTag(tag)
	if err != nil {
		return err
	}
	image := empty.Image
	for _, dir := range layers {
		// The layer's file is read when the archive is written.
		packed := path + "." + filepath.Base(dir) + ".layer"
		if err := pack(dir, packed); err != nil {
			return fmt.Errorf("pack %s: %w", dir, err)
		}
		defer func() { _ = os.Remove(packed) }()
		// Read once, on this machine: compression would cost more than it saves.
		layer, err := tarball.LayerFromFile(packed, tarball.WithCompressionLevel(gzip.NoCompression))
		if err != nil {
			return err
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			return err
		}
	}
	file, err := image.ConfigFile()
	if err != nil {
		return err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config = "linux", architecture, config
	if image, err = mutate.ConfigFile(image, file); err != nil {
		return err
	}
	unfinished := path + ".new"
	if err := tarball.WriteToFile(unfinished, reference, image); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(unfinished, path)
}

// pack writes a directory's content as a tar, everything owned by root.
func pack(dir, path string) (err error) {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closed := out.Close(); err == nil {
			err = closed
		}
	}()
	writer := tar.NewWriter(out)
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		inside, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return packFile(writer, path, inside, entry)
	})
	if err != nil {
		return err
	}
	return writer.Close()
}

func packFile(writer *tar.Writer, path, inside string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	var target string
	if info.Mode()&fs.ModeSymlink != 0 {
		if target, err = os.Readlink(path); err != nil {
			return err
		}
	}
	header, err := tar.FileInfoHeader(info, target)
	if err != nil {
		return err
	}
	header.Name = inside
	if info.IsDir() {
		header.Name += "/"
	}
	header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "", ""
	if err := writer.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
		return err
	}
	content, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	_, err = io.Copy(writer, content)
	return err
}
