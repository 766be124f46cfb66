// Package images makes the container images of a test cluster without an engine: Guildhall's own from the binaries of
// this repository, laid out as the Dockerfile does; PostgreSQL with Patroni and Redis from Debian's packages; and what the
// cluster itself needs. Each is an archive as docker save writes it.
package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Tags of the images.
const (
	Guildhall     = "guildhall:e2e"
	GuildhallNext = "guildhall:e2e-next" // the same binaries under another name, to upgrade to
	Postgres      = "guildhall-postgres:e2e"
	Redis         = "guildhall-redis:e2e"
	Pause         = "guildhall-pause:e2e"
	CoreDNS       = "guildhall-coredns:e2e"
)

const architecture = runtime.GOARCH

var path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Maker makes images.
type Maker struct {
	Root     string // of this repository
	CoreDNS  string // directory with the program
	Cache    string // archives are kept here
	Progress io.Writer
}

// All returns the paths of the images' archives. Those of Debian's packages are made once, those of this repository's
// programs anew by each call, of the sources as they are.
func (m Maker) All(ctx context.Context) (archives []string, err error) {
	if err := os.MkdirAll(m.Cache, 0o755); err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp(m.Cache, "making-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	for _, kind := range []func(context.Context, string) ([]string, error){m.programs, m.postgres, m.redis} {
		made, err := kind(ctx, scratch)
		if err != nil {
			return nil, err
		}
		archives = append(archives, made...)
	}
	return archives, nil
}

// programs makes the images of Go programs.
func (m Maker) programs(ctx context.Context, scratch string) ([]string, error) {
	dir := filepath.Join(scratch, "programs")
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags=-s -w", "-o", dir+"/", "./api", "./gateway", "./shard-router", "./operator", "./hack/kubernetes/pause")
	cmd.Dir = m.Root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = m.Progress, m.Progress
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("build the programs: %w", err)
	}
	pause, dns, own, label := filepath.Join(scratch, "pause"), filepath.Join(scratch, "dns"), filepath.Join(scratch, "own"), filepath.Join(scratch, "label")
	if err := errors.Join(
		place(filepath.Join(dir, "pause"), filepath.Join(pause, "pause")),
		place(filepath.Join(m.CoreDNS, "coredns"), filepath.Join(dns, "coredns")),
		place("/etc/ssl/certs/ca-certificates.crt", filepath.Join(own, "etc/ssl/certs/ca-certificates.crt")),
		place(filepath.Join(dir, "api"), filepath.Join(own, "api")),
		place(filepath.Join(dir, "gateway"), filepath.Join(own, "gateway")),
		place(filepath.Join(dir, "shard-router"), filepath.Join(own, "shard-router")),
		place(filepath.Join(dir, "operator"), filepath.Join(own, "operator")),
		place(filepath.Join(m.Root, "LICENSE"), filepath.Join(label, "LICENSE")),
	); err != nil {
		return nil, err
	}
	user := v1.Config{User: "65532:65532", Env: []string{path}, WorkingDir: "/"}
	var archives []string
	for _, image := range []struct {
		file, tag string
		config    v1.Config
		layers    []string
	}{
		{"pause", Pause, v1.Config{Entrypoint: []string{"/pause"}, User: "65535:65535"}, []string{pause}},
		{"coredns", CoreDNS, v1.Config{Entrypoint: []string{"/coredns"}}, []string{dns}},
		{"guildhall", Guildhall, user, []string{own}},
		{"guildhall-next", GuildhallNext, user, []string{own, label}},
	} {
		archive := filepath.Join(m.Cache, image.file+".tar")
		if err := writeArchive(archive, image.tag, image.config, image.layers...); err != nil {
			return nil, err
		}
		archives = append(archives, archive)
	}
	return archives, nil
}

// place links a file to where an image has it, or copies it.
func place(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	from, err := filepath.EvalSymlinks(from)
	if err != nil {
		return err
	}
	content, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	info, err := content.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	return errors.Join(err, out.Close())
}

func (m Maker) postgres(ctx context.Context, scratch string) ([]string, error) {
	return m.debian(ctx, scratch, "postgres", Postgres,
		v1.Config{Entrypoint: []string{"/usr/bin/patroni"}, Cmd: []string{"/etc/patroni/patroni.yml"}, User: "70:70", Env: []string{path, "HOME=/tmp", "LANG=C.UTF-8"}, WorkingDir: "/"},
		postgresImage())
}

func (m Maker) redis(ctx context.Context, scratch string) ([]string, error) {
	return m.debian(ctx, scratch, "redis", Redis,
		v1.Config{Entrypoint: []string{"/usr/bin/redis-server"}, User: "999:999", Env: []string{path}, WorkingDir: "/data", Volumes: map[string]struct{}{"/data": {}}},
		debian{
			Packages: []string{"redis-server", "coreutils", "dash", "grep", "libc-bin", "sed"},
			Users:    []string{"redis:x:999:999:redis:/data:/bin/sh"},
		})
}

// debian makes an image of packages unless it is there, made in the same way.
func (m Maker) debian(ctx context.Context, scratch, name, tag string, config v1.Config, packages debian) ([]string, error) {
	recipe, err := json.Marshal(struct {
		Config   v1.Config
		Packages debian
	}{config, packages})
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(recipe)
	archive := filepath.Join(m.Cache, fmt.Sprintf("%s-%s.tar", name, hex.EncodeToString(hash[:6])))
	if _, err := os.Stat(archive); err == nil {
		return []string{archive}, nil
	}
	_, _ = fmt.Fprintf(m.Progress, "making image %s of Debian's packages\n", tag)
	dir := filepath.Join(scratch, name)
	if err := packages.unpack(ctx, dir, filepath.Join(scratch, name+"-apt"), m.Progress); err != nil {
		return nil, fmt.Errorf("image %s: %w", tag, err)
	}
	return []string{archive}, writeArchive(archive, tag, config, dir)
}
