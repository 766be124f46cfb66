package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// debian is a root file system of Debian's packages.
type debian struct {
	Packages []string
	// Unneeded are packages that others depend on only for what happens at installation, or that the image never uses.
	Unneeded []string
	// Remove are patterns of files that go.
	Remove []string
	// Links are symbolic links by their path.
	Links map[string]string
	// Users are lines of /etc/passwd; their groups have the same names and numbers.
	Users []string
	// CompilePython makes the byte code of Python's modules, which a read-only root can't keep.
	CompilePython bool
}

// installation is what only the scripts that Debian runs at installation need.
var installation = []string{
	"adduser", "debconf", "dpkg", "gcc-12-base", "init-system-helpers", "install-info", "libjson-perl", "lsb-base", "mount",
	"passwd", "perl*", "libperl*", "*-perl", "sensible-utils", "ssl-cert", "sysvinit-utils", "ucf", "util-linux*",
}

// unpack makes the root file system in dir, which must not exist. apt works with an empty database of installed packages,
// so that it finds all that the packages depend on, and keeps everything it writes in scratch.
func (d debian) unpack(ctx context.Context, dir, scratch string, progress io.Writer) error {
	for _, path := range []string{"dev", "etc", "proc", "root", "run", "sys", "tmp", "usr/bin", "usr/lib", "usr/lib64", "usr/sbin", "usr/local/bin", "var/lib", "var/tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, path), 0o755); err != nil {
			return err
		}
	}
	for _, path := range []string{"tmp", "var/tmp"} {
		if err := os.Chmod(filepath.Join(dir, path), 0o777|os.ModeSticky); err != nil {
			return err
		}
	}
	for _, path := range []string{"bin", "lib", "lib64", "sbin"} {
		if err := os.Symlink("usr/"+path, filepath.Join(dir, path)); err != nil {
			return err
		}
	}
	files, err := d.download(ctx, scratch, progress)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := unpackPackage(ctx, file, dir); err != nil {
			return fmt.Errorf("unpack %s: %w", filepath.Base(file), err)
		}
	}
	return errors.Join(d.finish(dir), d.settle(ctx, dir))
}

// download fetches the packages and returns their files.
func (d debian) download(ctx context.Context, scratch string, progress io.Writer) (files []string, err error) {
	archives := filepath.Join(scratch, "debs")
	if err := os.MkdirAll(filepath.Join(archives, "partial"), 0o755); err != nil {
		return nil, err
	}
	none := filepath.Join(scratch, "none-installed")
	if err := os.WriteFile(none, nil, 0o600); err != nil {
		return nil, err
	}
	args := append([]string{
		"--yes", "--quiet", "--no-install-recommends", "--download-only",
		"-o", "Dir::State::Status=" + none, "-o", "Dir::Cache=" + scratch, "-o", "Dir::Cache::archives=" + archives,
		"-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root", "install",
	}, d.Packages...)
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if output, err := cmd.CombinedOutput(); err != nil {
		_, _ = progress.Write(output)
		return nil, fmt.Errorf("download %s: %w", strings.Join(d.Packages, ", "), err)
	}
	all, err := filepath.Glob(filepath.Join(archives, "*.deb"))
	if err != nil {
		return nil, err
	}
	unneeded := append(slices.Clone(installation), d.Unneeded...)
	for _, file := range all {
		name, _, _ := strings.Cut(filepath.Base(file), "_")
		skip := slices.ContainsFunc(unneeded, func(pattern string) bool {
			matches, err := filepath.Match(pattern, name)
			return err == nil && matches
		})
		if !skip {
			files = append(files, file)
		}
	}
	return files, nil
}

func unpackPackage(ctx context.Context, file, dir string) error {
	content := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", file)
	unpack := exec.CommandContext(ctx, "tar", "--extract", "--directory", dir, "--keep-directory-symlink",
		"--exclude=./usr/share/doc", "--exclude=./usr/share/man", "--exclude=./usr/share/info", "--exclude=./usr/share/locale")
	var problems strings.Builder
	content.Stderr, unpack.Stderr = &problems, &problems
	pipe, err := content.StdoutPipe()
	if err != nil {
		return err
	}
	unpack.Stdin = pipe
	if err := content.Start(); err != nil {
		return err
	}
	if err := errors.Join(unpack.Run(), content.Wait()); err != nil {
		return fmt.Errorf("%w: %s", err, problems.String())
	}
	return nil
}

// finish adds and removes files.
func (d debian) finish(dir string) error {
	for path, target := range d.Links {
		if err := os.Symlink(target, filepath.Join(dir, path)); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	for _, pattern := range d.Remove {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		for _, path := range paths {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
		}
	}
	users := append([]string{"root:x:0:0:root:/root:/bin/sh", "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin"}, d.Users...)
	groups := make([]string, len(users))
	for i, user := range users {
		groups[i] = userEntry.ReplaceAllString(user, "$1:x:$2:")
	}
	for path, lines := range map[string][]string{"etc/passwd": users, "etc/group": groups} {
		content := strings.Join(lines, "\n") + "\n"
		if err := os.WriteFile(filepath.Join(dir, path), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// userEntry takes name and group of a line of passwd(5).
var userEntry = regexp.MustCompile(`^([^:]*):[^:]*:[^:]*:([^:]*):.*$`)

// settle does what the packages' own scripts would do.
func (d debian) settle(ctx context.Context, dir string) error {
	if err := trust(dir); err != nil {
		return err
	}
	commands := [][]string{{"ldconfig", "-r", dir}}
	if d.CompilePython {
		commands = append(commands, []string{"chroot", dir, "/usr/bin/python3", "-m", "compileall", "-q", "/usr/lib/python3", "/usr/lib/python3.11"})
	}
	for _, command := range commands {
		if output, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command[0], err, output)
		}
	}
	return nil
}

// trust makes the file of all certificate authorities that the package ca-certificates has, if it is there.
func trust(dir string) error {
	certificates, err := filepath.Glob(filepath.Join(dir, "usr/share/ca-certificates/mozilla/*.crt"))
	if err != nil || len(certificates) == 0 {
		return err
	}
	var bundle []byte
	for _, path := range certificates {
		certificate, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		bundle = append(append(bundle, certificate...), '\n')
	}
	path := filepath.Join(dir, "etc/ssl/certs/ca-certificates.crt")
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, bundle, 0o644))
}
