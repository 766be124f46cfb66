//go:build linux

package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// private are the directories of which the cluster has a copy of its own: what it writes there stays in its directory.
var private = []string{"/etc", "/run", "/var/lib", "/var/log"}

// kernelSettings are those of the whole machine that the kubelet sets if they aren't so, as its --protect-kernel-defaults
// lists them. It gets files of its own in their place.
var kernelSettings = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// isolate makes the namespaces that this process is the first of the cluster's.
func (c Cluster) isolate() error {
	// Nothing mounted here is seen outside; inside, containers see what the kubelet mounts.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("share mounts with containers: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	for _, dir := range private {
		if err := c.copyOnWrite(dir); err != nil {
			return err
		}
	}
	for name, value := range kernelSettings {
		if err := c.pretend(filepath.Join("/proc/sys", name), value); err != nil {
			return err
		}
	}
	names := fmt.Sprintf("nameserver %s\nsearch svc.%s %s\n", dnsAddress, clusterDomain, clusterDomain)
	if err := replaceFile("/etc/resolv.conf", names); err != nil {
		return err
	}
	if err := c.makeCgroups(); err != nil {
		return err
	}
	return connect()
}

// copyOnWrite mounts over dir a copy of itself whose changes are kept in the cluster's directory.
func (c Cluster) copyOnWrite(dir string) error {
	name := strings.ReplaceAll(strings.Trim(dir, "/"), "/", "-")
	changes, work := c.path("private", name, "changes"), c.path("private", name, "work")
	for _, dir := range []string{changes, work} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", dir, changes, work)
	if err := unix.Mount("overlay", dir, "overlay", 0, options); err != nil {
		return fmt.Errorf("mount a copy of %s: %w", dir, err)
	}
	return nil
}

// pretend mounts a file that says value over path.
func (c Cluster) pretend(path, value string) error {
	own := c.path("private", strings.ReplaceAll(strings.TrimPrefix(path, "/proc/sys/"), "/", "."))
	if err := os.WriteFile(own, []byte(value+"\n"), 0o600); err != nil {
		return err
	}
	if err := unix.Mount(own, path, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount over %s: %w", path, err)
	}
	return nil
}

// replaceFile puts a file in place of what may be a link to one that isn't there.
func replaceFile(path, content string) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o644)
}

// connect gives the network namespace its node's address, and no way out: other addresses are unreachable, but those of
// Services, for which kube-proxy's rules need a route to be there.
func connect() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, command := range []string{
		"ip link set lo up",
		"ip link add node0 type veth peer name node1",
		"ip address add " + nodeAddress + "/30 dev node0",
		"ip link set node0 up",
		"ip link set node1 up",
		"ip route add unreachable default metric 1000000",
		"ip route add " + serviceNet + " dev node0",
	} {
		words := strings.Fields(command)
		if output, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command, err, output)
		}
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o600); err != nil {
		return err
	}
	// Where bridges are filtered at all, traffic between pods must pass kube-proxy's rules too.
	err := os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-iptables", []byte("1"), 0o600)
	if os.IsNotExist(err) {
		return nil
	}
	return err
}
