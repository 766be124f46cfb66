// Package programs builds Kubernetes and CoreDNS from source into the user's cache, once: a directory there is named by
// the sources that it was made of, so other sources are another directory.
package programs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Envtest returns a directory with etcd, kube-apiserver and, if Cluster has been called before, the rest of Kubernetes:
// what KUBEBUILDER_ASSETS wants. The first call takes about 8 minutes on 2 cores with nothing cached.
func Envtest(ctx context.Context, progress io.Writer) (dir string, err error) {
	all, err := describe(ctx, kubernetes)
	if err != nil {
		return "", err
	}
	if all.built() {
		return all.dir, nil
	}
	return build(ctx, apiserver, progress)
}

// Cluster returns a directory with everything that runs on the one machine of a cluster, kubectl and CoreDNS. The first
// call takes about 15 minutes on 2 cores with nothing cached.
func Cluster(ctx context.Context, progress io.Writer) (kubernetesDir, corednsDir string, err error) {
	if kubernetesDir, err = build(ctx, kubernetes, progress); err != nil {
		return "", "", err
	}
	corednsDir, err = build(ctx, coredns, progress)
	return kubernetesDir, corednsDir, err
}

// Cache returns the directory in which Guildhall's tooling keeps what took long to make.
func Cache() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "guildhall")
	return dir, os.MkdirAll(dir, 0o755)
}

// Root returns the root directory of this repository.
func Root(ctx context.Context) (string, error) {
	return goCommand(ctx, "", "list", "-m", "-f", "{{.Dir}}", "guildhall.chat/guildhall")
}

// binary is one program of a module in hack/kubernetes.
type binary struct {
	title   string
	module  string // directory in hack/kubernetes
	pkg     string // directory in the module
	main    string // the dependency that gives its name and version
	names   []string
	minutes int // that a build takes with nothing cached
}

var (
	apiserver = binary{
		title: "apiserver", module: "components", pkg: "apiserver", main: "k8s.io/kubernetes", minutes: 8,
		names: []string{"kube-apiserver", "etcd"},
	}
	kubernetes = binary{
		title: "kubernetes", module: "components", pkg: "kubernetes", main: "k8s.io/kubernetes", minutes: 13,
		names: []string{"kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"},
	}
	coredns = binary{
		title: "coredns", module: "coredns", pkg: ".", main: "github.com/coredns/coredns", minutes: 3,
		names: []string{"coredns"},
	}
)

// described is a binary with what is known of its sources.
type described struct {
	binary
	source  string // the module's directory
	version string
	dir     string // where it is, or will be
}

func (d described) built() bool {
	_, err := os.Stat(d.dir)
	return err == nil
}

func describe(ctx context.Context, b binary) (described, error) {
	root, err := Root(ctx)
	if err != nil {
		return described{}, err
	}
	cache, err := Cache()
	if err != nil {
		return described{}, err
	}
	d := described{binary: b, source: filepath.Join(root, "hack/kubernetes", b.module)}
	if d.version, err = goCommand(ctx, d.source, "list", "-m", "-f", "{{.Version}}", b.main); err != nil {
		return described{}, err
	}
	hash := sha256.New()
	for _, name := range []string{"go.mod", "go.sum", filepath.Join(b.pkg, "main.go")} {
		content, err := os.ReadFile(filepath.Join(d.source, name))
		if err != nil {
			return described{}, err
		}
		hash.Write(content)
	}
	d.dir = filepath.Join(cache, fmt.Sprintf("%s-%s-%s", b.title, d.version, hex.EncodeToString(hash.Sum(nil)[:6])))
	return d, nil
}

// build makes the binary unless it is there. Of those who call it at the same time one builds, and the others wait.
func build(ctx context.Context, b binary, progress io.Writer) (dir string, err error) {
	d, err := describe(ctx, b)
	if err != nil || d.built() {
		return d.dir, err
	}
	lock, err := os.OpenFile(filepath.Join(filepath.Dir(d.dir), "build.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	if d.built() {
		return d.dir, nil
	}

	_, _ = fmt.Fprintf(progress, "building %s %s: about %d minutes on 2 cores, once\n", b.main, d.version, b.minutes)
	unfinished := d.dir + ".new"
	if err := errors.Join(os.RemoveAll(unfinished), os.Mkdir(unfinished, 0o755)); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", d.ldflags(), "-o", filepath.Join(unfinished, b.names[0]), "./"+b.pkg)
	cmd.Dir = d.source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	cmd.Stdout, cmd.Stderr = progress, progress
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build %s: %w", b.main, err)
	}
	for _, name := range b.names[1:] {
		if err := os.Symlink(b.names[0], filepath.Join(unfinished, name)); err != nil {
			return "", err
		}
	}
	return d.dir, os.Rename(unfinished, d.dir)
}

// ldflags leave symbols out and, for Kubernetes, tell it its version, which it does not read from the module.
func (d described) ldflags() string {
	flags := []string{"-s -w"}
	if d.main != "k8s.io/kubernetes" {
		return flags[0]
	}
	major, rest, _ := strings.Cut(strings.TrimPrefix(d.version, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags = append(flags, fmt.Sprintf("-X %[1]s.gitVersion=%[2]s -X %[1]s.gitMajor=%[3]s -X %[1]s.gitMinor=%[4]s", pkg, d.version, major, minor))
	}
	return strings.Join(flags, " ")
}

func goCommand(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=")
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(output)), nil
}
