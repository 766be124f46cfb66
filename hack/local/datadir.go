package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"guildhall.chat/guildhall/hack/local/status"
)

// dataDir is the platform's directory, held by one supervisor at a time.
//
// There are two locks: one of this process, and one that the children inherit. After a supervisor was killed, its
// children take a moment to end; the second lock is free once all of them have.
type dataDir struct {
	path     string
	own      *os.File
	children *os.File
}

// predecessorGrace bounds the wait for the children of a killed supervisor.
const predecessorGrace = 30 * time.Second

// errLocked means that another process holds a lock.
var errLocked = errors.New("locked")

// openDataDir makes and locks the directory.
func openDataDir(ctx context.Context, path string, progress io.Writer) (*dataDir, error) {
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711 // PostgreSQL, as another user, must pass through
	}
	if err := os.MkdirAll(path, mode); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := os.Chmod(path, mode); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	d := &dataDir{path: path}
	var err error
	if d.own, err = lock(d.file("lock")); errors.Is(err, errLocked) {
		return nil, fmt.Errorf("data directory %s is in use by another platform%s; stop that, or choose another with GUILDHALL_DATA",
			path, runningAs(path))
	} else if err != nil {
		return nil, err
	}
	if d.children, err = waitForLock(ctx, d.file("children.lock"), progress); err != nil {
		_ = d.own.Close()
		return nil, err
	}
	// What was held when a platform was killed is not for the next one.
	if err := os.RemoveAll(d.file(status.HoldDir)); err != nil {
		d.close()
		return nil, fmt.Errorf("data directory: %w", err)
	}
	for _, sub := range []string{"log", "mail", "secrets", status.HoldDir} {
		if err := os.MkdirAll(d.file(sub), 0o700); err != nil {
			d.close()
			return nil, fmt.Errorf("data directory: %w", err)
		}
	}
	return d, nil
}

// file returns a path in the directory.
func (d *dataDir) file(elements ...string) string {
	return filepath.Join(append([]string{d.path}, elements...)...)
}

func (d *dataDir) close() {
	_ = d.children.Close()
	// Not only by closing: a child that is just being started has the file for a moment, too.
	_ = syscall.Flock(int(d.own.Fd()), syscall.LOCK_UN)
	_ = d.own.Close()
}

func waitForLock(ctx context.Context, path string, progress io.Writer) (*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, predecessorGrace)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for told := false; ; told = true {
		file, err := lock(path)
		if !errors.Is(err, errLocked) {
			return file, err
		}
		if !told {
			_, _ = fmt.Fprintln(progress, "waiting for the processes of a killed platform to end")
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("waited for the processes of a killed platform to end (they hold %s; their logs are in %s): %w",
				path, filepath.Join(filepath.Dir(path), "log"), ctx.Err())
		}
	}
}

func lock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errLocked
	}
	return nil, fmt.Errorf("data directory: lock %s: %w", path, err)
}

func runningAs(path string) string {
	running, err := status.Read(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (pid %d, %s)", running.PID, running.URL)
}
