//go:build linux

package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// ready is Run's last word to Up.
const ready = "ready"

// Up starts the cluster and returns when it works: its node is ready, its DNS answers and its images are there. It fails
// if the cluster is up already.
func Up(ctx context.Context, c Cluster, progress io.Writer) error {
	if os.Geteuid() != 0 {
		return errors.New("a cluster of one's own needs root, for namespaces and containers")
	}
	if _, err := c.PID(); err == nil {
		return errors.New("the cluster is up already")
	}
	if err := c.clean(ctx); err != nil { // of one that died
		return err
	}
	if err := c.prepare(); err != nil {
		return err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }()
	first, err := c.startInit(writer)
	_ = writer.Close()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = first.Kill() })
	defer stop()
	if err := follow(reader, progress); err != nil {
		_ = first.Kill()
		return fmt.Errorf("%w; its logs are in %s", err, c.path("log"))
	}
	return nil
}

// prepare makes the cluster's directory.
func (c Cluster) prepare() error {
	for _, dir := range []string{"log", "config", "pki", "containerd", "etcd", "kubelet", "volumes", "private"} {
		if err := os.MkdirAll(c.path(dir), 0o755); err != nil {
			return err
		}
	}
	return errors.Join(c.save(), c.writeCertificates(), c.writeConfig())
}

// startInit starts this program anew as the first process of new namespaces. It gets the pipe as descriptor 3.
func (c Cluster) startInit(pipe *os.File) (*os.Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(c.path("log", "init.log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(self, "init", c.Dir) // it outlives this process
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{pipe}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC,
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the first process: %w", err)
	}
	return cmd.Process, c.saveFirst(cmd.Process.Pid)
}

// follow passes on what Run says until it is ready.
func follow(pipe io.Reader, progress io.Writer) error {
	start := time.Now()
	last := "nothing"
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		last = lines.Text()
		if last == ready {
			return nil
		}
		_, _ = fmt.Fprintf(progress, "%5.1f s  %s\n", time.Since(start).Seconds(), last)
	}
	return fmt.Errorf("the cluster ended before it was ready; the last that it told: %s", last)
}

// Down ends the cluster and removes its directory. It does nothing if there is none.
func Down(ctx context.Context, dir string) error {
	c, err := Open(dir)
	if errors.Is(err, ErrDown) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.clean(ctx)
}

// clean ends what runs and removes all that is left of it.
func (c Cluster) clean(ctx context.Context) error {
	for {
		pid, err := c.PID()
		if errors.Is(err, ErrDown) {
			break
		}
		if err := errors.Join(err, kill(pid)); err != nil {
			return err
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("the first process does not end: %w", err)
		}
	}
	return errors.Join(c.removeCgroups(ctx), os.RemoveAll(c.Dir))
}

// pause waits for a moment.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(50 * time.Millisecond):
		return nil
	}
}

// Enter turns this process into the command, run in the cluster's namespaces and the present directory. KUBECONFIG is
// set, and the cluster's kubectl is first in PATH. It returns only if that fails.
func (c Cluster) Enter(command []string) error {
	pid, err := c.PID()
	if err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	nsenter, err := exec.LookPath("nsenter")
	if err != nil {
		return err
	}
	environment := append(environmentWithout("KUBECONFIG", "PATH"), "KUBECONFIG="+c.Kubeconfig(), "PATH="+c.Programs+":"+os.Getenv("PATH"))
	// Entering a mount namespace loses the directory.
	args := append([]string{"nsenter", "--target", fmt.Sprint(pid), "--net", "--mount", "--pid", "--ipc", "--", "env", "--chdir=" + dir}, command...)
	return syscall.Exec(nsenter, args, environment)
}

func environmentWithout(names ...string) (kept []string) {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !slices.Contains(names, name) {
			kept = append(kept, entry)
		}
	}
	return kept
}

// cgroup returns the name of the cluster's cgroup.
func (c Cluster) cgroup() string { return "guildhall-" + filepath.Base(c.Dir) }
