package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	corev1 "k8s.io/api/core/v1"

	"guildhall.chat/guildhall/hack/local/process"
)

// container is how a pod's only container runs on this machine: with mounts and process ids of its own, on a read-only root
// that has the machine's own programs in it, as the user that the pod says. Its network is the machine's.
type container struct {
	pod    corev1.PodSpec
	mounts map[string]string // directories of this machine, by the name of the pod's volume
	env    []string          // beside the container's own
	fields map[string]string // what the downward API answers
	hosts  string            // content of /etc/hosts
	dir    string            // scratch
}

// command returns the process. It passes SIGTERM on, and takes all others with it when it is killed.
func (c container) command(ctx context.Context) (*exec.Cmd, error) {
	spec := c.pod.Containers[0]
	uid, gid := *c.pod.SecurityContext.RunAsUser, *c.pod.SecurityContext.RunAsGroup
	files := map[string]string{
		"passwd": fmt.Sprintf("root:x:0:0:root:/:/bin/sh\npostgres:x:%d:%d::/tmp:/bin/sh\n", uid, gid),
		"group":  fmt.Sprintf("root:x:0:\npostgres:x:%d:\n", gid),
		"hosts":  c.hosts,
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(content), 0o644); err != nil {
			return nil, err
		}
	}
	root := filepath.Join(c.dir, "root")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, err
	}
	var script strings.Builder
	_, _ = fmt.Fprintf(&script, `set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=755 none %[1]s
cd %[1]s
for d in bin sbin lib lib64; do ln -s usr/$d $d; done
mkdir -p usr etc proc dev run var tmp
ln -s /run var/run
mount --rbind /usr usr
mount --rbind /dev dev
mount -t proc none proc
cp -r /etc/ssl /etc/ld.so.cache etc/
cp %[2]s/passwd %[2]s/group %[2]s/hosts etc/
`, root, c.dir)
	for _, mount := range spec.VolumeMounts {
		from, there := c.mounts[mount.Name]
		if !there {
			return nil, fmt.Errorf("volume %s is mounted and not there", mount.Name)
		}
		_, _ = fmt.Fprintf(&script, "mkdir -p .%[2]s\nmount --bind %[1]s .%[2]s\n", from, mount.MountPath)
		if mount.ReadOnly {
			_, _ = fmt.Fprintf(&script, "mount -o remount,bind,ro .%s\n", mount.MountPath)
		}
	}
	if token, automounted := c.mounts["token"]; automounted {
		const path = "run/secrets/kubernetes.io/serviceaccount"
		_, _ = fmt.Fprintf(&script, "mkdir -p %[2]s\nmount --bind %[1]s %[2]s\n", token, path)
	}
	_, _ = fmt.Fprintf(&script, "mount -o remount,ro %s\n", root)
	_, _ = fmt.Fprintf(&script, "chroot --userspec=%d:%d --groups=%d . \"$@\" &\nchild=$!\ntrap 'kill -TERM $child' TERM\n", uid, gid, gid)
	// wait returns when a trap has run, too.
	script.WriteString("while :; do code=0; wait $child || code=$?; kill -0 $child 2>/dev/null || exit $code; done\n")

	args := []string{"-c", script.String(), "container", "/usr/bin/env", "-i", "LC_ALL=C.UTF-8"}
	args = append(args, c.env...)
	for _, env := range spec.Env {
		value := env.Value
		if env.ValueFrom != nil {
			value = c.fields[env.ValueFrom.FieldRef.FieldPath]
		}
		args = append(args, env.Name+"="+value)
	}
	for _, arg := range append(append([]string(nil), spec.Command...), spec.Args...) {
		// What is left of $$ when the kubelet has expanded references; our commands have none of these.
		args = append(args, strings.ReplaceAll(arg, "$$", "$"))
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", args...)
	process.Bind(cmd, syscall.SIGKILL)
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID
	return cmd, nil
}
