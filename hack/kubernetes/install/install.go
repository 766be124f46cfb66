// Package install installs Debian's packages that a cluster of one's own needs.
package install

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Package is a package of Debian, and a program of it that tells whether it is there.
type Package struct{ Name, Program string }

// Images are what making images needs.
var Images = []Package{{"ca-certificates", "/etc/ssl/certs/ca-certificates.crt"}}

// Cluster is what a cluster's node needs, and making its images.
var Cluster = append([]Package{
	{"conntrack", "conntrack"},
	{"containerd", "containerd"},
	{"containernetworking-plugins", "/usr/lib/cni/bridge"},
	{"iproute2", "ip"},
	{"iptables", "iptables"},
	{"nftables", "nft"},
	{"runc", "runc"},
}, Images...)

// Ensure installs the packages that are missing, telling progress; unless this is root on Debian, its error says which.
func Ensure(ctx context.Context, progress io.Writer, packages ...Package) error {
	names := missing(packages)
	if len(names) == 0 {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return errors.New("install as root, on Debian: apt-get install --no-install-recommends " + strings.Join(names, " "))
	}
	for _, args := range [][]string{
		{"update", "--quiet"},
		append([]string{"install", "--yes", "--quiet", "--no-install-recommends"}, names...),
	} {
		_, _ = fmt.Fprintf(progress, "apt-get %s\n", strings.Join(args, " "))
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if output, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", args[0], err, output)
		}
	}
	if names := missing(packages); len(names) > 0 {
		return fmt.Errorf("still missing: %s", strings.Join(names, " "))
	}
	return nil
}

func missing(packages []Package) (names []string) {
	for _, each := range packages {
		if _, err := exec.LookPath(each.Program); err == nil {
			continue
		}
		if info, err := os.Stat(each.Program); err == nil && !info.IsDir() {
			continue
		}
		names = append(names, each.Name)
	}
	return names
}
