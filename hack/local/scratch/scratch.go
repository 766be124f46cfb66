// Package scratch gives tests directories that vanish although nobody is left to remove them: a test binary can't run
// code at its end, and the servers that it started outlive it by a moment. Each directory holds a lock that those
// processes share; the next to ask for a directory removes those whose lock is free.
package scratch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const (
	prefix   = "guildhall-test-"
	lockName = "lock"
)

// Dir is a directory that exists while a process holds its lock.
type Dir struct {
	Path string
	// Lock is held by this process. Children that use the directory inherit it: add it to their ExtraFiles.
	Lock *os.File
}

// New makes a directory under os.TempDir that other users may pass but not list, and removes abandoned ones.
func New(kind string) (Dir, error) {
	if err := sweep(); err != nil {
		return Dir{}, err
	}
	path, err := os.MkdirTemp("", prefix+kind+"-")
	if err != nil {
		return Dir{}, err
	}
	if err := os.Chmod(path, 0o711); err != nil { // as root, PostgreSQL runs as another user
		return Dir{}, err
	}
	lock, err := os.OpenFile(filepath.Join(path, lockName), os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return Dir{}, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return Dir{}, fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	return Dir{Path: path, Lock: lock}, nil
}

// Remove removes the directory at once. Its processes must be gone.
func (d Dir) Remove() error {
	return errors.Join(os.RemoveAll(d.Path), d.Lock.Close())
}

func sweep() error {
	locks, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*", lockName))
	if err != nil {
		return err
	}
	for _, path := range locks {
		lock, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			continue // another user's, or swept just now
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(filepath.Dir(path)) // what is left, the next sweep gets
		}
		_ = lock.Close()
	}
	return nil
}
