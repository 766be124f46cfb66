//go:build linux

package node

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// cgroupRoot is where the machine's control groups are (cgroups(7)).
const cgroupRoot = "/sys/fs/cgroup"

// cgroups returns the cluster's directory in each hierarchy: one with version 2, one a controller with version 1.
func (c Cluster) cgroups() ([]string, error) {
	if _, err := os.Stat(filepath.Join(cgroupRoot, "cgroup.controllers")); err == nil {
		return []string{filepath.Join(cgroupRoot, c.cgroup())}, nil
	}
	hierarchies, err := filepath.Glob(filepath.Join(cgroupRoot, "*", "cgroup.procs"))
	if err != nil {
		return nil, err
	}
	for i, path := range hierarchies {
		hierarchies[i] = filepath.Join(filepath.Dir(path), c.cgroup())
	}
	return hierarchies, nil
}

// makeCgroups makes the cluster's cgroup, below which the kubelet puts everything of pods.
func (c Cluster) makeCgroups() error {
	dirs, err := c.cgroups()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := weigh(dir); err != nil {
			return err
		}
	}
	return nil
}

// cpuWeight is how much time of the processors all pods together get on a busy machine, in parts of what a single process or
// session would get: a platform is some twenty. With less, its own probes have it restarted.
const cpuWeight = 16

// weigh sets the weight of a cgroup where its hierarchy has one. 1024 is what the kernel takes for usual with version 1, and
// 100 with version 2 (cgroups(7)).
func weigh(dir string) error {
	for file, usual := range map[string]int{"cpu.shares": 1024, "cpu.weight": 100} {
		path := filepath.Join(dir, file)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.WriteFile(path, []byte(strconv.Itoa(usual*cpuWeight)), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// removeCgroups removes the cluster's cgroup, whose processes have just ended: the kernel may need a moment.
func (c Cluster) removeCgroups(ctx context.Context) error {
	dirs, err := c.cgroups()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		for {
			err := removeCgroup(dir)
			if err == nil {
				break
			}
			if !errors.Is(err, syscall.EBUSY) {
				return err
			}
			if err := pause(ctx); err != nil {
				return errors.Join(err, errors.New(dir+" is still in use"))
			}
		}
	}
	return nil
}

// removeCgroup removes the directories below and including dir; their files go with them.
func removeCgroup(dir string) error {
	var dirs []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, dir := range slices.Backward(dirs) {
		if err := syscall.Rmdir(dir); err != nil && !errors.Is(err, syscall.ENOENT) {
			return err
		}
	}
	return nil
}
